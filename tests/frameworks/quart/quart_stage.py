"""Quart applications with every kind of view, and what is sent to a WebSocket's client."""

from __future__ import annotations

from typing import Any

import anyio
from quart import Quart, websocket
from quart_trio import QuartTrio
from starlette_world import Headers

from bearer_guard import Guard
from bearer_guard.quart import BearerGuard, current_token, require_scopes
from jumping_loop import jumping


def bare(make: type[Quart] = Quart) -> Quart:
    return make("stage", static_folder=None)


def guarded(guard: Guard, make: type[Quart] = Quart) -> Quart:
    app = bare(make)
    BearerGuard(app, guard=guard)
    return app


async def orders() -> Any:
    return f"for {current_token.subject}"


async def health() -> Any:
    return "well"


async def ask_the_token() -> Any:
    current_token.require_scopes("orders:write")
    return "written"


@require_scopes("orders:write")
async def write() -> Any:
    return "written"


async def raises() -> Any:
    raise ZeroDivisionError


def with_routes(app: Any, write_view: Any = write) -> Any:
    for path in ("/orders", "/reports/1", "/admin/users"):
        app.add_url_rule(path, path.strip("/").replace("/", "_"), orders)
    app.add_url_rule("/write", "write", write_view, methods=["POST"])
    app.add_url_rule("/raises", "raises", raises)
    app.add_url_rule("/health", "health", health)
    return app


async def echo() -> None:
    while True:
        await websocket.send(await websocket.receive())


LOOPS = {"asyncio": Quart, "trio": QuartTrio}
"""The application for each event loop."""


def converse(
    app: Any,
    path: str,
    headers: Headers,
    *heard: str,
    loop: str = "asyncio",
    stays: bool = False,
    at_once: bool = False,
    jumps: bool = False,
    **more: Any,
) -> list[Any]:
    """All that is sent to a client that opens a WebSocket, says something each time that it was
    answered (or all ``at_once``), and leaves unless it ``stays``.

    On a loop that ``jumps``, what is waited for takes no time.
    """
    to_say: list[Any] = [{"type": "websocket.receive", "text": text} for text in heard]
    if not stays:
        to_say.append({"type": "websocket.disconnect", "code": 1000})
    backend, options = jumping(loop) if jumps else (loop, {})
    return anyio.run(
        _converse, app, path, headers, to_say, at_once, more,
        backend=backend, backend_options=options,
    )  # fmt: skip


async def _converse(
    app: Any, path: str, headers: Headers, to_say: list[Any], at_once: bool, more: dict[str, Any]
) -> list[Any]:
    sent: list[Any] = []
    to_app, from_client = anyio.create_memory_object_stream[Any](10)

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] in ("websocket.accept", "websocket.send"):
            for _ in range(len(to_say) if at_once else min(len(to_say), 1)):
                await to_app.send(to_say.pop(0))
        elif is_last(message):
            await to_app.send({"type": "websocket.disconnect", "code": 1005})

    scope = {
        "type": "websocket",
        "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "ws",
        "subprotocols": [],
        "headers": encoded({"host": "api.example.com", **headers}),
        "extensions": {"websocket.http.response": {}},
        **more,
    }
    async with to_app, from_client:
        await to_app.send({"type": "websocket.connect"})
        with anyio.fail_after(20):
            await app(scope, from_client.receive, send)
    return sent


def is_last(message: Any) -> bool:
    """After it, a server has the application hear that the client has left."""
    is_body = message["type"].endswith("response.body")
    return message["type"] == "websocket.close" or (is_body and not message.get("more_body"))


def answer_to(
    app: Any,
    path: str,
    headers: Headers,
    *,
    loop: str = "asyncio",
    jumps: bool = False,
    **more: Any,
) -> list[Any]:
    """All that is sent in answer to a request, of which nobody may read the body."""
    backend, options = jumping(loop) if jumps else (loop, {})
    return anyio.run(_answer_to, app, path, headers, more, backend=backend, backend_options=options)


async def _answer_to(app: Any, path: str, headers: Headers, more: dict[str, Any]) -> list[Any]:
    sent: list[Any] = []
    answered = anyio.Event()

    async def receive() -> Any:
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if is_last(message):
            answered.set()

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "query_string": b"",
        "headers": encoded({"host": "api.example.com", **headers}),
        **more,
    }
    with anyio.fail_after(20):
        await app(scope, receive, send)
    return sent


def encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def kinds(sent: list[Any]) -> list[str]:
    return [message["type"].removeprefix("websocket.") for message in sent]
