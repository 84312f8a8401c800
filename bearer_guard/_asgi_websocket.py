"""An open WebSocket: closed when its token expires, unless the client sent a fresh one."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
from anyio.abc import TaskGroup
from starlette.types import Message, Receive

from bearer_guard._asgi_connection import Started
from bearer_guard._asgi_life import Expiry, Life
from bearer_guard._expiry import CLOSING, POLICY_VIOLATION
from bearer_guard.errors import BearerError

_INTERNAL_ERROR = 1011
"""The close code (RFC 6455 section 7.4.1)."""

Renew = Callable[[str], Awaitable[bool]]
"""Whether a text message was for the guard, which has then done with it. May raise."""


class Socket(Life):
    """A WebSocket that lives as long as its token."""

    left: Message = {"type": "websocket.disconnect", "code": POLICY_VIOLATION}  # noqa: RUF012

    def __init__(self, receive: Receive, started: Started, expiry: Expiry) -> None:
        super().__init__(receive, started)
        self._expiry = expiry
        self._was_asked = False

    async def receive(self) -> Message:
        """For the application. However short its life is, it begins with ``websocket.connect``."""
        message = await super().receive()
        is_first, self._was_asked = not self._was_asked, True
        if is_first and self.ended and not self._started.accepted:
            return {"type": "websocket.connect"}
        return message

    def begin(self, tasks: TaskGroup) -> None:
        """Expiry is waited for from the start: a handshake must not outlive its token either."""
        self.timed = True
        tasks.start_soon(self._expire)

    async def _expire(self) -> None:
        await self._expiry.passed()
        await self._close("the access token expired and the connection was closed")

    async def _close(self, why: str, code: int = POLICY_VIOLATION) -> None:
        if self._started.answered:
            return
        # The application hears it first: nothing that the client still sends is for it.
        self.leave(why)
        # The client may have left meanwhile, which each server says in its own way.
        with anyio.move_on_after(CLOSING, shield=True), suppress(Exception):
            await self._started({"type": "websocket.close", "code": code})


class RenewableSocket(Socket):
    """The same, where text messages may bring a fresh token.

    What the client sends is read ahead of the application: one that only sends never listens,
    and one that gives up waiting must not take a renewal with it. At most one message is held.
    """

    def __init__(
        self,
        receive: Receive,
        started: Started,
        expiry: Expiry,
        renew: Renew,
        refused: Callable[[BearerError], object],
    ) -> None:
        super().__init__(self._held_message, started, expiry)
        self._from_server = receive
        self._renew = renew
        self._refused = refused
        self._held: deque[Message] = deque()
        self._listeners = 0
        self._is_read = False
        """Whether all was read that there is for the guard."""
        self._changed = anyio.Event()
        self._reading: anyio.CancelScope | None = None

    def begin(self, tasks: TaskGroup) -> None:
        """Messages are read beside the application."""
        super().begin(tasks)
        tasks.start_soon(self._read)

    def leave(self, why: str) -> None:
        """For the application, and for whoever reads beside it."""
        super().leave(why)
        self._stop_reading()

    async def send(self, message: Message) -> None:
        """For the application."""
        if message["type"] == "websocket.close":
            self._stop_reading()
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._tell()

    async def _held_message(self) -> Message:
        self._listeners += 1
        self._tell()
        try:
            while not self._held:
                if self._is_read:
                    return await self._last_message()
                await self._changed.wait()
            return self._held.popleft()
        finally:
            self._listeners -= 1
            self._tell()

    async def _last_message(self) -> Message:
        """Of a closed connection: what its client said meanwhile may be a token."""
        while (message := await self._from_server())["type"] == "websocket.receive":
            pass
        return message

    def _stop_reading(self) -> None:
        """The connection is to be closed, which granian does not do while somebody reads."""
        self._is_read = True
        if self._reading is not None:
            self._reading.cancel()
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _read(self) -> None:
        try:
            while not self._is_read:
                if self._may_read():
                    await self._read_one()
                else:
                    await self._changed.wait()
        except BearerError as error:
            self._refused(error)
            await self._close("the access token was not renewed and the connection was closed")
        except Exception as error:  # noqa: BLE001 - for the server, once the application is done
            self.failure = error
            await self._close("the connection was closed by an error", _INTERNAL_ERROR)
        finally:
            self._is_read = True
            self._tell()

    def _may_read(self) -> bool:
        """Whether the application waits for more than is held, or is open and holds nothing.

        Not ahead of the handshake: servers differ in what they then say to an early reader.
        """
        if self._listeners > len(self._held):
            return True
        unread = [message for message in self._held if message["type"] != "websocket.connect"]
        return self._started.accepted and not unread

    async def _read_one(self) -> None:
        message: Message | None = None
        with anyio.CancelScope() as self._reading:
            message = await self._from_server()
        if message is None:
            return
        text = message.get("text")
        if text is None or not await self._renew(text):
            self._held.append(message)
            if message["type"] == "websocket.disconnect":
                self._is_read = True
            self._tell()
