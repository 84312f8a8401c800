"""A call that any worker needs is made once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from bearer_guard._running.fleet import Fleet
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.exchange import Reply, UpstreamFailure
from bearer_guard.settings.shared import Shared
from bearer_guard.testing import HandClock
from fleet.conftest import new_log

NewFleet = Callable[[], Fleet]
REPLY = Reply(200, {"etag": '"1"', "age": "3"}, b"\x00\xffbody")
NAME = "keys:a"


class Server:
    """Counts what it is asked."""

    def __init__(self, reply: Reply = REPLY) -> None:
        self.asked = 0
        self.reply = reply

    def __call__(self) -> Reply:
        self.asked += 1
        return self.reply


def ask(fleet: Fleet, server: Callable[[], Reply], lasts: float = 60) -> tuple[Reply, float]:
    """What is heard, and its age."""
    return fleet.once(NAME, time.monotonic() + 5, lambda _: lasts, server)[:2]


def test_what_one_heard_all_know(new_fleet: NewFleet, hand_clock: HandClock) -> None:
    server = Server()
    assert ask(new_fleet(), server) == (REPLY, 0)
    hand_clock.turn(7)
    assert ask(new_fleet(), server) == (REPLY, 7)
    assert server.asked == 1


def test_it_is_asked_again_when_the_answer_is_over(
    new_fleet: NewFleet, hand_clock: HandClock
) -> None:
    server, fleet = Server(), new_fleet()
    ask(fleet, server, lasts=10)
    hand_clock.turn(10)
    assert ask(fleet, server) == (REPLY, 0)
    assert server.asked == 2


def test_an_answer_that_does_not_last_is_not_kept(new_fleet: NewFleet) -> None:
    server, fleet = Server(), new_fleet()
    assert [ask(fleet, server, lasts=0)[1] for _ in range(2)] == [0, 0]
    assert server.asked == 2


def test_while_one_asks_the_others_wait_for_its_answer(new_fleet: NewFleet) -> None:
    server, asked, go_on = Server(), threading.Event(), threading.Event()

    def slow() -> Reply:
        asked.set()
        assert go_on.wait(5)
        return server()

    heard: list[tuple[Reply, float]] = []
    leader = threading.Thread(target=lambda: heard.append(ask(new_fleet(), slow)))
    leader.start()
    assert asked.wait(5)
    followers = [
        threading.Thread(target=lambda: heard.append(ask(new_fleet(), server))) for _ in range(3)
    ]
    for follower in followers:
        follower.start()
    go_on.set()
    for each in (leader, *followers):
        each.join(5)
    assert [reply for reply, _ in heard] == [REPLY] * 4
    assert server.asked == 1


def test_a_failure_is_everybodys_for_a_moment(new_fleet: NewFleet, hand_clock: HandClock) -> None:
    def fails() -> Reply:
        raise UpstreamFailure("upstream_timeout", status=504)

    with pytest.raises(UpstreamFailure):
        ask(new_fleet(), fails)
    server = Server()
    with pytest.raises(UpstreamFailure) as told:
        ask(new_fleet(), server)
    assert (told.value.reason, told.value.details) == ("upstream_timeout", {"status": 504})
    assert server.asked == 0
    hand_clock.turn(1)
    assert ask(new_fleet(), server)[0] == REPLY


def test_who_follows_one_that_left_without_an_answer_asks_by_itself(
    new_fleet: NewFleet, store: RedisStore
) -> None:
    server = Server()
    store.add(f"{NAME}:lead", b"1", 0.1)
    assert ask(new_fleet(), server) == (REPLY, 0)
    assert server.asked == 1


def test_who_follows_one_that_takes_too_long_asks_by_itself(
    new_fleet: NewFleet, store: RedisStore
) -> None:
    server = Server()
    store.add(f"{NAME}:lead", b"1", 60)
    heard = new_fleet().once(NAME, time.monotonic() + 0.2, lambda _: 60, server)
    assert (heard[:2], server.asked) == ((REPLY, 0), 1)


def test_and_it_does_so_while_there_is_time_for_an_answer(
    new_fleet: NewFleet, store: RedisStore
) -> None:
    store.add(f"{NAME}:lead", b"1", 60)
    until = time.monotonic() + 1
    left: list[float] = []

    def asked() -> Reply:
        left.append(until - time.monotonic())
        return REPLY

    new_fleet().once(NAME, until, lambda _: 60, asked)
    (seconds,) = left
    assert 0 < seconds <= 0.4


def test_what_was_heard_by_a_clock_that_is_ahead_is_not_younger_than_new(
    new_fleet: NewFleet, shared: Shared, store: RedisStore
) -> None:
    ahead = HandClock()
    ahead.turn(7)
    server = Server()
    assert ask(Fleet(shared, store, ahead, new_log(ahead)), server) == (REPLY, 0)
    assert ask(new_fleet(), server) == (REPLY, 0)
    assert server.asked == 1


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x01" + b"x" * 40, b'{"status": 200}'])
def test_what_somebody_else_wrote_is_nothing(
    new_fleet: NewFleet, store: RedisStore, octets: bytes
) -> None:
    server = Server()
    store.put(NAME, octets, 60)
    assert ask(new_fleet(), server) == (REPLY, 0)
    assert server.asked == 1


def test_what_was_moved_to_another_name_is_nothing(new_fleet: NewFleet, store: RedisStore) -> None:
    server, fleet = Server(), new_fleet()
    ask(fleet, server)
    store.put("keys:b", store.get([NAME])[0] or b"", 60)
    moved = fleet.once("keys:b", time.monotonic() + 5, lambda _: 60, server)
    assert (moved[:2], server.asked) == ((REPLY, 0), 2)


def test_what_was_heard_too_early_is_asked_for_again(
    new_fleet: NewFleet, hand_clock: HandClock
) -> None:
    server, fleet = Server(), new_fleet()
    began = hand_clock.time()
    ask(fleet, server)
    hand_clock.turn(5)
    for after, asked in ((began - 1, 1), (began, 2), (began, 2), (began + 5, 3)):
        fleet.once(NAME, time.monotonic() + 5, lambda _: 60, server, after)
        assert server.asked == asked


def test_one_hearing_is_not_taken_for_another(new_fleet: NewFleet) -> None:
    server, fleet, other = Server(), new_fleet(), new_fleet()

    def heard(by: Fleet, known: str | None) -> str:
        return by.once(NAME, time.monotonic() + 5, lambda _: 60, server, known=known).number

    first = heard(fleet, None)
    assert heard(other, None) == first
    second = heard(fleet, first)
    assert second != first
    assert heard(other, first) == second
    assert server.asked == 2


def test_a_budget_is_the_fleets(new_fleet: NewFleet) -> None:
    fleets = [new_fleet() for _ in range(4)]
    assert [fleet.may_spend("forced:a", 2, 30) for fleet in fleets] == [True, True, False, False]


class Failing:
    """A store that is away, and counts the knocks."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        def fails(*_arguments: object) -> Any:
            from bearer_guard.shared import StoreFailure

            self.asked += 1
            raise StoreFailure("ConnectionError")

        return fails


