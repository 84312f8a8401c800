"""ASGI messages: how a connection is refused, read ahead, and ended when its token expires."""

from __future__ import annotations

from contextlib import suppress

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearer_guard._core.challenge import Refusal

POLICY_VIOLATION = 1008
"""The close code (RFC 6455 section 7.4.1)."""
_ANSWERS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.close"})
_CLOSING = 5.0
"""Seconds for a close to go out: a client that reads nothing holds it up."""


class Started:
    """``send``, and whether an answer has begun."""

    __slots__ = ("accepted", "answered", "private", "send")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.private = False
        """Whether good answers get ``Cache-Control: private`` unless they say better."""
        self.answered = False
        self.accepted = False

    async def __call__(self, message: Message) -> None:
        """Send on."""
        kind = message["type"]
        if kind == "websocket.accept":
            self.accepted = True
        elif kind in _ANSWERS:
            # Hints and pushes may come before; after them there is still a choice.
            self.answered = True
            if self.private and kind == "http.response.start" and message["status"] < 300:
                message = _privately(message)
        await self.send(message)


def _privately(message: Message) -> Message:
    headers = list(message.get("headers", ()))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"private"))
    return {**message, "headers": headers}


async def refuse(scope: Scope, started: Started, refusal: Refusal, is_head: bool) -> None:
    """Answer with ``refusal``: as HTTP wherever that can still be said."""
    if scope["type"] == "http":
        await _respond(started, "http.response", refusal, b"" if is_head else refusal.body)
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


class _ExpiredError(OSError):
    """What an application hears that sends on: servers say so when the client has left."""


class _Expiring:
    """A WebSocket that its guard may end: the application hears that the client has left."""

    def __init__(self, receive: Receive, started: Started) -> None:
        self._receive = receive
        self._started = started
        self._waiting: anyio.CancelScope | None = None
        self._expired = False

    async def expire(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        if self._started.answered:
            return
        self._expired = True
        # The application hears it first: nothing that the client still sends is for it.
        if self._waiting is not None:
            self._waiting.cancel()
        # The client may have left meanwhile, which each server says in its own way.
        with anyio.move_on_after(_CLOSING, shield=True), suppress(Exception):
            await self._started({"type": "websocket.close", "code": POLICY_VIOLATION})

    async def receive(self) -> Message:
        if not self._expired:
            with anyio.CancelScope() as self._waiting:
                return await self._receive()
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    async def send(self, message: Message) -> None:
        if self._expired:
            raise _ExpiredError("the access token expired and the connection was closed")
        await self._started(message)


async def until_expiry(
    app: ASGIApp, scope: Scope, receive: Receive, started: Started, left: float | None
) -> None:
    """Run ``app`` on a WebSocket, and close it after ``left`` seconds (``None``: never)."""
    if left is None:
        await app(scope, receive, started)
        return
    expiring = _Expiring(receive, started)
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(expiring.expire, left)
        try:
            await app(scope, expiring.receive, expiring.send)
        except Exception as error:  # noqa: BLE001 - raised below, free of the group's wrapping
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None and not isinstance(failure, _ExpiredError):
        raise failure
