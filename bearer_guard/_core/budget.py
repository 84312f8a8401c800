"""So many in so long: a budget that is spent before anything is sent."""

from __future__ import annotations

from collections import deque


class Budget:
    """A count of moments within a sliding window. Seconds are the caller's."""

    __slots__ = ("_spent",)

    def __init__(self) -> None:
        self._spent: deque[float] = deque()

    def has(self, limit: int, window: float, now: float) -> bool:
        """Whether fewer than ``limit`` were spent in the last ``window`` seconds."""
        while self._spent and self._spent[0] <= now - window:
            self._spent.popleft()
        return len(self._spent) < limit

    def spend(self, now: float) -> None:
        """Take one."""
        self._spent.append(now)

    def give_back(self) -> None:
        """Return the last one: it was well spent."""
        if self._spent:
            self._spent.pop()

    def wait(self, window: float, now: float) -> float:
        """Seconds until the oldest one leaves the window."""
        return max(0.0, self._spent[0] + window - now) if self._spent else 0.0
