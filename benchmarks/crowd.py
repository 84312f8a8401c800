"""Many requests in the same instant: from threads, or as tasks of one event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TypeVar

LET_IN = "let in"
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Crowd:
    """What became of them."""

    outcomes: Counter[str]
    """``LET_IN``, or the reason why not (a ``BearerError``'s, or an exception's name)."""
    seconds: list[float]
    """What each had to wait."""

    @property
    def let_in(self) -> int:
        """How many."""
        return self.outcomes[LET_IN]

    @property
    def refusals(self) -> str:
        """Why the others were not, for a note; empty where all were let in."""
        told = (f"{count} {why}" for why, count in self.outcomes.items() if why != LET_IN)
        return ", ".join(told)


def in_threads(check: Callable[[], object], size: int) -> Crowd:
    """Each in a thread of its own, all let loose at once."""
    return each_in_a_thread(lambda _: check(), range(size))


def each_in_a_thread(check: Callable[[Item], object], items: Sequence[Item]) -> Crowd:
    """The same, each with an item of its own."""
    barrier = threading.Barrier(len(items))
    found: list[tuple[str, float]] = []

    def one(item: Item) -> None:
        barrier.wait()
        before = perf_counter()
        outcome = _outcome(partial(check, item))
        found.append((outcome, perf_counter() - before))

    threads = [threading.Thread(target=one, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Crowd(Counter(outcome for outcome, _ in found), [seconds for _, seconds in found])


def in_turn(check: Callable[[], object], size: int) -> Crowd:
    """One after the other: no crowd, but told of in the same words."""
    found = []
    for _ in range(size):
        before = perf_counter()
        outcome = _outcome(check)
        found.append((outcome, perf_counter() - before))
    return Crowd(Counter(outcome for outcome, _ in found), [seconds for _, seconds in found])


def as_tasks(check: Callable[[], Awaitable[object]], size: int) -> Crowd:
    """Each a task, all on one event loop."""
    return asyncio.run(each_a_task(lambda _: check(), range(size)))


async def each_a_task(check: Callable[[Item], Awaitable[object]], items: Sequence[Item]) -> Crowd:
    """The same on the running event loop, each with an item of its own."""

    async def one(item: Item) -> tuple[str, float]:
        before = perf_counter()
        try:
            await check(item)
        except Exception as error:  # a rival may fail in any way: how often is what is counted
            return _why(error), perf_counter() - before
        return LET_IN, perf_counter() - before

    found = await asyncio.gather(*(one(item) for item in items))
    return Crowd(Counter(outcome for outcome, _ in found), [seconds for _, seconds in found])


def _outcome(check: Callable[[], object]) -> str:
    try:
        check()
    except Exception as error:  # as above
        return _why(error)
    return LET_IN


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else type(error).__name__
