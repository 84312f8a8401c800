"""One authorization server in this process, guards on demand, and a client for each application."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from bearer_guard import Guard, Issuer, Request, Rule
from bearer_guard.testing import AuthorizationServer, HandClock

with warnings.catch_warnings():
    # It works with httpx as well, and would rather have httpx2.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ROOT = Path(__file__).parents[3]
AWAY = "https://away.example.com/"
"""An issuer whose servers nobody reaches."""

MakeGuard = Callable[..., Guard]
Headers = dict[str, str]
HeadersOf = Callable[..., Headers]


# It stands still: an answer's Retry-After is the same each time.
_CLOCK = HandClock(time.time())


@pytest.fixture(scope="session")
def server() -> AuthorizationServer:
    return AuthorizationServer(issuer="https://login.example.com/", clock=_CLOCK.time)


@pytest.fixture(scope="session")
def make_guard(server: AuthorizationServer) -> Iterator[MakeGuard]:
    guards: list[Guard] = []
    with server.http_client() as client:

        def make(*, issuer: dict[str, Any] | None = None, **options: Any) -> Guard:
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
    return make_guard(
        clock=_CLOCK,
        public=["/health"],
        rules=[
            Rule("/admin/**", scopes=["admin:all"]),
            Rule("/reports/**", methods=["GET"], any_scope=["reports:read", "clerk"]),
        ],
    )


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


@contextmanager
def running(module: str, settings: Path) -> Iterator[str]:
    """``python -m MODULE --port N --settings FILE``, and its address without the scheme."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", module, "--port", str(port), "--settings", str(settings)]
    process = subprocess.Popen(
        [*command, "--exit-with-stdin"], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr and process.stderr.read()
                time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        # It ends by itself as its standard input does.
        process.communicate(timeout=20)
