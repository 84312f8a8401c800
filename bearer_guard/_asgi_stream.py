"""An HTTP response that is still streaming when its token expires, and how it is ended."""

from __future__ import annotations

from contextlib import suppress

import anyio
from anyio.abc import TaskGroup
from starlette.types import Message, Receive

from bearer_guard._asgi_connection import Started
from bearer_guard._asgi_life import ConnectionEnded, Expiry, Life
from bearer_guard._core.body_length import promised_octets
from bearer_guard._expiry import CLOSING, ENDED

_BODIES = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})


class Stream(Life):
    """A request whose response may stream. One that does not starts no timer."""

    left: Message = {"type": "http.disconnect"}  # noqa: RUF012 - nobody changes it

    def __init__(self, receive: Receive, started: Started, expiry: Expiry, method: str) -> None:
        super().__init__(receive, started)
        self._expiry = expiry
        self._method = method
        self._missing: int | None = None
        """Octets that a Content-Length promises and that were not sent."""
        self._has_trailers = False
        self._complete = False
        self._sending = 0

    def begin(self, tasks: TaskGroup) -> None:
        """The timer starts with the stream."""
        self._tasks = tasks

    async def send(self, message: Message) -> None:
        """For the application."""
        if self.ended:
            # Which raises.
            await super().send(message)
        self._note(message)
        self._sending += 1
        try:
            await super().send(message)
        finally:
            self._sending -= 1
            # It was under way when the token expired, and may have been cancelled for that.
            if self.ended and not self._sending and not self._missing:
                await self._finish()

    def _note(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            headers = message.get("headers", ())
            lengths = [value for name, value in headers if name.lower() == b"content-length"]
            self._missing = promised_octets(self._method, message["status"], lengths)
            self._has_trailers = message.get("trailers", False)
            # A body of unknown length may be a stream, and the client waits from now on.
            streams = self._missing is None
        elif kind in _BODIES:
            if self._missing:
                self._missing -= len(message.get("body", b""))
            streams = message.get("more_body", False)
            self._complete = not streams
        else:
            return
        if streams and not self.timed:
            self.timed = True
            self._tasks.start_soon(self._expire)

    async def _expire(self) -> None:
        await self._expiry.passed()
        if self._complete:
            return
        self.leave(ENDED)
        if self._missing:
            # To end it properly would say that half of it is all of it.
            self.failure = ConnectionEnded(ENDED)
            self._tasks.cancel_scope.cancel()
        elif not self._sending:
            await self._finish()

    async def _finish(self) -> None:
        last: list[Message] = [{"type": "http.response.body", "body": b"", "more_body": False}]
        if self._has_trailers:
            last.append({"type": "http.response.trailers", "headers": [], "more_trailers": False})
        # The client may have left meanwhile, which each server says in its own way.
        with anyio.move_on_after(CLOSING, shield=True), suppress(Exception):
            for message in last:
                await self._started(message)
