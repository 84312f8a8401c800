"""The server's side of one ASGI connection: what it will tell, and what it was told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import anyio
import anyio.lowlevel

Message = dict[str, Any]


def http_scope(
    path: str = "/orders",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    **more: Any,
) -> dict[str, Any]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        "client": ("192.0.2.7", 40000),
        "server": ("192.0.2.1", 8000),
        "extensions": {},
        **more,
    }


def websocket_scope(path: str = "/orders", *, denial: bool = False, **more: Any) -> dict[str, Any]:
    scope = http_scope(path, **more)
    del scope["method"]
    extensions = {"websocket.http.response": {}} if denial else {}
    return {**scope, "type": "websocket", "scheme": "ws", "subprotocols": []} | {
        "extensions": extensions
    }


class Wire:
    """``receive`` and ``send`` of one connection; ``incoming`` is what the client sends."""

    def __init__(self, *incoming: Message) -> None:
        self.incoming = list(incoming)
        self.asked = 0
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        self.asked += 1
        await anyio.lowlevel.checkpoint()
        if not self.incoming:
            await anyio.sleep_forever()
        return self.incoming.pop(0)

    async def send(self, message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        self.sent.append(message)

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.sent]

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        pairs = [(name.decode(), value.decode()) for name, value in self.sent[0]["headers"]]
        assert len(dict(pairs)) == len(pairs), "a header stands twice"
        return dict(pairs)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def problem(self) -> Any:
        return json.loads(self.body)


def body_messages(*chunks: bytes) -> list[Message]:
    """The messages of a request's body, as a server cuts it."""
    last = len(chunks) - 1
    return [
        {"type": "http.request", "body": chunk, "more_body": at < last}
        for at, chunk in enumerate(chunks)
    ]


async def call(app: Any, scope: dict[str, Any], *incoming: Message) -> Wire:
    """One connection from its beginning to its end."""
    wire = Wire(*incoming)
    await app(scope, wire.receive, wire.send)
    return wire


class App:
    """An application that keeps what it was given and answers 200 ``ok``."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.heard: list[Message] = []

    @property
    def scope(self) -> dict[str, Any]:
        (scope,) = self.scopes
        return scope

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


class Listener(App):
    """The same, after it has heard the whole of the request's body."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            self.heard.append(message)
            more = message["type"] == "http.request" and message.get("more_body", False)
        await super().__call__(scope, receive, send)
