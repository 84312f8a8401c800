"""Bounded memories."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from bearer_guard._upstream.stores import ForATime, RecentlyUsed
from bearer_guard.testing import HandClock
from key_life.world import at_once


def test_what_was_used_least_lately_goes_first() -> None:
    store: RecentlyUsed[int] = RecentlyUsed(2)
    store.put("a", 1)
    store.put("b", 2)
    assert store.get("a") == 1
    store.put("c", 3)
    assert [store.get(key) for key in "abc"] == [1, None, 3]
    assert len(store) == 2


def test_uses_count_once_there_are_more_values_than_was_said() -> None:
    store: RecentlyUsed[int] = RecentlyUsed(3, ordered_above=1)
    store.put("a", 1)
    store.put("b", 2)
    assert store.get("a") == 1
    store.put("c", 3)
    store.put("d", 4)
    assert [store.get(key) for key in "abcd"] == [1, None, 3, 4]

    store = RecentlyUsed(3, ordered_above=2)
    store.put("a", 1)
    store.put("b", 2)
    assert store.get("a") == 1
    store.put("c", 3)
    store.put("d", 4)
    assert [store.get(key) for key in "abcd"] == [None, 2, 3, 4]


def test_a_key_put_again_takes_no_second_place() -> None:
    store: RecentlyUsed[int] = RecentlyUsed(2)
    for value in range(5):
        store.put("a", value)
    store.put("b", 9)
    assert (store.get("a"), store.get("b"), len(store)) == (4, 9, 2)


def test_what_is_discarded_is_gone_and_twice_is_no_error() -> None:
    store: RecentlyUsed[int] = RecentlyUsed(2)
    store.put("a", 1)
    store.discard("a")
    store.discard("a")
    assert (store.get("a"), len(store)) == (None, 0)


def test_what_is_unwanted_is_discarded_and_nothing_else() -> None:
    recent: RecentlyUsed[int] = RecentlyUsed(10)
    lasting: ForATime[int] = ForATime(10, HandClock().monotonic)
    for number in range(6):
        recent.put(bytes([number]), number)
        lasting.put(bytes([number]), number, 60)
    recent.discard_where(lambda value: value % 2 == 0)
    lasting.discard_where(lambda value: value % 2 == 0)
    for store in (recent, lasting):
        assert [store.get(bytes([number])) for number in range(6)] == [None, 1, None, 3, None, 5]


def test_what_ends_while_unwanted_values_are_looked_for_is_no_error() -> None:
    clock = HandClock()
    store: ForATime[int] = ForATime(10, clock.monotonic)
    for number in range(3):
        store.put(bytes([number]), number, 10 * (number + 1))

    def unwanted(_value: int) -> bool:
        clock.turn(10)
        return True

    store.discard_where(unwanted)
    assert len(store) == 0


def test_what_goes_while_unwanted_values_are_looked_for_is_no_error() -> None:
    store: ForATime[int] = ForATime(2, HandClock().monotonic)
    for number in range(2):
        store.put(bytes([number]), number, 60)
    seen: list[int] = []

    def unwanted(value: int) -> bool:
        # As another thread would, between two looks; here the lock is held.
        store._values.pop(bytes([1 - value]))
        seen.append(value)
        return False

    store.discard_where(unwanted)
    assert (seen, len(store)) == ([0], 1)


def test_what_another_thread_pushes_out_meanwhile_is_found_all_the_same() -> None:
    class PushedOut(OrderedDict[Any, Any]):
        """Loses each value just after it was read, as a race does."""

        def get(self, key: Any, default: Any = None) -> Any:
            return self.pop(key, default)

    store: RecentlyUsed[int] = RecentlyUsed(2)
    store.put("a", 1)
    store._values = PushedOut(a=1, b=2)
    assert store.get("a") == 1
    assert store.get("a") is None


def test_a_store_that_another_thread_empties_meanwhile_has_nothing_to_push_out() -> None:
    class Emptied(OrderedDict[Any, Any]):
        """Loses all just after its size was read, as a race does."""

        def __len__(self) -> int:
            size = super().__len__()
            self.clear()
            return size

    store: RecentlyUsed[int] = RecentlyUsed(0)
    store._values = Emptied()
    store.put("a", 1)
    assert store.get("a") is None


def test_many_threads_share_a_store_and_its_bound() -> None:
    store: RecentlyUsed[int] = RecentlyUsed(100)

    def work(start: int) -> bool:
        for number in range(start, start + 2000):
            store.put(str(number), number)
            found = store.get(str(number - 3))
            if found not in (None, number - 3):
                return False
        return True

    assert at_once([lambda start=start: work(start) for start in range(0, 4000, 500)]) == [True] * 8
    assert len(store) <= 100 + 8


def test_a_value_is_kept_for_its_own_time() -> None:
    clock = HandClock()
    store: ForATime[str] = ForATime(10, clock.monotonic)
    store.put(b"short", "s", 10)
    store.put(b"long", "l", 60)
    clock.turn(9.999)
    assert (store.get(b"short"), store.get(b"long"), len(store)) == ("s", "l", 2)
    clock.turn(0.001)
    assert (store.get(b"short"), store.get(b"long"), len(store)) == (None, "l", 1)
    clock.turn(50)
    assert store.get(b"long") is None


def test_a_value_for_no_time_is_not_kept() -> None:
    store: ForATime[str] = ForATime(10, HandClock().monotonic)
    for seconds in (0, -1):
        store.put(b"a", "a", seconds)
    assert len(store) == 0


def test_a_value_is_discarded_before_its_time_and_twice_is_no_error() -> None:
    store: ForATime[str] = ForATime(3, HandClock().monotonic)
    store.put(b"a", "a", 60)
    store.discard(b"a")
    store.discard(b"a")
    assert (store.get(b"a"), len(store)) == (None, 0)


def test_no_more_values_are_kept_than_there_is_room_for() -> None:
    store: ForATime[int] = ForATime(3, HandClock().monotonic)
    for number in range(10):
        store.put(bytes([number]), number, 60)
    assert len(store) == 3
    assert store.get(bytes([9])) == 9


def test_a_forked_process_gets_a_lock_that_nobody_holds() -> None:
    store: ForATime[str] = ForATime(3, HandClock().monotonic)
    store.put(b"a", "a", 60)
    with store._lock:
        store.after_fork()
        assert store.get(b"a") == "a"
