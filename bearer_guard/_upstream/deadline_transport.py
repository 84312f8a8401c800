"""An httpx transport in which no server can outlast a deadline.

httpx times each read; a server that sends a byte a second passes every one of them. Here the
socket itself is asked, before each operation, how much of the *whole* time is left. httpx is
imported with this module, hence only when the first call is made.

Only to look up a name takes as long as the system's resolver lets it: the deadline is looked at
again behind that. The request that waits for the call is answered in time all the same.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from bearer_guard._upstream.deadline import Deadline


def _cut(timeout: float | None, deadline: Deadline) -> float:
    left = deadline.left
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A socket that asks for the time left before it waits."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        self.was_heard = False
        """Whether anything was read since the last question was sent."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.was_heard = True
        return self._stream.read(max_bytes, _cut(timeout, self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.was_heard = False
        self._stream.write(buffer, _cut(timeout, self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _cut(timeout, self._deadline)
        return _Stream(
            self._stream.start_tls(ssl_context, server_hostname, timeout), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._backend = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """To the first of the host's addresses that answers: ``timeout`` is for each, and each has
        an equal share of the time left, so that the last gets its turn too."""
        _cut(timeout, self._deadline)
        addresses = _addresses(host, port)
        while True:
            left = _cut(None, self._deadline) / len(addresses)
            left = left if timeout is None else min(left, timeout)
            address = addresses.pop(0)
            try:
                stream = self._backend.connect_tcp(
                    address, port, left, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise
            else:
                return _Stream(stream, self._deadline)


def _addresses(host: str, port: int) -> list[str]:
    """The host's, at least one. As long as the system's resolver takes: nobody can cut it short."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return [str(address[0]) for *_, address in found]


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except _FAILURES as error:
            raise _as_httpx(error) from error

    def close(self) -> None:
        self._stream.close()


_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


def _as_httpx(error: Exception) -> httpx.TransportError:
    """The httpx exception of the same name, as httpx's own transport would raise."""
    return getattr(httpx, type(error).__name__, httpx.TransportError)(str(error))


def _check_was_heard(response: httpcore.Response) -> None:
    """RFC 9112 section 6.3: what comes behind an answer is not another answer.

    It would wait in the parser's buffer and be taken for the answer to the next question on that
    connection, about another token. Then the parser has a head before anything was read.
    """
    stream = response.extensions.get("network_stream")
    if isinstance(stream, _Stream) and not stream.was_heard:
        response.close()
        raise httpx.RemoteProtocolError("an answer that was there before its question")


class DeadlineTransport(httpx.BaseTransport):
    """HTTP/1.1 over pooled connections, TLS verified against the system's authorities."""

    def __init__(self, connections: int, kept: int, deadline: Deadline) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=connections,
            max_keepalive_connections=kept,
            keepalive_expiry=30,
            network_backend=_Backend(deadline),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the answer is read as it is asked for."""
        try:
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except _FAILURES as error:
            raise _as_httpx(error) from error
        _check_was_heard(response)
        body = _Body(response.stream)
        return httpx.Response(response.status, headers=response.headers, stream=body)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
