"""When the shared store is asked, and when it is left alone, so that it holds nobody up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from bearer_guard._running.log import Log
from bearer_guard.clock import Clock
from bearer_guard.health import StoreState
from bearer_guard.shared import StoreFailure, StoreTakesNothing

Result = TypeVar("Result")


class StoreSeen(NamedTuple):
    """What this worker saw of the store; times are the clock's ``monotonic``."""

    state: StoreState = "unused"
    away_until: float = -math.inf
    """Nothing is asked of it before."""
    unwritten_until: float = -math.inf
    """Nothing is written before; later than the other where it could still be read."""
    last_reason: str | None = None
    failed_at: float = -math.inf

    def failed(self, failure: StoreFailure, now: float, pause: float) -> StoreSeen:
        """After one that could not be reached; or that takes nothing, but what it keeps, the
        revocations among it, is there to be read."""
        over = now + pause
        away = self.away_until if isinstance(failure, StoreTakesNothing) else over
        return StoreSeen("away", away, over, failure.reason, now)

    def answered(self, *, written: bool) -> StoreSeen:
        """One that took nothing is back when it takes something."""
        only_unwritten = self.unwritten_until > self.away_until
        return self._replace(state="reached") if written or not only_unwritten else self


class StorePauses:
    """Stands before each call to the store."""

    def __init__(self, pause: float, clock: Clock, log: Log) -> None:
        self._pause = pause
        self._clock = clock
        self._log = log
        self.seen = StoreSeen()

    def read(self, work: Callable[[], Result], otherwise: Result) -> Result:
        """What takes no room: ``otherwise`` while the store is away."""
        if self._clock.monotonic() < self.seen.away_until:
            return otherwise
        return self._tried(work, otherwise, written=False)

    def write(self, work: Callable[[], Result], otherwise: Result) -> Result:
        """What does: ``otherwise`` also while the store takes nothing."""
        if self._clock.monotonic() < self.seen.unwritten_until:
            return otherwise
        return self._tried(work, otherwise, written=True)

    def _tried(self, work: Callable[[], Result], otherwise: Result, *, written: bool) -> Result:
        try:
            found = work()
        except StoreFailure as failure:
            return self._failed(failure, otherwise)
        except Exception as error:  # noqa: BLE001 - a store of the user may raise all
            return self._failed(StoreFailure(type(error).__name__), otherwise)
        if self.seen.state != "reached":
            self.seen = self.seen.answered(written=written)
        return found

    def _failed(self, failure: StoreFailure, otherwise: Result) -> Result:
        self.seen = self.seen.failed(failure, self._clock.monotonic(), self._pause)
        self._log.store_failure(failure.reason)
        return otherwise
