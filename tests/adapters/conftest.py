"""One authorization server in this process, a clock turned by hand, guards on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bearer_guard import Guard, Issuer, Request, Rule
from bearer_guard.testing import AuthorizationServer, HandClock
from watched_clock import WatchedClock, looking_often

MakeGuard = Callable[..., Guard]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture(scope="session")
def clock() -> HandClock:
    """Nobody in these tests turns it: what expires does so by its own short life."""
    return HandClock()


@pytest.fixture(scope="session")
def server(clock: HandClock) -> AuthorizationServer:
    return AuthorizationServer(issuer="https://login.example.com/", clock=clock.time)


@pytest.fixture(scope="session")
def make_guard(server: AuthorizationServer, clock: HandClock) -> Iterator[MakeGuard]:
    guards: list[Guard] = []
    with server.http_client() as client:

        def make(*, issuer: dict[str, Any] | None = None, **options: Any) -> Guard:
            guard = Guard(
                audience=server.audience,
                issuers=[Issuer(server.issuer, **(issuer or {}))],
                http_client=client,
                clock=clock,
                **options,
            )
            guards.append(guard)
            return guard

        yield make
        for guard in guards:
            guard.close()


@pytest.fixture(scope="session")
def guard(make_guard: MakeGuard) -> Guard:
    return make_guard(
        public=["/health", "/docs/**"],
        rules=[
            Rule("/orders/**", methods=("GET",), scopes=("orders:read",)),
            Rule("/orders/**", scopes=("orders:write",)),
        ],
    )


@pytest.fixture(scope="session")
def token(server: AuthorizationServer) -> str:
    return server.jwt(subject="alice", client_id="shop", scope="orders:read profile")


@pytest.fixture(scope="session")
def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class Turned:
    """On a real server, tokens expire when a test turns this clock, and no sooner."""

    def __init__(self) -> None:
        self.clock = WatchedClock()
        self.server = AuthorizationServer(
            issuer="https://login.example.com/", clock=self.clock.time
        )

    @contextmanager
    def guard(self, **options: Any) -> Iterator[Guard]:
        """One that knows the keys."""
        with (
            looking_often(),
            self.server.http_client() as client,
            Guard(
                audience=self.server.audience,
                issuers=[Issuer(self.server.issuer, leeway=0)],
                http_client=client,
                clock=self.clock,
                **options,
            ) as guard,
        ):
            guard.authenticate(Request(headers={"authorization": f"Bearer {self.server.jwt()}"}))
            yield guard


@pytest.fixture(scope="module")
def turned() -> Turned:
    return Turned()
