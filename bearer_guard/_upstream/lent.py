"""A client of a server: made when it is first needed, used by many threads at once, and closed.

The collector may let go of it at any moment, in any thread: one that holds whatever lock, that of a
logging handler or that of the client itself. So letting go waits for nothing, and leaves a client
that is in use to the last who uses it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from bearer_guard._upstream import forks

Client = TypeVar("Client")


class _Held(Generic[Client]):
    """A client, how many use it, and whether there is another in its place."""

    __slots__ = ("client", "is_left", "users")

    def __init__(self, client: Client) -> None:
        self.client = client
        self.users = 0
        self.is_left = False


class Lent(Generic[Client]):
    """What ``make`` makes, anew after a fork and after it was closed by ``end``."""

    def __init__(self, make: Callable[[], Client], end: Callable[[Client], object]) -> None:
        self._make = make
        self._end = end
        self._is_let_go = False
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """Forget connections that the parent process uses."""
        # Reentrant: the collector may let go of it while this thread holds it.
        self._lock = threading.RLock()
        # Dropped unclosed: to close a TLS connection would speak on the parent's socket.
        self._held: _Held[Client] | None = None

    @contextmanager
    def use(self) -> Iterator[Client]:
        """The client, that nobody closes meanwhile, ``close`` aside."""
        with self._lock:
            held = self._ready()
            held.users += 1
        try:
            yield held.client
        finally:
            with self._lock:
                held.users -= 1
                is_over = held.is_left and not held.users
            if is_over:
                self._end(held.client)
            # Looked at without the lock: who lets go, and finds it held, has said so before.
            if self._is_let_go:
                self.let_go()

    def ready(self) -> Client:
        """The client, made if it is not there."""
        with self._lock:
            return self._ready().client

    def _ready(self) -> _Held[Client]:
        if self._held is None:
            self._held = _Held(self._make())
        return self._held

    def part_with(self, client: Client) -> None:
        """Make another for the next use. Said by one who uses ``client``: it is closed when the
        last of those is through."""
        with self._lock:
            if self._held is not None and self._held.client is client:
                self._held.is_left = True
                self._held = None

    def close(self) -> None:
        """Close it now, whoever uses it. Used again, it is made anew."""
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            self._end(held.client)

    def let_go(self) -> None:
        """Close it as soon as nobody uses it. Waits for nobody, and for no lock."""
        self._is_let_go = True
        if self._lock.acquire(blocking=False):
            try:
                if self._held is not None and not self._held.users:
                    self.close()
            finally:
                self._lock.release()
