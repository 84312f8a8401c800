"""The API as an ASGI application."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from bearer_guard.asgi import KEY, BearerMiddleware

from . import orders
from .settings import read_guard


def make_app() -> ASGIApp:
    """The guarded application."""
    return BearerMiddleware(app, read_guard())


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The application that is guarded. Never serve this one."""
    if scope["type"] != "http":
        # Servers take this to mean that there is no lifespan to run.
        raise NotImplementedError(scope["type"])
    body = await _read(receive)
    path = scope["path"].removeprefix(scope["root_path"])
    answer = orders.answer(scope["method"], path, scope[KEY], body)
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    for piece in answer.body if scope["method"] != "HEAD" else ():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
