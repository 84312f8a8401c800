"""A clock turned by hand, for what a guard does beside requests: it looks at the clock by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bearer_guard import _aiohttp_expiry, _asgi_life
from bearer_guard.testing import HandClock
from patience import eventually


class WatchedClock(HandClock):
    """It knows how often it was looked at."""

    looks = 0

    def time(self) -> float:
        self.looks += 1
        return super().time()

    def looked_at(self) -> Callable[[], bool]:
        """Whether whoever looks now and then has done so since, for sure."""
        enough = self.looks + 3
        return lambda: self.looks >= enough

    def turn_before_all(self, seconds: float) -> None:
        """Turn it, and wait until whoever looks on, whatever it shows, has seen it."""
        self.turn(seconds)
        eventually(self.looked_at())


@contextmanager
def looking_often() -> Iterator[None]:
    """Guards look at the clock all the time, so that it may be turned while they wait."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (_asgi_life, _aiohttp_expiry):
            patch.setattr(module, "LOOK_AGAIN", 0.01)
        yield
