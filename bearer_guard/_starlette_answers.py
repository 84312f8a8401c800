"""A guard's refusals as Starlette sends them, over HTTP and WebSockets, octet for octet."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketState

from bearer_guard import _asgi_connection, asgi
from bearer_guard.errors import BearerError
from bearer_guard.guard import Guard

ALONE_KEY = "bearer_guard.alone"
"""In the scope where no middleware of the guard stands around the application."""


async def answer(connection: Any, error: Any) -> Any:
    """An exception handler, ``exception_handlers={BearerError: answer}``, for applications
    without ``BearerMiddleware``, which needs none."""
    guard = guard_of(connection, error)
    if not isinstance(connection, WebSocket):
        return response(connection, guard, error)
    if not connection.scope.get(ALONE_KEY):
        # The middleware knows what was sent; this object may have been made a moment ago.
        raise error
    await refuse_websocket(connection, guard, error)
    return None


def guard_of(connection: HTTPConnection, error: BearerError) -> Guard:
    """The guard that has seen this connection, and that words the answer to ``error``."""
    guard: Guard | None = connection.scope.get(asgi.GUARD_KEY)
    if guard is None:
        raise RuntimeError(
            "no guard has seen this request: add Middleware(BearerMiddleware, guard=guard)"
        ) from error
    return guard


def response(connection: HTTPConnection, guard: Guard, error: BearerError) -> Response:
    """The answer to a request."""
    refusal = guard.refusal(error)
    made = Response(refusal.body_for(connection.scope.get("method")), refusal.status)
    made.raw_headers = [
        (name.encode("ascii"), value.encode("ascii")) for name, value in refusal.headers
    ]
    return made


async def refuse_websocket(websocket: WebSocket, guard: Guard, error: BearerError) -> None:
    """Deny the handshake as HTTP where the server can, else close with 1008.

    Nothing is said to a WebSocket that was closed: messages may still have been under way.
    """
    started = _asgi_connection.Started(websocket.send)
    started.accepted = websocket.application_state is WebSocketState.CONNECTED
    if started.accepted or websocket.application_state is WebSocketState.CONNECTING:
        refusal = guard.refusal(error)
        await _asgi_connection.refuse(websocket.scope, started, refusal)
