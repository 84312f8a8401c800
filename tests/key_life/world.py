"""A guard, an authorization server in this process, and a clock that both go by."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

import pytest

from bearer_guard import BearerError, Guard, Introspection, Issuer, Request
from bearer_guard._upstream import forks
from bearer_guard._upstream.flights import Flights
from bearer_guard.testing import AuthorizationServer, HandClock

ISSUER = "https://login.example.com/"
TEMPLATE = "https://login.example.com/apps/{application}"
OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
JWKS = "/jwks"


def bearer(token: str) -> Request:
    return Request(headers={"Authorization": f"Bearer {token}"})


class World:
    """``http_client`` is the guard's way to the server; the server's own one by default."""

    def __init__(
        self,
        issuer: str = ISSUER,
        *,
        introspects: bool | Callable[[AuthorizationServer], Introspection] = False,
        http_client: Any = None,
        guard_options: dict[str, Any] | None = None,
        **issuer_options: Any,
    ) -> None:
        self.clock = HandClock()
        self.server = AuthorizationServer(issuer=issuer, clock=self.clock.time)
        if introspects is True:
            settings = self.server.introspection_settings()
            issuer_options["introspection"] = Introspection(**settings)
        elif introspects:
            issuer_options["introspection"] = introspects(self.server)
        self.http_client = http_client or self.server.http_client()
        self.guard = Guard(
            audience=self.server.audience,
            issuers=[Issuer(issuer, **issuer_options)],
            http_client=self.http_client,
            clock=self.clock,
            **(guard_options or {}),
        )

    def __call__(self, token: str) -> str:
        """``let in``, or the status and the reason of the refusal."""
        return verdict(self.guard, token)

    def many(self, tokens: list[str]) -> list[str]:
        """The verdicts on requests that come at once, each in a thread of its own."""
        return at_once([lambda token=token: self(token) for token in tokens])

    def landed(self) -> None:
        """Wait until no flight is in the air."""
        all_landed()

    def keys_asked(self) -> int:
        return self.server.count(JWKS)


def verdict(guard: Guard, token: str) -> str:
    try:
        guard.authenticate(bearer(token))
    except BearerError as error:
        return f"{guard.refusal(error).status} {error.reason}"
    return "let in"


async def verdict_async(guard: Guard, token: str) -> str:
    try:
        await guard.authenticate_async(bearer(token))
    except BearerError as error:
        return f"{guard.refusal(error).status} {error.reason}"
    return "let in"


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What the calls return, or the exceptions they raise, each called in its own thread."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        futures = [threads.submit(run, call) for call in calls]
    return [future.exception() or future.result() for future in futures]


def all_landed() -> None:
    """Wait until no guard's flight is in the air."""
    pools = [thing for thing in list(forks._told) if isinstance(thing, Flights)]
    flying = [future for pool in pools for future in list(pool._flying.values())]
    assert not wait_for(flying, timeout=10).not_done


@pytest.fixture
def new_world() -> Iterator[Callable[..., World]]:
    """Make worlds; their guards are closed when the test is over."""
    worlds: list[World] = []

    def make(*arguments: Any, **options: Any) -> World:
        worlds.append(World(*arguments, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.guard.close()


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    """One issuer, found through discovery, and the default settings."""
    return new_world()
