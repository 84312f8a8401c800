"""One request on its way through an aiohttp application: what is answered already, and what ends
when its token expires."""

from __future__ import annotations

import asyncio
import math

from aiohttp import ClientConnectionResetError, web
from aiohttp.typedefs import Handler

from bearer_guard._aiohttp_expiry import Expiry
from bearer_guard._aiohttp_request import AiohttpRequest, add_form, is_websocket
from bearer_guard._aiohttp_subprotocols import answer_marker, set_aside
from bearer_guard._aiohttp_websocket import OpenSocket
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError
from bearer_guard.guard import Guard


class Connection:
    """A request that one guard judges."""

    def __init__(self, guard: Guard, request: web.Request, prefix: str) -> None:
        self._guard = guard
        self._request = request
        self._view = AiohttpRequest(request, b"", prefix)
        self._token: AccessToken | None = None
        self._answered = False
        self._socket: OpenSocket | None = None
        self._stream: web.StreamResponse | None = None
        self._stream_expiry: Expiry | None = None
        self._is_running = False
        self._patience = asyncio.timeout(None)

    async def check(self) -> AccessToken | None:
        """``None`` for a public path. Raises a ``BearerError``."""
        await add_form(self._view, self._guard.settings)
        self._token = await self._guard.check_async(self._view)
        return self._token

    async def run(self, handler: Handler) -> web.StreamResponse:
        """Have the handler answer, for as long as the token lives."""
        request, marker = self._request, self._guard.settings.websocket_protocol
        if marker is not None and is_websocket(request):
            request = set_aside(self._view, request, marker)
        try:
            async with self._patience:
                self._is_running = True
                return await handler(request)
        except ClientConnectionResetError:
            # What a handler hears that sends on after expiry: it did nothing wrong.
            if self._socket is None or not self._socket.expired:
                raise
            return self._socket.websocket
        except TimeoutError:
            if self._stream is None or not self._patience.expired():
                raise
            return self._ended(self._stream)

    async def begin(self, response: web.StreamResponse) -> None:
        """A response is about to begin: from now on there is no other."""
        if isinstance(response, web.WebSocketResponse):
            await self._begin_websocket(response)
        else:
            self._begin_stream(response)
        self._answered = True

    async def _begin_websocket(self, websocket: web.WebSocketResponse) -> None:
        if self._seconds_left() == 0:
            # The handler took longer than the token lives: it is told what is wrong with it.
            await self._guard.check_async(self._view)
        marker = self._guard.settings.websocket_protocol
        if marker is not None:
            answer_marker(self._view, websocket, marker)
        self._socket = OpenSocket(self._request, websocket)
        if self._seconds_left() < math.inf:
            self._socket.close_after(self._seconds_left)

    def _begin_stream(self, response: web.StreamResponse) -> None:
        if response.status < 300 and self._guard.must_stay_private(self._view):
            response.headers.setdefault("Cache-Control", "private")
        # What a handler returns is there as a whole, and sent when it has ended.
        if self._is_running and self._guard.settings.end_streams_at_expiry:
            self._stream = response
            if self._seconds_left() < math.inf:
                self._stream_expiry = Expiry(self._seconds_left, self._end_handler)

    def _end_handler(self) -> None:
        # The length is told when all is sent.
        if self._stream is not None and not self._stream.body_length:
            self._patience.reschedule(asyncio.get_running_loop().time())

    def _ended(self, stream: web.StreamResponse) -> web.StreamResponse:
        """The stream for aiohttp to finish, now that the handler can write no more."""
        transport = self._request.transport
        if self._request.writer.length and transport is not None:
            # To end it properly would say that half of it is all of it.
            transport.abort()
        return stream

    def _seconds_left(self) -> float:
        left = None if self._token is None else self._guard.seconds_left(self._token)
        return math.inf if left is None else left

    async def refuse(self, error: BearerError) -> web.StreamResponse:
        """The answer to ``error``; raises it again where it comes too late for one."""
        if self._socket is not None and self._socket.is_open:
            self._guard.refusal(error)
            await self._socket.close()
            return self._socket.websocket
        if self._answered:
            # The server breaks the answer off.
            raise error
        refusal = self._guard.refusal(error)
        # aiohttp leaves the body out where the request was HEAD.
        return web.Response(status=refusal.status, headers=refusal.headers, body=refusal.body)

    async def end(self) -> None:
        """The handler has ended: nothing of ours outlives it."""
        self._is_running = False
        if self._stream_expiry is not None:
            self._stream_expiry.cancel()
        if self._socket is not None:
            await self._socket.end()
