"""Bounded memories, safe to use from many threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Generic, TypeVar

from cachetools import Cache, TLRUCache

from bearer_guard._upstream import forks

Value = TypeVar("Value")


class RecentlyUsed(Generic[Value]):
    """The ``size`` values that were used last. Uses count from when there are more than
    ``ordered_above``: a memory that is not near its end need not know what it would forget first.

    An ``OrderedDict`` without a lock: each of its operations is one step of the interpreter,
    and whoever loses a race finds nothing, as if it had come later. cachetools' ``LRUCache``
    under a lock costs three times as much, on the path of every request.
    """

    def __init__(self, size: int, ordered_above: int = 0) -> None:
        self._size = size
        self._ordered_above = ordered_above
        self._values: OrderedDict[bytes | str, Value] = OrderedDict()
        self.peek: Callable[[bytes | str], Value | None] = self._values.get
        """``get`` without a use. The dictionary's own, in which no line of Python runs."""
        self.counts_uses = False
        """Whether there are so many that uses count."""

    def get(self, key: bytes | str) -> Value | None:
        """The value, or ``None``."""
        value = self._values.get(key)
        if value is not None and self.counts_uses:
            self.use(key)
        return value

    def use(self, key: bytes | str) -> None:
        """Count a use of what ``peek`` has found."""
        # It may have been pushed out by another thread meanwhile.
        with suppress(KeyError):
            self._values.move_to_end(key)

    def put(self, key: bytes | str, value: Value) -> None:
        """Keep ``value``, at the cost of the one unused for longest."""
        values = self._values
        values[key] = value
        size = len(values)
        self.counts_uses = size > self._ordered_above
        if size > self._size:
            try:
                values.popitem(last=False)
            except KeyError:
                # Emptied by another thread between the two lines.
                return

    def newest(self, limit: int) -> list[Value]:
        """At most ``limit``, the last used first. Uses none. One step of the interpreter too."""
        return list(islice(reversed(self._values.values()), limit))

    def discard(self, key: bytes | str) -> None:
        """Keep it no longer."""
        self._values.pop(key, None)

    def discard_where(self, unwanted: Callable[[Value], bool]) -> None:
        """Keep none of those any longer of which ``unwanted`` says so. Looks at each."""
        # A copy, made in one step: other threads go on putting and getting meanwhile.
        for key, value in self._values.copy().items():
            if unwanted(value):
                self.discard(key)

    def __len__(self) -> int:
        return len(self._values)


class ForATime(Generic[Value]):
    """At most ``size`` values, each for its own time. ``now`` tells seconds."""

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        self._values: TLRUCache[bytes, tuple[Value, float]] = TLRUCache(
            size, ttu=lambda _key, kept, when: when + kept[1], timer=now
        )
        self.after_fork()
        forks.tell(self)

    def get(self, key: bytes) -> Value | None:
        """The value while its time lasts, or ``None``."""
        with self._lock:
            kept = self._values.get(key)
        return kept[0] if kept is not None else None

    def put(self, key: bytes, value: Value, seconds: float) -> None:
        """Keep ``value`` for ``seconds``."""
        if seconds > 0:
            with self._lock:
                self._values[key] = (value, seconds)

    def discard(self, key: bytes) -> None:
        """Keep it no longer."""
        with self._lock:
            self._values.pop(key, None)

    def discard_where(self, unwanted: Callable[[Value], bool]) -> None:
        """Keep none of those any longer of which ``unwanted`` says so. Looks at each."""
        values = self._values
        with self._lock:
            # The plain cache's view, past or not: to look at the time of each costs ten times more.
            keys = list(Cache.__iter__(values))
        for key in keys:
            # Locked for each one anew, so that requests wait for one at most.
            with self._lock, suppress(KeyError):
                if unwanted(Cache.__getitem__(values, key)[0]):
                    values.pop(key, None)

    def __len__(self) -> int:
        with self._lock:
            return len(self._values)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along."""
        self._lock = threading.Lock()
