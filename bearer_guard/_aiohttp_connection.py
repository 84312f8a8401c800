"""One request on its way through an aiohttp application: what is answered already, and a WebSocket
that ends when its token expires."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bearer_guard._aiohttp_request import AiohttpRequest, add_form
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError
from bearer_guard.guard import Guard

POLICY_VIOLATION = 1008
"""The close code (RFC 6455 section 7.4.1)."""
_CLOSING = 5.0
"""Seconds for a close to go out and be answered: a client that reads nothing holds it up."""
_SOON = 0.05


class Connection:
    """A request that one guard judges."""

    def __init__(self, guard: Guard, request: web.Request, prefix: str) -> None:
        self._guard = guard
        self._view = AiohttpRequest(request, b"", prefix)
        self._token: AccessToken | None = None
        self._answered = False
        self._websocket: web.WebSocketResponse | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def check(self) -> AccessToken | None:
        """``None`` for a public path. Raises a ``BearerError``."""
        await add_form(self._view, self._guard.settings)
        self._token = await self._guard.check_async(self._view)
        return self._token

    async def begin(self, response: web.StreamResponse) -> None:
        """A response is about to begin: from now on there is no other."""
        if isinstance(response, web.WebSocketResponse):
            await self._begin_websocket(response)
        elif response.status < 300 and self._guard.must_stay_private(self._view):
            response.headers.setdefault("Cache-Control", "private")
        self._answered = True

    async def _begin_websocket(self, websocket: web.WebSocketResponse) -> None:
        left = None if self._token is None else self._guard.seconds_left(self._token)
        if left == 0:
            # The handler took longer than the token lives: it is told what is wrong with it.
            await self._guard.check_async(self._view)
        self._websocket = websocket
        if left is not None:
            self._timer = asyncio.get_running_loop().call_later(left, self._expire, websocket)

    @property
    def expired(self) -> web.WebSocketResponse | None:
        """The WebSocket that was closed when its token expired, if it was."""
        return None if self._closing is None else self._websocket

    def _expire(self, websocket: web.WebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        if _is_accepted(websocket):
            self._closing = loop.create_task(self._close(websocket))
        else:
            self._timer = loop.call_later(_SOON, self._expire, websocket)

    async def _close(self, websocket: web.WebSocketResponse) -> None:
        transport = self._view.request.transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            # The close waits behind it; nothing that the client still sends is heard meanwhile.
            transport.pause_reading()
        try:
            async with asyncio.timeout(_CLOSING):
                # From now on the handler hears that it is closed, and can send no more.
                await websocket.close(code=POLICY_VIOLATION)
        except TimeoutError:
            transport.abort()

    async def refuse(self, error: BearerError) -> web.StreamResponse:
        """The answer to ``error``; raises it again where it comes too late for one."""
        websocket = self._websocket
        if websocket is not None and _is_accepted(websocket) and not websocket.closed:
            self._guard.refusal(error)
            await websocket.close(code=POLICY_VIOLATION)
            return websocket
        if self._answered:
            # The server breaks the answer off.
            raise error
        refusal = self._guard.refusal(error)
        # aiohttp leaves the body out where the request was HEAD.
        return web.Response(status=refusal.status, headers=refusal.headers, body=refusal.body)

    async def end(self) -> None:
        """The handler has ended: nothing of ours outlives it."""
        if self._timer is not None:
            self._timer.cancel()
        if self._closing is not None:
            await self._closing


def _is_accepted(websocket: web.WebSocketResponse) -> bool:
    # Older versions of aiohttp say ``prepared`` a little too early.
    return websocket.get_extra_info("sockname") is not None
