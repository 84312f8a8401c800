"""One authorization server in this process, a clock turned by hand, guards on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bearer_guard import Guard, Issuer, Rule
from bearer_guard.testing import AuthorizationServer, HandClock

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
