"""A real socket on 127.0.0.1: listening, connections, threads, and the end of them all."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Final

from bearer_guard.testing.http_connection import HTTPConnection, Respond

HOST: Final = "127.0.0.1"
_BACKLOG: Final = 1024


class LoopbackServer:
    """Serves HTTP on one port, a thread for a connection, and can go and come back there."""

    def __init__(self, respond: Respond, interrupt: Callable[[], None]) -> None:
        """Serve with *respond*; *interrupt* ends all waiting in it until the next start."""
        self._respond = respond
        self._interrupt = interrupt
        self._open: dict[socket.socket, threading.Thread] = {}
        self._accepting: threading.Thread | None = None
        self._resources = ExitStack()
        self.port = 0

    @property
    def running(self) -> bool:
        """Whether connections are accepted."""
        return self._accepting is not None

    def start(self) -> None:
        """Listen: on a free port the first time, on the same one ever after.

        If another process has taken that port meanwhile, it is an ``OSError``.
        """
        self._resources.close()
        listener = self._resources.enter_context(
            socket.create_server((HOST, self.port), backlog=_BACKLOG)
        )
        self.port = listener.getsockname()[1]
        sleeper, self._waker = (self._resources.enter_context(end) for end in socket.socketpair())
        self._accepting = threading.Thread(
            target=self._accept, args=(listener, sleeper), name="authorization-server", daemon=True
        )
        self._accepting.start()

    def stop(self, *, keep_port: bool = False) -> None:
        """Refuse connections, close the open ones and end all threads; not running is no error.

        With *keep_port* no other process gets the port meanwhile.
        """
        if self._accepting is not None:
            self._waker.send(b"!")
            self._accepting.join()
            self._accepting = None
        self._resources.close()
        if keep_port:
            self._resources.enter_context(_reserved(self.port))
        still_open = self._open.copy()
        for connection in still_open:
            with suppress(OSError):  # it has just closed by itself
                connection.shutdown(socket.SHUT_RDWR)
        self._interrupt()
        for thread in still_open.values():
            thread.join()

    def _accept(self, listener: socket.socket, sleeper: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(sleeper, selectors.EVENT_READ)
            while sleeper not in {key.fileobj for key, _ in selector.select()}:
                connection, address = listener.accept()
                thread = threading.Thread(
                    target=self._serve, args=(connection, address), daemon=True
                )
                self._open[connection] = thread
                thread.start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        try:
            with connection, suppress(ConnectionError):  # the other side went away
                HTTPConnection(connection, address, self._respond)
        finally:
            del self._open[connection]


def _reserved(port: int) -> socket.socket:
    """Return a socket that holds *port* without listening: whoever connects is refused."""
    reserve = socket.socket()
    reserve.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserve.bind((HOST, port))
    return reserve
