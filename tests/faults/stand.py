"""A guard, the document that a fault befalls, and a clock turned by hand."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bearer_guard import BearerError, Guard, Introspection, Issuer, KeySetPolicy, UpstreamPolicy
from bearer_guard.testing import HandClock
from conformance import tokens
from faults.answers import Answer, Seen, document
from faults.server import HOST, FaultServer
from key_life.world import bearer

AUDIENCE = "https://api.example.com"
HASTY = UpstreamPolicy(timeout=1, connect_timeout=1)
"""For what hangs. All else has the default of 5 s, and is to need none of it."""

Fault = Callable[[bytes], Answer]
"""From the good document's octets to what is sent in their place."""
_numbers = itertools.count(1)


class Judged(NamedTuple):
    """What became of a token, what it cost the authorization server, and how long it took."""

    verdict: str
    calls: int
    seconds: float


class Stand:
    """One issuer on a port of its own, which tells the truth until ``fail``."""

    def __init__(self, server: FaultServer, document_name: str, policy: UpstreamPolicy) -> None:
        self.clock = HandClock(tokens.NOW)
        self.seen: list[Seen] = []
        self._server, self._name = server, document_name
        self._port = server.open_port()
        self._path = f"/{next(_numbers)}"
        self.issuer = f"http://{HOST}:{self._port}{self._path}"
        self._opaque = itertools.count(1)
        self._refuses = False
        self._published = ["p256-1"]
        self._claims: dict[str, Any] = {}
        self.tell_the_truth()
        self.guard = Guard(audience=AUDIENCE, issuers=[self._settings(policy)], clock=self.clock)

    def _settings(self, policy: UpstreamPolicy) -> Issuer:
        options: dict[str, Any] = {"upstream": policy, "key_set": KeySetPolicy(jitter=0)}
        if self._name == "keys":
            options["jwks_uri"] = f"{self.issuer}/keys"
        if self._name == "introspection":
            options["introspection"] = Introspection(f"{self.issuer}/introspection", token="t")
        return Issuer(self.issuer, **options)

    def close(self) -> None:
        self.guard.close()
        self._server.remove(self.seen)

    # The authorization server

    def good(self, name: str) -> bytes:
        if name == "keys":
            return json.dumps({"keys": [tokens.jwk(key) for key in self._published]}).encode()
        if name == "introspection":
            claims = {"exp": int(self.clock.time()) + 90_000, **self._claims}
            return json.dumps({"active": True, **tokens.claims_of(self.issuer, claims)}).encode()
        return json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}).encode()

    def publish(self, key: str) -> None:
        """One key more."""
        self._published.append(key)

    def answer_with(self, claims: dict[str, Any]) -> None:
        """What introspection says of every token from now on."""
        self._claims = claims

    def tell_the_truth(self) -> None:
        if self._refuses:
            self._server.accept(self._port)
            self._refuses = False
        openid = f"{self._path}/.well-known/openid-configuration"
        oauth = f"/.well-known/oauth-authorization-server{self._path}"
        self._at(openid, lambda _: document(self.good("metadata")))
        self._at(oauth, lambda _: document({}, status=404))
        self._at(f"{self._path}/keys", lambda _: document(self.good("keys")))
        self._at(f"{self._path}/introspection", lambda _: document(self.good("introspection")))

    def fail(self, fault: Fault | None) -> None:
        """The document fails so from now on; ``None`` is the whole server, refusing."""
        if fault is None:
            self._server.refuse(self._port)
            self._refuses = True
            return
        name = ".well-known/openid-configuration" if self._name == "metadata" else self._name
        self._at(f"{self._path}/{name}", lambda _: fault(self.good(self._name)))

    def _at(self, path: str, answer: Callable[[Seen], Answer]) -> None:
        self._server.place(self.seen, path, answer)

    # Tokens

    def token(self, key: str = "p256-1", **claims: Any) -> str:
        """A new one of the kind for which the document is needed."""
        if self._name == "introspection":
            return f"opaque-{next(self._opaque)}-{self._path[1:]}"
        now = int(self.clock.time())
        made = {**tokens.claims_of(self.issuer, {}), "iat": now, "exp": now + 90_000, **claims}
        return tokens.jwt(made, {}, key=key)

    def ask(self, token: str) -> Judged:
        calls, began = len(self.seen), time.monotonic()
        try:
            self.guard.authenticate(bearer(token))
        except BearerError as error:
            verdict = f"{self.guard.refusal(error).status} {error.reason}"
        else:
            verdict = "let in"
        return Judged(verdict, len(self.seen) - calls, time.monotonic() - began)

    def until_let_in(self, token: str) -> int:
        """How many tries it takes, half a minute apart: a busy machine may miss a hasty one."""
        for tries in range(1, 20):
            if self.ask(token).verdict == "let in":
                return tries
            self.clock.turn(31)
        raise AssertionError("never let in again")
