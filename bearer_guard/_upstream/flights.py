"""Work in threads, one flight for each key, however many wait for it.

A flight belongs to the guard, not to a request: who hangs up cancels only its own wait. Its
job stores the result before it lands, so whoever comes after finds it. The pool is a
bulkhead: a slow server fills its own threads and its own queue, and nobody else's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from bearer_guard._upstream import forks

Result = TypeVar("Result")


class Full(Exception):
    """All threads are busy, and as many flights wait for one as may."""


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
        # Reentrant: the collector may close a forgotten guard while this thread holds it.
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

        Raises ``Full`` when there is no room for a new one.
        """
        with self._lock:
            future = self._flying.get(key)
            if future is None:
                if self._most is not None and len(self._flying) >= self._most:
                    raise Full
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(self._threads, self._name)
                future = self._pool.submit(self._fly, key, job)
                self._flying[key] = future
        return future

    def _fly(self, key: Hashable, job: Callable[[], Result]) -> Result:
        self._here.flies = True
        try:
            return job()
        finally:
            with self._lock:
                del self._flying[key]

    def close(self) -> None:
        """Wait for what is in the air, and end the threads."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            # The collector may call this in a thread of the pool, which cannot wait for itself.
            pool.shutdown(wait=not getattr(self._here, "flies", False))