def test_without_its_store_a_worker_goes_on_by_itself_and_says_so(
    shared: Shared, hand_clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    store, server = Failing(), Server()
    fleet = Fleet(shared, store, hand_clock, new_log(hand_clock))
    assert ask(fleet, server) == (REPLY, 0)
    assert fleet.may_spend("forced:a", 0, 30)
    assert not fleet.append("log", {}, 60, 60)
    assert fleet.last("log") is None
    assert fleet.entries("log", [1]) is None
    assert (server.asked, store.asked) == (1, 1)
    assert [record.reason for record in caplog.records] == ["shared_store_unavailable"]


def test_a_store_that_failed_is_left_alone_for_a_while(
    shared: Shared, hand_clock: HandClock
) -> None:
    store = Failing()
    fleet = Fleet(shared, store, hand_clock, new_log(hand_clock))
    for seconds, knocks in ((0, 1), (0.9, 1), (0.1, 2), (0.5, 2)):
        hand_clock.turn(seconds)
        fleet.last("log")
        assert store.asked == knocks


def test_a_log_is_read_by_number(new_fleet: NewFleet) -> None:
    fleet, other = new_fleet(), new_fleet()
    assert fleet.last("log") == 0
    assert fleet.append("log", {"a": 1}, 60, 600)
    assert other.append("log", {"a": 2}, 60, 600)
    assert fleet.last("log") == 2
    assert fleet.entries("log", range(1, 4)) == [{"a": 1}, {"a": 2}, None]


def test_an_entry_that_is_over_is_not_written(new_fleet: NewFleet) -> None:
    fleet = new_fleet()
    assert not fleet.append("log", {"a": 1}, 0, 600)
    assert fleet.last("log") == 0


def test_where_the_counter_was_lost_no_entry_is_written_over(
    new_fleet: NewFleet, store: RedisStore
) -> None:
    fleet = new_fleet()
    for number in (1, 2):
        fleet.append("log", {"a": number}, 60, 600)
    store.delete("log")
    assert fleet.append("log", {"a": 3}, 60, 600)
    assert fleet.entries("log", range(1, 4)) == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_a_log_that_somebody_filled_up_takes_no_more(
    new_fleet: NewFleet, store: RedisStore
) -> None:
    for number in range(1, 101):
        store.put(f"log:{number}", b"", 60)
    assert not new_fleet().append("log", {"a": 1}, 60, 600)


@pytest.mark.parametrize("octets", [b"", b"-1", b"many", b"9" * 30])
def test_a_counter_that_somebody_else_wrote_is_none(
    new_fleet: NewFleet, store: RedisStore, octets: bytes
) -> None:
    store.put("log", octets, 60)
    assert new_fleet().last("log") == 0


class Meanwhile(RedisStore):
    """Between the look of one worker and its lead, another leads and leaves."""

    def __init__(self, inner: RedisStore, does: Callable[[], object]) -> None:
        self._inner = inner
        self._does = does
        self._done = False

    def add(self, name: str, value: bytes, seconds: float) -> bool:
        if not self._done:
            self._done = True
            self._does()
        return self._inner.add(name, value, seconds)

    def __getattribute__(self, name: str) -> Any:
        if name in ("get", "put", "count", "delete"):
            return getattr(super().__getattribute__("_inner"), name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("fails", [False, True])
def test_who_leads_looks_once_more_before_it_asks(
    new_fleet: NewFleet, shared: Shared, store: RedisStore, hand_clock: HandClock, fails: bool
) -> None:
    server, other = Server(), new_fleet()

    def fail() -> Reply:
        raise UpstreamFailure("upstream_timeout")

    def ask_first() -> None:
        if not fails:
            ask(other, server)
            return
        with pytest.raises(UpstreamFailure):
            ask(other, fail)

    late = Fleet(shared, Meanwhile(store, ask_first), hand_clock, new_log(hand_clock))
    if fails:
        with pytest.raises(UpstreamFailure):
            ask(late, server)
    else:
        assert ask(late, server) == (REPLY, 0)
    assert server.asked == (0 if fails else 1)
    assert store.get([f"{NAME}:lead"]) == [None], "nobody leads any more"
