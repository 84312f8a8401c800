"""The authorization server behind an ``httpx`` client, without a socket."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from bearer_guard.testing.endpoints import Endpoints


class InProcessTransport(httpx.BaseTransport):
    """Answers requests for one origin from a WSGI application; nothing else exists."""

    def __init__(self, endpoints: Endpoints, *, origin: str, down: Callable[[], bool]) -> None:
        """Answer for *origin* (scheme, host and port) while *down* is false."""
        self._application = httpx.WSGITransport(endpoints)
        self._origin = httpx.URL(origin)
        self._down = down

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to *request*; ``httpx.ConnectError`` where no server would be.

        A server that goes down before it has answered is an ``httpx.RemoteProtocolError``.
        """
        url = request.url
        if (url.scheme, url.netloc) != (self._origin.scheme, self._origin.netloc):
            raise httpx.ConnectError(f"there is only {self._origin} here", request=request)
        if self._down():
            raise httpx.ConnectError("the authorization server is down", request=request)
        response = self._application.handle_request(request)
        if self._down():  # it went down meanwhile
            raise httpx.RemoteProtocolError("the server disconnected", request=request)
        return response
