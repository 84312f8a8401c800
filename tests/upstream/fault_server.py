"""A server of raw sockets that does just what a test tells it to, and counts who came."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Conversation = Callable[[socket.socket, threading.Event], None]
"""Gets the connection, and an event that is set when the test is over."""


class FaultServer:
    """Holds a *conversation* with each connection, in a thread of its own."""

    def __init__(self, conversation: Conversation, tls: ssl.SSLContext | None = None) -> None:
        self._conversation = conversation
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self.connections = 0
        host = "localhost" if tls else "127.0.0.1"
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{host}:{self._listener.getsockname()[1]}/keys"

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._converse, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._conversation(connection, self._over)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        socket.create_connection(self._listener.getsockname()).close()
        self._threads[0].join()
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for connection in self._open:
            connection.close()


def requested(connection: socket.socket) -> bytes:
    """One request without a body, read to its end; empty when the other side is gone."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = connection.recv(65_536)
        if not more:
            return b""
        head += more
    return head


def saying(*answers: bytes) -> Conversation:
    """Each request on a connection gets the next answer; then the connection is closed."""

    def converse(connection: socket.socket, _over: threading.Event) -> None:
        for answer in answers:
            if not requested(connection):
                return
            connection.sendall(answer)

    return converse


def dripping(head: bytes, drop: bytes) -> Conversation:
    """Send *head*, and then a drop fifty times a second, as long as anybody listens."""

    def converse(connection: socket.socket, over: threading.Event) -> None:
        requested(connection)
        connection.sendall(head)
        while not over.wait(0.02):
            connection.sendall(drop)

    return converse


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Say nothing for as long as anybody waits."""
    over.wait(30)


def ok(body: bytes = b"{}", *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)
