"""The calls that a guard makes while it is watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from bearer_guard.exchange import CallKind, Ended
from bearer_guard.observer import Outcome, Result


class Made(NamedTuple):
    """One call and how it went."""

    kind: CallKind
    alias: str
    url: str
    result: str


class Calls:
    """Writes them down (an ``Observer``)."""

    def __init__(self) -> None:
        self.made: list[Made] = []

    def decided(self, outcome: Outcome, reason: str, alias: str) -> None:
        """The report has the verdict itself."""

    def calling(self, kind: CallKind, alias: str, method: str, url: str) -> Ended:
        """A call is made, and written down when it is over."""
        started = time.perf_counter()

        def ended(reason: str, status: int) -> None:
            milliseconds = (time.perf_counter() - started) * 1000
            result = f"{reason or status}, {milliseconds:.0f} ms"
            self.made.append(Made(kind, alias, f"{method} {url}", result))

        return ended

    def carry(self, job: Callable[[], Result]) -> Callable[[], Result]:
        """Nothing goes along."""
        return job

    def of(self, alias: str) -> list[Made]:
        """Those for one issuer, in order."""
        return [made for made in self.made if made.alias == alias]
