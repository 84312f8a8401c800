"""An open WebSocket of aiohttp, closed when its token expires."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from bearer_guard._aiohttp_expiry import Expiry
from bearer_guard._expiry import CLOSING, POLICY_VIOLATION

_SOON = 0.05


class OpenSocket:
    """A WebSocket, from its handshake to the end of its handler."""

    def __init__(self, request: web.BaseRequest, websocket: web.WebSocketResponse) -> None:
        self.websocket = websocket
        self._request = request
        self._expiry: Expiry | None = None
        self._later: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was accepted and not closed since."""
        return self._is_accepted and not self.websocket.closed

    @property
    def _is_accepted(self) -> bool:
        # Older versions of aiohttp say ``prepared`` a little too early.
        return self.websocket.get_extra_info("sockname") is not None

    @property
    def expired(self) -> bool:
        """Whether its token expired before the handler ended."""
        return self._closing is not None

    def close_after(self, seconds_left: Callable[[], float]) -> None:
        """Close it when the token expires."""
        self._expiry = Expiry(seconds_left, self._expire)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        if self._is_accepted:
            self._closing = loop.create_task(self.close())
        else:
            # It is being accepted.
            self._later = loop.call_later(_SOON, self._expire)

    async def close(self) -> None:
        """Close it, if it is open, whether the client reads or not."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            # The close waits behind it; nothing that the client still sends is heard meanwhile.
            transport.pause_reading()
        try:
            async with asyncio.timeout(CLOSING):
                # From now on the handler hears that it is closed, and can send no more.
                await self.websocket.close(code=POLICY_VIOLATION)
        except TimeoutError:
            transport.abort()

    async def end(self) -> None:
        """The handler has ended: nothing of ours outlives it."""
        for waiting in (self._expiry, self._later):
            if waiting is not None:
                waiting.cancel()
        if self._closing is not None:
            await self._closing
