"""How much is written to the log: a stranger who sends junk must not fill a disk.

Records of one kind are few within a window; what goes beyond is counted and told in one
sentence when the window is over. The first of a kind is always written.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

from bearer_guard._upstream import forks
from bearer_guard.clock import Clock

_KINDS = 256
"""Reasons are few; but issuers may be many, and applications may make up reasons of their own."""


class Kind(NamedTuple):
    """What is limited together."""

    what: str
    level: int
    reason: str
    alias: str


class Withheld(NamedTuple):
    """So many records of a kind were not written."""

    kind: Kind
    times: int


class _Window:
    __slots__ = ("over_at", "withheld", "written")

    def __init__(self, over_at: float) -> None:
        self.over_at = over_at
        self.written = self.withheld = 0


class RecordLimits:
    """At most ``records`` of a kind in ``seconds``."""

    def __init__(self, records: int, seconds: float, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self.seconds = seconds
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along; and what the parent
        withheld, the parent tells."""
        self._lock = threading.Lock()
        self._windows: dict[Kind, _Window] = {}
        self._first_over = math.inf

    def admits(self, kind: Kind) -> bool:
        """Whether one more may be written; if not, it is counted."""
        with self._lock:
            window = self._windows.get(kind)
            if window is None:
                window = self._opened(kind)
            if window.written < self._records:
                window.written += 1
                return True
            window.withheld += 1
            return False

    def _opened(self, kind: Kind) -> _Window:
        # Where there are too many, first the issuers share, then the reasons.
        if len(self._windows) >= _KINDS:
            kind = kind._replace(alias="")
        if len(self._windows) >= 2 * _KINDS and kind not in self._windows:
            kind = kind._replace(reason="others")
        over_at = self._clock.monotonic() + self.seconds
        self._first_over = min(self._first_over, over_at)
        return self._windows.setdefault(kind, _Window(over_at))

    def over(self, until: float | None = None) -> Sequence[Withheld]:
        """End the windows that are over, by now or by ``until``: what they withheld."""
        now = self._clock.monotonic() if until is None else until
        if now < self._first_over:
            return ()
        with self._lock:
            ended = {kind: each for kind, each in self._windows.items() if each.over_at <= now}
            for kind in ended:
                del self._windows[kind]
            self._first_over = min(
                (window.over_at for window in self._windows.values()), default=math.inf
            )
        return [Withheld(kind, each.withheld) for kind, each in ended.items() if each.withheld]
