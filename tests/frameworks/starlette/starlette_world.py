"""One authorization server in this process, guards on demand, and a client for each application."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from starlette.testclient import TestClient

from bearer_guard import Guard, Issuer, Request, Rule
from bearer_guard.testing import AuthorizationServer, HandClock

AWAY = "https://away.example.com/"
"""An issuer whose servers nobody reaches."""

MakeGuard = Callable[..., Guard]
Headers = dict[str, str]
HeadersOf = Callable[..., Headers]


CLOCK = HandClock(time.time())
"""It stands still: no token grows old, and an answer's Retry-After is the same each time.

A clock that a test turns begins at its time.
"""

OPTIONS: dict[str, Any] = {
    "public": ["/health"],
    "rules": [
        Rule("/admin/**", scopes=["admin:all"]),
        Rule("/reports/**", methods=["GET"], any_scope=["reports:read", "clerk"]),
    ],
}
"""Of the guard that the table of requests is asked of."""


@pytest.fixture(scope="session")
def server() -> AuthorizationServer:
    return AuthorizationServer(issuer="https://login.example.com/", clock=CLOCK.time)


@pytest.fixture(scope="session")
def make_guard(server: AuthorizationServer) -> Iterator[MakeGuard]:
    guards: list[Guard] = []
    with server.http_client() as client:

        def make(*, issuer: dict[str, Any] | None = None, **options: Any) -> Guard:
            options.setdefault("clock", CLOCK)
            # By a clock that stands still, too, each refusal is to be seen.
            options.setdefault("log_records", 1_000_000)
            options.setdefault("issuers", [Issuer(server.issuer, **(issuer or {})), Issuer(AWAY)])
            guard = Guard(audience=server.audience, http_client=client, **options)
            guards.append(guard)
            # So that no test waits for keys.
            audience = guard.settings.issuers[0].audience or server.audience
            token = server.jwt(audience=audience)
            guard.authenticate(Request(headers={"authorization": f"Bearer {token}"}))
            return guard

        yield make
        for guard in guards:
            guard.close()


@pytest.fixture(scope="session")
def guard(make_guard: MakeGuard) -> Guard:
    return make_guard(**OPTIONS)


@pytest.fixture(scope="session")
def bearer(server: AuthorizationServer) -> HeadersOf:
    """Headers with a token that grants these scopes."""

    def headers(*scopes: str, **grant: Any) -> Headers:
        return {"authorization": f"Bearer {server.jwt(scope=scopes, **grant)}"}

    return headers


def client(app: Any, *, raise_errors: bool = False) -> TestClient:
    """The framework's own test client. What an application raises becomes a 500 unless told."""
    return TestClient(app, raise_server_exceptions=raise_errors)


def handshake(
    app: Any,
    path: str,
    headers: Headers,
    *heard: str,
    denials: bool = True,
    loop: str = "asyncio",
) -> Any:
    """All that is sent to a client that opens a WebSocket, says something, and leaves."""
    incoming = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "text": text} for text in heard),
        {"type": "websocket.disconnect", "code": 1000},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        await anyio.lowlevel.checkpoint()
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "ws",
        "subprotocols": [],
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "extensions": {"websocket.http.response": {}} if denials else {},
    }
    anyio.run(app, scope, receive, send, backend=loop)
    return sent


def kinds(sent: Any) -> list[str]:
    return [message["type"] for message in sent]
