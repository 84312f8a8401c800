"""Guards that know the keys, and loops on which nobody sleeps: their own clocks jump."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.asgi_wire import http_scope, websocket_scope
from adapters.conftest import MakeGuard
from bearer_guard import Guard, Request
from bearer_guard.testing import AuthorizationServer
from jumping_loop import LOOPS, jumping

SHORT = 1.0
CONNECT = {"type": "websocket.connect"}
ACCEPT = {"type": "websocket.accept"}
CLOSED_BY_US = {"type": "websocket.close", "code": 1008}
DISCONNECTED_BY_US = {"type": "websocket.disconnect", "code": 1008}

Opened = Callable[..., dict[str, Any]]


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return jumping(request.param)


@pytest.fixture(scope="session")
def make_warm(make_guard: MakeGuard, server: AuthorizationServer) -> MakeGuard:
    """A guard that knows the keys: nothing is fetched while the loop runs."""

    def make(leeway: float = 0, **options: Any) -> Guard:
        guard = make_guard(issuer={"leeway": leeway}, **options)
        guard.authenticate(Request(headers={"Authorization": f"Bearer {server.jwt()}"}))
        return guard

    return make


@pytest.fixture
def opened(server: AuthorizationServer) -> Opened:
    """The scope of a handshake whose token lives for so many seconds."""

    def scope(seconds: float = 300, path: str = "/orders", **more: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {server.jwt(expires_in=seconds)}"}
        return websocket_scope(path, headers=headers, **more)

    return scope


@pytest.fixture
def asked(server: AuthorizationServer) -> Opened:
    """The scope of a request whose token lives for so many seconds."""

    def scope(seconds: float = 300, path: str = "/orders", **more: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {server.jwt(expires_in=seconds)}"}
        return http_scope(path, headers=headers, **more)

    return scope
