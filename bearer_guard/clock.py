"""What time it is, for a guard: one object with both of its clocks, so tests turn it by hand."""

from __future__ import annotations

import time as _time
from typing import Protocol


class Clock(Protocol):
    """Both in seconds."""

    def time(self) -> float:
        """Since the epoch: what ``exp``, ``nbf`` and ``iat`` are compared with."""
        ...

    def monotonic(self) -> float:
        """Since any moment, never set back: what the ages of cached things are counted in."""
        ...


class SystemClock:
    """This machine's clocks."""

    time = staticmethod(_time.time)
    monotonic = staticmethod(_time.monotonic)
