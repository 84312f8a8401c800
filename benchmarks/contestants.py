"""Who stands in a storm: the guard, and what people use in its place.

Each is made as its own documentation says, is shared by all requests, and has the defaults of its
library. Each has a clock that can be put forward an hour, so that nobody waits for a key set to
age. Where a rival leaves fetching and keeping to its user, as Authlib does, the user does what its
documentation suggests: a call by hand, over one client, kept for five minutes.
"""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import cachetools
import httpx
import jwt

from bearer_guard import Guard, Introspection, Issuer
from bearer_guard.testing import HandClock
from benchmarks import crowd, material, rivals

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bearer_guard.testing import AuthorizationServer
    from benchmarks.crowd import Crowd

HOUR = 3600.0
_LIFETIME = 300.0
_TIMEOUT = 5.0
_CREDENTIALS = {"client_id": "demo", "client_secret": "demo"}
"""Plain ones, that need no encoding (RFC 6749 section 2.3.1)."""


class Refused(Exception):
    """A rival said no by returning nothing."""


class Contestant:
    """One way to check tokens, ready."""

    def __init__(
        self, check: Callable[[str], Any], an_hour_later: Callable[[], object], *, tasks: bool
    ) -> None:
        self._check = check
        self.an_hour_later = an_hour_later
        self._runner = asyncio.Runner() if tasks else None

    def all_at_once(self, tokens: Sequence[str]) -> Crowd:
        """A request for each token, in the same instant."""
        if self._runner is None:
            return crowd.each_in_a_thread(self._check, tokens)
        return self._runner.run(crowd.each_a_task(self._check, tokens))

    def close(self) -> None:
        """End its event loop."""
        if self._runner is not None:
            self._runner.close()


Made = Callable[["AuthorizationServer"], "AbstractContextManager[Contestant]"]


@contextmanager
def _guard(running: AuthorizationServer, *, tasks: bool) -> Iterator[Contestant]:
    # The clock goes on by itself, like everybody's, and is put forward on top of that.
    clock = _ForwardClock()
    introspection = Introspection(running.url("/introspect"), **_CREDENTIALS)
    issuer = Issuer(running.issuer, introspection=introspection)
    with Guard(audience=material.AUDIENCE, issuers=[issuer], clock=clock) as guard:
        check: Callable[[str], Any] = (
            (lambda token: guard.authenticate_async(material.request(token)))
            if tasks
            else (lambda token: guard.authenticate(material.request(token)))
        )
        contestant = Contestant(check, partial(clock.turn, HOUR), tasks=tasks)
        yield contestant
        contestant.close()


class _ForwardClock:
    """The machine's clocks, put forward by hand."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def time(self) -> float:
        return time.time() + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def turn(self, seconds: float) -> None:
        self._ahead += seconds


@contextmanager
def _pyjwk_client(running: AuthorizationServer) -> Iterator[Contestant]:
    """PyJWT's page of usage examples. It does not introspect."""
    client = jwt.PyJWKClient(running.url("/jwks"))

    def an_hour_later() -> None:
        kept: Any = client.jwk_set_cache
        kept.jwk_set_with_timestamp.timestamp -= HOUR
        client._last_successful_fetch -= HOUR  # type: ignore[operator]

    check = partial(rivals.checked_by_hand, client, running.issuer)
    yield Contestant(check, an_hour_later, tasks=False)


@contextmanager
def _fastmcp(running: AuthorizationServer) -> Iterator[Contestant]:
    from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
    from fastmcp.server.auth.providers.jwt import JWTVerifier

    by_key = JWTVerifier(
        jwks_uri=running.url("/jwks"), issuer=running.issuer, audience=material.AUDIENCE
    )
    by_answer = IntrospectionTokenVerifier(
        introspection_url=running.url("/introspect"), audience=material.AUDIENCE, **_CREDENTIALS
    )

    async def check(token: str) -> object:
        verifier = by_key if token.count(".") == 2 else by_answer
        found = await verifier.verify_token(token)
        if found is None:
            raise Refused
        return found

    def an_hour_later() -> None:
        by_key._jwks_cache_time -= HOUR
        if getattr(by_key, "_jwks_last_refresh_attempt", None) is not None:  # not in 4.0
            by_key._jwks_last_refresh_attempt -= HOUR

    contestant = Contestant(check, an_hour_later, tasks=True)
    yield contestant
    contestant.close()


@contextmanager
def _authlib(running: AuthorizationServer) -> Iterator[Contestant]:
    """The two validators of its documentation, with the method that its user has to write."""
    from authlib.oauth2.rfc7662 import IntrospectTokenValidator
    from authlib.oauth2.rfc9068 import JWTBearerTokenValidator

    clock = HandClock()
    kept: Any = cachetools.TTLCache(1, _LIFETIME, clock.monotonic)
    lock = threading.Lock()
    client = httpx.Client(timeout=_TIMEOUT, auth=tuple(_CREDENTIALS.values()))

    class ByKey(JWTBearerTokenValidator):  # type: ignore[misc]
        def get_jwks(self) -> Any:
            with lock:
                found = kept.get("jwks")
            if found is None:
                found = client.get(running.url("/jwks")).raise_for_status().json()
                with lock:
                    kept["jwks"] = found
            return found

    class ByAnswer(IntrospectTokenValidator):  # type: ignore[misc]
        def introspect_token(self, token_string: str) -> Any:
            answer = client.post(running.url("/introspect"), data={"token": token_string})
            return answer.raise_for_status().json()

    by_key, by_answer = ByKey(running.issuer, material.AUDIENCE), ByAnswer()

    def check(token: str) -> object:
        validator: Any = by_key if token.count(".") == 2 else by_answer
        found = validator.authenticate_token(token)
        validator.validate_token(found, None, None)
        return found

    with client, warnings.catch_warnings():
        # Of what it is going to rename.
        warnings.simplefilter("ignore", DeprecationWarning)
        yield Contestant(check, partial(clock.turn, HOUR), tasks=False)


OURS: dict[str, Made] = {
    "threads": partial(_guard, tasks=False),
    "asyncio": partial(_guard, tasks=True),
}
_RIVALS: dict[str, tuple[str, Made]] = {
    "PyJWKClient": ("jwt", _pyjwk_client),
    "fastmcp": ("fastmcp", _fastmcp),
    "Authlib": ("authlib", _authlib),
}
INTROSPECTING = ("fastmcp", "Authlib")


def installed() -> dict[str, Made]:
    """The rivals that are here."""
    return {
        name: made for name, (package, made) in _RIVALS.items() if find_spec(package) is not None
    }


def absent() -> list[str]:
    """Those that are not."""
    return [name for name in _RIVALS if name not in installed()]
