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
from fleet.conftest import new_log
from patience import soon


def revocation(number: int) -> Revocation:
    return Revocation(until=1e10, digest=bytes([number]))


class Log:
    """The fleet's log, as one worker sees it."""

    def __init__(self) -> None:
        self.written: dict[int, Revocation] = {}
        self.documents: dict[int, dict[str, Any]] = {}
        """What stands there in place of a revocation of ours."""
        self.breaks: Exception | None = None
        self.counter: int | None = 0
        self.is_away_for_entries = False
        self.is_away_after: int | None = None
        self.looked_for: list[list[int]] = []

    def write(self, *numbers: int) -> None:
        self.written.update({number: revocation(number) for number in numbers})
        self.counter = numbers[-1]

    def last(self, _: str) -> int | None:
        if self.breaks is not None:
            raise self.breaks
        return self.counter

    def entries(self, _: str, numbers: Iterable[int]) -> list[dict[str, Any] | None] | None:
        self.looked_for.append(list(numbers))
        if self.is_away_for_entries or len(self.looked_for) - 1 == self.is_away_after:
            return None
        found = [self.written.get(number) for number in self.looked_for[-1]]
        return [
            self.documents.get(number, each and each.document())
            for number, each in zip(self.looked_for[-1], found, strict=True)
        ]


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
            new_log(clock),
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


def test_where_the_store_goes_in_mid_reading_it_is_read_on_from_there(reader: Reader) -> None:
    reader.log.write(*range(1, 202))
    reader.log.is_away_after = 1
    assert reader.read_on() == [revocation(number) for number in range(1, 201)]
    reader.log.is_away_after = None
    assert reader.read_on() == [revocation(201)]


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


def test_a_number_that_was_taken_and_is_written_later_is_read_then(reader: Reader) -> None:
    """Its publisher takes the number first, and others may overtake it."""
    reader.log.write(1, 2, 4)
    assert reader.read_on() == [revocation(1), revocation(2), revocation(4)]
    reader.log.write(3, 4)
    assert reader.read_on() == [revocation(3)]
    assert reader.read_on() == []
    reader.log.counter = 5
    assert reader.read_on() == []
    reader.log.write(5)
    assert reader.read_on() == [revocation(5)]
    assert reader.read_on() == []
    reader.log.write(6)
    assert reader.read_on() == [revocation(6)]


def test_a_number_that_stays_empty_is_not_looked_for_without_end(
    reader: Reader, hand_clock: HandClock
) -> None:
    reader.log.write(1, 3)
    for seconds, looked_for in ((0, [1, 2, 3]), (0, [3, 2]), (14, [3, 2]), (1, [3])):
        hand_clock.turn(seconds)
        reader.read_on()
        assert reader.log.looked_for[-1] == looked_for


def test_of_a_long_log_only_the_last_numbers_may_be_written_later(reader: Reader) -> None:
    reader.log.counter = 500
    reader.read_on()
    reader.read_on()
    assert reader.log.looked_for[-1] == [500, *range(437, 500)]


def test_a_log_that_numbers_anew_is_read_anew_though_its_counter_caught_up(reader: Reader) -> None:
    reader.log.write(1, 2)
    reader.read_on()
    reader.log.written.clear()
    reader.log.written.update({1: revocation(11), 2: revocation(12)})
    assert reader.read_on() == [revocation(11), revocation(12)]
    assert reader.read_on() == []


def test_where_the_last_entry_is_over_there_is_no_telling_and_with_news_all_is_read(
    reader: Reader,
) -> None:
    reader.log.write(1, 2)
    reader.read_on()
    del reader.log.written[2]
    assert reader.read_on() == []
    reader.log.write(3)
    assert reader.read_on() == [revocation(1), revocation(3)]
    reader.log.write(4)
    assert reader.read_on() == [revocation(4)]


def test_what_another_log_has_under_a_number_that_was_over_is_read(
    reader: Reader, hand_clock: HandClock
) -> None:
    reader.log.counter = 2
    reader.read_on()
    hand_clock.turn(15)
    assert reader.read_on() == []
    reader.log.write(1, 2)
    assert reader.read_on() == [revocation(1), revocation(2)]


def test_an_entry_of_a_version_to_come_that_says_more_is_understood(reader: Reader) -> None:
    reader.log.write(1)
    reader.log.documents[1] = {**revocation(1).document(), "why": "stolen"}
    assert reader.read_on() == [revocation(1)]


@pytest.mark.parametrize(
    "document", [{}, {"digest": None}, {"until": 1, "digest": "no hex"}, {"until": 1, "digest": 5}]
)
def test_an_entry_that_cannot_be_understood_hides_none_of_the_others(
    reader: Reader, document: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    reader.log.write(1, 2, 3)
    reader.log.documents[2] = document
    assert reader.read_on() == [revocation(1), revocation(3)]
    assert [record.reason for record in caplog.records] == ["shared_store_unavailable"]  # type: ignore[attr-defined]
    reader.log.write(4)
    assert reader.read_on() == [revocation(4)]


def test_no_error_ends_the_thread(reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    reader.log.write(1)
    reader.log.breaks = AttributeError("a bug in a store")
    reader.revocations.read_on_whatever_comes()
    (record,) = caplog.records
    assert record.getMessage().endswith("AttributeError'")
    reader.log.breaks = None
    reader.revocations.read_on_whatever_comes()
    assert reader.learnt == [revocation(1)]


def test_where_no_thread_can_be_had_the_next_request_tries_anew(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        reader.revocations.start()
    assert not reader.revocations.started
    reader.revocations.close()
    reader.revocations.begin_again()
    reader.revocations.start()
    assert reader.revocations.started
    reader.revocations.close()


def test_closed_and_used_again_it_reads_from_the_start_and_trusts_no_memory(
    reader: Reader,
) -> None:
    reader.log.write(1)
    reader.read_on()
    reader.revocations.start()
    reader.revocations.close()
    reader.revocations.begin_again()
    assert (reader.forgot, reader.revocations.started) == (1, False)
    reader.learnt.clear()
    reader.revocations.start()
    assert soon(lambda: reader.learnt == [revocation(1)])
    reader.revocations.close()


def test_who_comes_late_looks_for_no_more_than_it_can_remember(hand_clock: HandClock) -> None:
    reader = Reader(Shared("redis://127.0.0.1:1", secret="s" * 32, revocations=3), hand_clock)
    reader.log.write(*range(1, 11))
    assert reader.read_on() == [revocation(number) for number in (8, 9, 10)]
    assert reader.log.looked_for == [[8, 9, 10]]


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
    assert reader.forgot == 0, "the locks that it takes may not be new yet"
    reader.revocations.settle_after_fork()
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
