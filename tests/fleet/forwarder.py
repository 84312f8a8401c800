"""An address that leads to one server, and then to another: what fails over, fails over here."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from collections.abc import Callable

from fleet.servers import HOST

_RESET = struct.pack("ii", 1, 0)
"""``SO_LINGER`` on, for no time: what is closed is reset (RST), not ended."""


class Forwarder:
    """Passes on octets, in one thread, until it is closed."""

    def __init__(self, port: int) -> None:
        self._leads_to = port
        self._listener = socket.create_server((HOST, 0))
        self.url = f"redis://{HOST}:{self._listener.getsockname()[1]}"
        self._others: dict[socket.socket, socket.socket] = {}
        self._orders: list[Callable[[], None]] = []
        self._bell, self._ears = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for each in (self._listener, self._ears):
            self._selector.register(each, selectors.EVENT_READ)
        self._ends = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def switch(self, port: int) -> None:
        """From now on to another server; whoever is connected is cut off, in mid-use too."""

        def switched() -> None:
            self._leads_to = port
            self._cut_all()

        self._order(switched)

    def lead_newcomers(self, port: int) -> None:
        """To another server, but for those who are connected, as when only a name's address
        changes."""
        self._order(lambda: setattr(self, "_leads_to", port))

    def fall_silent(self) -> None:
        """Whoever is connected stays so and hears nothing more, as when a machine is gone."""
        self._order(lambda: [self._selector.unregister(each) for each in self._others])

    def close(self) -> None:
        def ended() -> None:
            self._cut_all()
            self._ends = True

        self._order(ended)
        self._thread.join(30)
        self._selector.close()
        for each in (self._listener, self._bell, self._ears):
            each.close()

    def _order(self, order: Callable[[], object]) -> None:
        """Done by the thread, and done when this returns."""
        done = threading.Event()

        def does() -> None:
            order()
            done.set()

        self._orders.append(does)
        self._bell.sendall(b"!")
        assert done.wait(30)

    def _run(self) -> None:
        while not self._ends:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._welcome()
                elif key.fileobj is self._ears:
                    self._ears.recv(1)
                    self._orders.pop(0)()
                elif key.fileobj in self._others:
                    self._pass_on(key.fileobj)  # type: ignore[arg-type]

    def _welcome(self) -> None:
        here = self._listener.accept()[0]
        try:
            there = socket.create_connection((HOST, self._leads_to), 10)
        except OSError:
            _reset(here)
            return
        for one, other in ((here, there), (there, here)):
            self._others[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, one: socket.socket) -> None:
        other = self._others[one]
        try:
            octets = one.recv(1 << 16)
            other.sendall(octets)
        except OSError:
            octets = b""
        if not octets:
            self._cut(one)

    def _cut(self, one: socket.socket) -> None:
        for each in (one, self._others[one]):
            del self._others[each]
            if each in self._selector.get_map():
                self._selector.unregister(each)
            _reset(each)

    def _cut_all(self) -> None:
        while self._others:
            self._cut(next(iter(self._others)))


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()
