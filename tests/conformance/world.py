"""One issuer and one guard, made for a row or shared by the rows that change neither."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from bearer_guard import Guard, Introspection, Issuer
from bearer_guard.testing import HandClock
from conformance import tokens
from faults.answers import Answer, Seen, document
from faults.server import FaultServer

AUDIENCE = "https://api.example.com"
_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False)
class Setting:
    """A guard's options and what its authorization server does.

    ``issuer``, ``guard`` and ``introspection`` are options, or functions of the world.
    """

    issuer: Mapping[str, Any] | Callable[[World], Mapping[str, Any]] = field(default_factory=dict)
    guard: Mapping[str, Any] | Callable[[World], Mapping[str, Any]] = field(default_factory=dict)
    introspection: Mapping[str, Any] | None = None
    act: Callable[[World], None] | None = None
    path: str = ""
    identifier: str | Callable[[World], str] | None = None
    fresh: bool = False
    """A world for each run of a row, where rows change it or must find it cold."""
    build: Callable[[World], Guard] | None = None
    warm: Mapping[str, Any] | Callable[[World], str] = field(default_factory=dict)
    """Claims of the control token, or the token."""


def default_keys() -> list[dict[str, Any]]:
    """ES256, because it signs fast, and RS256, because everybody uses it."""
    return [tokens.jwk("p256-1", alg="ES256"), tokens.jwk("rsa-1", alg="RS256")]


class World:
    """A place on the stage, a clock and a guard."""

    def __init__(self, stage: FaultServer, tripwire_port: int, setting: Setting) -> None:
        self.stage = stage
        self.tripwire = f"http://127.0.0.1:{tripwire_port}"
        self.number = next(_numbers)
        self.base = f"http://127.0.0.1:{stage.port}"
        self.root = f"{self.base}/{self.number}"
        self.seen: list[Seen] = []
        self.clock = HandClock(tokens.NOW)
        self.notes: dict[str, Any] = {}
        self._answers: dict[str, Answer] = {}
        self._opaque = itertools.count(1)
        identifier = setting.identifier
        if callable(identifier):
            identifier = identifier(self)
        self.issuer = identifier or self.root + setting.path
        self.at("/introspect", self._introspected)
        (setting.act or World.publish)(self)
        self.guard = setting.build(self) if setting.build else self._guard(setting)

    def _guard(self, setting: Setting) -> Guard:
        issuer, guard = (
            dict(options(self) if callable(options) else options)
            for options in (setting.issuer, setting.guard)
        )
        if setting.introspection is not None:
            # A world is shared by rows, each of which is to be judged by itself: nothing is suspended.
            alone = {"client_id": "api", "client_secret": "secret", "failures_to_suspend": 1000}
            given = {**alone, **setting.introspection}
            endpoint = given.pop("endpoint", self.root + "/introspect")
            if "token" in given:
                del given["client_id"], given["client_secret"]
            issuer["introspection"] = Introspection(endpoint, **given)
        issuers = guard.pop("issuers", None) or [Issuer(self.issuer, **issuer)]
        options = {"audience": AUDIENCE, "issuers": issuers, "clock": self.clock, **guard}
        return Guard(**options)

    def close(self) -> None:
        self.guard.close()
        self.stage.remove(self.seen)

    # What the authorization server does

    def at(self, path: str, *answers: Answer | Callable[[Seen], Answer]) -> None:
        """A path below this world's own."""
        self.stage.place(self.seen, f"/{self.number}{path}", *answers)

    def at_oauth_place(self, *answers: Answer | Callable[[Seen], Answer], path: str = "") -> None:
        """RFC 8414 section 3.1: the well-known part stands before the issuer's path."""
        place = f"/.well-known/oauth-authorization-server/{self.number}{path}"
        self.stage.place(self.seen, place, *answers)

    def metadata(self, **changes: Any) -> dict[str, Any]:
        members = {
            "issuer": self.issuer,
            "jwks_uri": self.root + "/jwks",
            "introspection_endpoint": self.root + "/introspect",
            "token_endpoint": self.root + "/token",
            "response_types_supported": ["code"],
            **changes,
        }
        return {name: value for name, value in members.items() if value is not tokens.ABSENT}

    def publish(
        self, *keys: Any, metadata: Answer | None = None, jwks: Answer | None = None
    ) -> None:
        """Metadata at the OpenID place, and the key set that it names."""
        path = self.issuer.removeprefix(self.root).rstrip("/")
        place = f"{path}/.well-known/openid-configuration"
        self.at(place, metadata or document(self.metadata()))
        self.at("/jwks", jwks or document({"keys": list(keys) or default_keys()}))

    def answer(self, token: str, answer: Any) -> str:
        """What introspection says of ``token``."""
        self._answers[token] = answer if isinstance(answer, Answer) else document(answer)
        return token

    def _introspected(self, seen: Seen) -> Answer:
        token = parse_qs(seen.body.decode()).get("token", [""])[0]
        return self._answers.get(token, document({"active": False}))

    # Tokens

    def claims(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        issued = tokens.claims_of(self.issuer, {})
        now = int(self.clock.time())
        issued |= {"exp": now + 300, "iat": now}
        issued["jti"] = f"j-{self.number}-{next(self._opaque)}"
        return {
            name: value
            for name, value in {**issued, **(changes or {})}.items()
            if value is not tokens.ABSENT
        }

    def jwt(self, claims: Any = None, header: Any = None, **how: Any) -> str:
        if not isinstance(claims, bytes):
            claims = self.claims(claims)
        return tokens.jwt(claims, {} if header is None else header, **how)

    def active(self, **changes: Any) -> dict[str, Any]:
        """An introspection answer for a good token."""
        answer = {"active": True, "token_type": "Bearer", **tokens.claims_of(self.issuer, {})}
        answer.update(changes)
        return {name: value for name, value in answer.items() if value is not tokens.ABSENT}

    def opaque(self, answer: Any = None, token: str | None = None) -> str:
        """A token that introspection knows; never the same twice."""
        token = token or f"opaque-{self.number}-{next(self._opaque)}-0123456789"
        return self.answer(token, self.active() if answer is None else answer)

    def calls(self, *suffixes: str) -> int:
        return sum(not suffixes or seen.path.endswith(suffixes) for seen in self.seen)

    def wait_until_asked(self, suffix: str, times: int) -> None:
        """A call that runs behind a request comes soon."""
        with self.stage.asked:
            self.stage.asked.wait_for(lambda: self.calls(suffix) >= times, timeout=2)
