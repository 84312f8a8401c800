"""A clock that a test turns by hand, so that no test ever sleeps."""

from __future__ import annotations

import threading


class HandClock:
    """A wall clock and a monotonic clock that stand still until they are turned.

    Hand the clock itself to ``Guard(clock=...)`` and its ``time`` to
    ``AuthorizationServer(clock=clock.time)``: both then agree on the time.
    """

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        """Begin at *start*, in seconds since the Unix epoch (default 2027-01-15 08:00:00 UTC)."""
        self._start = start
        self._turned = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return the wall clock's time, in seconds since the Unix epoch."""
        return self._start + self._turned

    def monotonic(self) -> float:
        """Return the seconds that the clock was turned since it was made."""
        return self._turned

    def turn(self, seconds: float) -> None:
        """Turn both clocks forward by *seconds*; a negative number is a ``ValueError``."""
        if seconds < 0:
            raise ValueError("a clock turns forward only: give seconds >= 0")
        with self._lock:
            self._turned += seconds
