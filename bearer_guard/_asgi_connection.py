"""ASGI messages: how a connection is refused, and how a request's body is read ahead."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import Message, Receive, Scope, Send

from bearer_guard._core.challenge import Refusal
from bearer_guard._expiry import POLICY_VIOLATION

_ANSWERS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.close"})


class Started:
    """``send``, and whether an answer has begun."""

    __slots__ = ("accepted", "answered", "private", "send", "subprotocol")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.private = False
        """Whether good answers get ``Cache-Control: private`` unless they say better."""
        self.subprotocol: str | None = None
        """With what a WebSocket is accepted when the application chooses no subprotocol."""
        self.answered = False
        self.accepted = False

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send on. What is to be awaited is the server's own: a coroutine around each would cost
        every message of every answer."""
        kind = message["type"]
        if kind == "websocket.accept":
            self.accepted = True
            if self.subprotocol is not None and not message.get("subprotocol"):
                message = {**message, "subprotocol": self.subprotocol}
        elif kind in _ANSWERS:
            # Hints and pushes may come before; after them there is still a choice.
            self.answered = True
            if self.private and kind == "http.response.start" and message["status"] < 300:
                message = _privately(message)
        return self.send(message)


def _privately(message: Message) -> Message:
    headers = list(message.get("headers", ()))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"private"))
    return {**message, "headers": headers}


async def refuse(scope: Scope, started: Started, refusal: Refusal) -> None:
    """Answer with ``refusal``: as HTTP wherever that can still be said."""
    if scope["type"] == "http":
        body = refusal.body_for(scope["method"])
        await _respond(started, "http.response", refusal, body)
    elif "websocket.http.response" in (scope.get("extensions") or {}) and not started.accepted:
        await _respond(started, "websocket.http.response", refusal, refusal.body)
    else:
        await started({"type": "websocket.close", "code": POLICY_VIOLATION})


async def _respond(started: Started, kind: str, refusal: Refusal, body: bytes) -> None:
    headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in refusal.headers]
    await started({"type": f"{kind}.start", "status": refusal.status, "headers": headers})
    await started({"type": f"{kind}.body", "body": body})


async def read_ahead(receive: Receive, limit: int) -> tuple[bytes, Receive]:
    """A request's body, and a ``receive`` that tells it all again.

    Empty when the body is longer than ``limit``, which is then left to be read on.
    """
    seen: list[Message] = []
    body = bytearray()
    more = True
    while more and len(body) <= limit:
        message = await receive()
        seen.append(message)
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)

    async def again() -> Message:
        return seen.pop(0) if seen else await receive()

    return (b"" if len(body) > limit else bytes(body)), again
