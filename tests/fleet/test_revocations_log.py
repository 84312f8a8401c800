"""How a worker reads on in the fleet's log of revocations, whatever the store does meanwhile."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterable
from typing import Any

import pytest

from bearer_guard._core.revocation import Revocation
from bearer_guard._running.revocations import Revocations
from bearer_guard.settings.shared import Shared
from bearer_guard.testing import HandClock


def revocation(number: int) -> Revocation:
    return Revocation(until=1e10, digest=bytes([number]))


class Log:
    """The fleet's log, as one worker sees it."""

    def __init__(self) -> None:
        self.written: dict[int, Revocation] = {}
        self.counter: int | None = 0
        self.is_away_for_entries = False
        self.looked_for: list[list[int]] = []

    def write(self, *numbers: int) -> None:
        self.written.update({number: revocation(number) for number in numbers})
        self.counter = numbers[-1]

    def last(self, _: str) -> int | None:
        return self.counter

    def entries(self, _: str, numbers: Iterable[int]) -> list[dict[str, Any] | None] | None:
        self.looked_for.append(list(numbers))
        if self.is_away_for_entries:
            return None
        found = [self.written.get(number) for number in self.looked_for[-1]]
        return [each and each.document() for each in found]


class Reader:
    """A worker's part, whose thread does not run: each step is taken by hand."""

    def __init__(self, shared: Shared, clock: HandClock) -> None:
        self.log = Log()
        self.learnt: list[Revocation] = []
        self.forgot = 0
        self.revocations = Revocations(
            self.learnt.append,
            self._forget,
            self.log,  # type: ignore[arg-type]
            shared,
            clock,
        )

    def _forget(self) -> None:
        self.forgot += 1

    def read_on(self) -> list[Revocation]:
        """What that step taught."""
        before = len(self.learnt)
        self.revocations.read_on()
        return self.learnt[before:]


@pytest.fixture
def reader(hand_clock: HandClock) -> Reader:
    return Reader(Shared("redis://127.0.0.1:1", secret="s" * 32), hand_clock)


def test_each_entry_is_read_once(reader: Reader) -> None:
    reader.log.write(1, 2)
    assert reader.read_on() == [revocation(1), revocation(2)]
    reader.log.write(3)
    assert reader.read_on() == [revocation(3)]
    assert reader.read_on() == []


def test_while_the_store_is_away_nothing_is_read_and_nothing_skipped(reader: Reader) -> None:
    reader.log.write(1)
    reader.read_on()
    reader.log.counter = None
    assert reader.read_on() == []
    assert reader.log.looked_for == [[1]], "without a number there is nothing to look for"
    reader.log.write(2)
    reader.log.is_away_for_entries = True
    assert reader.read_on() == []
    reader.log.is_away_for_entries = False
    assert reader.read_on() == [revocation(2)]


def test_an_entry_that_is_over_or_forged_is_passed_over(reader: Reader) -> None:
    reader.log.write(1, 2, 3)
    del reader.log.written[2]
    assert reader.read_on() == [revocation(1), revocation(3)]
    assert reader.read_on() == []


def test_where_the_store_lost_its_counter_the_log_is_read_from_its_start(reader: Reader) -> None:
    reader.log.write(1, 2, 3)
    reader.read_on()
    reader.log.written.clear()
    reader.log.write(1)
    assert reader.read_on() == [revocation(1)]


def test_who_comes_late_looks_for_no_more_than_it_can_remember(hand_clock: HandClock) -> None:
    reader = Reader(Shared("redis://127.0.0.1:1", secret="s" * 32, revocations=3), hand_clock)
    reader.log.write(*range(1, 11))
    assert reader.read_on() == [revocation(number) for number in (8, 9, 10)]
    assert reader.log.looked_for == [[8, 9, 10]]


class Breaking(Log):
    """Away from its second look on."""

    def entries(self, name: str, numbers: Iterable[int]) -> list[dict[str, Any] | None] | None:
        self.is_away_for_entries = len(self.looked_for) == 1
        return super().entries(name, numbers)


def test_where_the_store_leaves_in_the_middle_it_is_read_on_from_there(reader: Reader) -> None:
    reader.log = reader.revocations._fleet = Breaking()  # type: ignore[assignment]
    reader.log.write(*range(1, 251))
    assert reader.read_on() == [revocation(number) for number in range(1, 201)]
    assert reader.read_on() == [revocation(number) for number in range(201, 251)]
    assert [len(numbers) for numbers in reader.log.looked_for] == [200, 50, 50]


def test_it_is_started_once(reader: Reader) -> None:
    reader.revocations.start()
    thread = reader.revocations._thread
    reader.revocations.start()
    assert reader.revocations._thread is thread
    reader.revocations.close()
    assert thread is not None
    assert not thread.is_alive()


def test_a_forked_child_forgets_what_was_let_in_and_starts_a_thread_of_its_own(
    reader: Reader,
) -> None:
    reader.log.write(1)
    reader.read_on()
    reader.revocations.start()
    parents = reader.revocations._thread
    ends = reader.revocations._ends
    reader.revocations.after_fork()
    assert (reader.forgot, reader.revocations.started) == (1, False)
    assert reader.read_on() == [revocation(1)], "from the beginning"
    reader.revocations.start()
    assert reader.revocations._thread is not parents
    reader.revocations.close()
    ends.set()
    assert parents is not None
    parents.join(10)


def test_its_thread_ends_with_a_guard_that_is_forgotten(hand_clock: HandClock) -> None:
    shared = Shared("redis://127.0.0.1:1", secret="s" * 32, revocations_every=0.01)
    reader = Reader(shared, hand_clock)
    reader.revocations.start()
    thread = reader.revocations._thread
    assert isinstance(thread, threading.Thread)
    forgotten = weakref.ref(reader.revocations)
    del reader
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()
    gc.collect()
    assert forgotten() is None
