"""Contestants measured in short slices, turn by turn.

On a machine that others use too, a time says little and a ratio of times taken in the same
instant says much. So the contestants take turns in slices of a few milliseconds, in another order
each round, and what is taken is this process's processor time, of all its threads: while others
have the processor, nobody's time passes (a wall clock has shown a guard faster than the very
verification inside it). No contestant waits for anything, so nothing is left out. The garbage
collector runs as it does in a server, for everybody: what was there before the first round is
frozen out of its sight, and what a contestant allocates is its own to pay for.

A shared core still runs now faster and now slower. Hence two figures, of the medians and of the
minima over the rounds, and a target counts as reached when both reach it.
"""

from __future__ import annotations

import gc
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from itertools import cycle, islice, starmap
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

from benchmarks.row import TIMES

if TYPE_CHECKING:
    from collections.abc import Generator

Contestant = Callable[[int], None]
"""Does its work so many times."""

_SLICE = 0.004
"""Seconds. Shorter than a time slice of the kernel, long against the clock's own cost."""


def each(call: Callable[[Any], object], items: Iterable[Any]) -> Contestant:
    """``call(item)`` for the next items, over and over, in a loop that costs next to nothing."""
    supply = cycle(items)
    return lambda times: deque(map(call, islice(supply, times)), maxlen=0).clear()


def each_of(call: Callable[..., object], argument_lists: Iterable[tuple[Any, ...]]) -> Contestant:
    """``call(*arguments)``, in the same loop."""
    supply = cycle(argument_lists)
    return lambda times: deque(starmap(call, islice(supply, times)), maxlen=0).clear()


class Times:
    """Seconds for one piece of work, by contestant and round."""

    def __init__(self, seconds: Mapping[str, list[float]]) -> None:
        self._seconds = seconds

    def median(self, name: str) -> float:
        """The usual time."""
        return median(self._seconds[name])

    def best(self, name: str) -> float:
        """The least time."""
        return min(self._seconds[name])

    def ratio(self, name: str, base: str) -> float:
        """Of the medians."""
        return self.median(name) / self.median(base)

    def ratio_of_bests(self, name: str, base: str) -> float:
        """Of the minima."""
        return self.best(name) / self.best(base)

    def ratios(self, name: str, base: str) -> str:
        """Both, for the table."""
        medians, minima = self.ratio(name, base), self.ratio_of_bests(name, base)
        return f"{medians:.2f} {TIMES} (of minima {minima:.2f} {TIMES})"

    def added(self, name: str, base: str) -> float:
        """How much more the usual time is."""
        return self.median(name) - self.median(base)

    def added_to_best(self, name: str, base: str) -> float:
        """How much more the least time is."""
        return self.best(name) - self.best(base)

    def microseconds(self, *names: str) -> str:
        """The times themselves, for a note."""
        return ", ".join(f"{name} {self.median(name) * 1e6:.1f} µs" for name in names)


def side_by_side(contestants: Mapping[str, Contestant], *, rounds: int) -> Times:
    """Let the contestants take turns."""
    names = list(contestants)
    counts = {name: _times_in_a_slice(contestants[name]) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    # By a fixed seed: nobody always comes after the one that leaves the caches worst.
    shuffle = random.Random(0).shuffle
    with same_garbage_for_all():
        for _ in range(rounds):
            shuffle(names)
            for name in names:
                seconds[name].append(_slice(contestants[name], counts[name]))
    return Times(seconds)


@contextmanager
def same_garbage_for_all() -> Generator[None]:
    """Collect what is there, and keep what survives out of the collector's later rounds."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _slice(contestant: Contestant, times: int) -> float:
    before = process_time()
    contestant(times)
    return (process_time() - before) / times


def _times_in_a_slice(contestant: Contestant) -> int:
    """Also the warm-up: caches of the processor, of the interpreter, and our own."""
    contestant(20)
    return max(1, round(_SLICE / min(_slice(contestant, 20) for _ in range(5))))
