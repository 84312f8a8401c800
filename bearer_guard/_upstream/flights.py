"""Work in threads, one flight for each key, however many wait for it.

A flight belongs to the guard, not to a request: who hangs up cancels only its own wait. Its
job stores the result before it lands, so whoever comes after finds it. The pool is a
bulkhead: a slow server fills its own threads and its own queue, and nobody else's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from bearer_guard._upstream import forks

Result = TypeVar("Result")


class Full(Exception):
    """All threads are busy, and as many flights wait for one as may; or the system gives none."""


class _Flight(Generic[Result]):
    """What a thread is to do, as long as anybody can hear what comes of it."""

    __slots__ = ("future", "job", "key")

    def __init__(self, key: Hashable, job: Callable[[], Result]) -> None:
        self.key = key
        self.job: Callable[[], Result] | None = job
        self.future: Future[Any] | None = None


class Flights:
    """A pool of at most ``threads`` threads, for which at most ``queue`` flights wait (``None``:
    any number). Nothing runs in it until the first flight."""

    def __init__(self, name: str, threads: int, queue: int | None = None) -> None:
        self._name = name
        self._threads = threads
        self._most = None if queue is None else threads + queue
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """The parent's threads did not come along, nor will their flights ever land here."""
        # Reentrant: the collector runs whatever finalizers there are while this thread holds it.
        self._lock = threading.RLock()
        self._here = threading.local()
        self._flying: dict[Hashable, Future[Any]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def in_air(self, key: Hashable) -> Future[Any] | None:
        """The flight for ``key``, if there is one."""
        with self._lock:
            return self._flying.get(key)

    def board(self, key: Hashable, job: Callable[[], Result]) -> Future[Result]:
        """The flight for ``key``: the one in the air, or a new one that runs ``job``.

        Raises ``Full`` when there is no room for a new one, or no thread to be had.
        """
        with self._lock:
            future = self._flying.get(key)
            if future is None:
                if self._most is not None and len(self._flying) >= self._most:
                    raise Full
                future = self._flying[key] = self._take_off(_Flight(key, job))
        return future

    def _take_off(self, flight: _Flight[Result]) -> Future[Any]:
        """Under the lock."""
        pool = self._pool = self._pool or ThreadPoolExecutor(self._threads, self._name)
        try:
            flight.future = pool.submit(self._fly, flight)
        except RuntimeError:
            # The system starts no thread. What was submitted stays in the pool's queue, for a
            # future that nobody has: without its job it does nothing there.
            flight.job = None
            if not self._flying:
                # Nor will a thread ever come by that queue.
                self._pool = None
                pool.shutdown(wait=False, cancel_futures=True)
            raise Full from None
        return flight.future

    def _fly(self, flight: _Flight[Result]) -> Result | None:
        with self._lock:
            job = flight.job
        if job is None:
            return None
        self._here.flies = True
        try:
            return job()
        finally:
            with self._lock:
                if self._flying.get(flight.key) is flight.future:
                    del self._flying[flight.key]

    def let_go(self) -> None:
        """End the threads when what is in the air has landed. Waits for nothing, no lock either: a
        pool that nobody holds ends its threads when they have nothing left to do."""
        self._pool = None

    def close(self) -> None:
        """Wait for what is in the air, and end the threads."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            # Called in a thread of the pool, as by a function of the user's: it cannot wait for
            # itself.
            pool.shutdown(wait=not getattr(self._here, "flies", False))
