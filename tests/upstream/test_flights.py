"""Work in threads: one flight for each key, however many wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bearer_guard._upstream.flights import Flights, Full


@pytest.fixture
def flights() -> Iterator[Flights]:
    flights = Flights("flights-under-test", 2)
    yield flights
    flights.close()


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("flights-under")]


def test_no_thread_runs_before_the_first_flight(flights: Flights) -> None:
    assert threads() == []
    assert flights.board("a", lambda: 1).result() == 1
    assert len(threads()) == 1


def test_whoever_boards_while_it_flies_shares_the_flight(flights: Flights) -> None:
    landing, jobs = threading.Event(), []

    def job() -> int:
        jobs.append(landing.wait(5))
        return 7

    first = flights.board("a", job)
    assert flights.in_air("a") is first
    others = [flights.board("a", job) for _ in range(100)]
    landing.set()
    assert all(other is first for other in others)
    assert (first.result(), len(jobs)) == (7, 1)


def test_other_keys_fly_at_the_same_time(flights: Flights) -> None:
    both = threading.Barrier(2)
    first, second = (flights.board(key, lambda: both.wait(5)) for key in "ab")
    assert {first.result(), second.result()} == {0, 1}


def test_what_was_stored_before_landing_is_found_after_it(flights: Flights) -> None:
    """The job stores; only then is the flight out of the air, only then do waiters wake."""
    stored: list[bool] = []
    flight = flights.board("a", lambda: stored.append(flights.in_air("a") is not None))
    flight.result()
    assert stored == [True]
    assert flights.in_air("a") is None


def test_a_flight_that_fails_leaves_the_air_too(flights: Flights) -> None:
    def job() -> None:
        raise KeyError("lost")

    flight = flights.board("a", job)
    assert isinstance(flight.exception(), KeyError)
    assert flights.in_air("a") is None
    assert flights.board("a", lambda: 2).result() == 2


def test_more_flights_than_threads_take_their_turn(flights: Flights) -> None:
    results = [flights.board(number, lambda number=number: number) for number in range(20)]
    assert [flight.result() for flight in results] == list(range(20))
    assert len(threads()) <= 2


@pytest.fixture
def narrow() -> Iterator[Flights]:
    flights = Flights("flights-under-test", 2, queue=3)
    yield flights
    flights.close()


def test_a_bounded_pool_is_full_when_all_threads_and_the_queue_are(narrow: Flights) -> None:
    landing = threading.Event()
    flying = [narrow.board(number, lambda: landing.wait(5)) for number in range(5)]
    for key in ("a", "b"):
        with pytest.raises(Full):
            narrow.board(key, lambda: None)
        assert narrow.in_air(key) is None
    assert narrow.board(4, lambda: None) is flying[4], "to join a flight takes no room"
    assert narrow.board(0, lambda: None) is flying[0]
    landing.set()
    assert all(flight.result() for flight in flying)
    assert narrow.board("a", lambda: 1).result() == 1


def test_what_fails_makes_room_too(narrow: Flights) -> None:
    def job() -> None:
        raise KeyError("lost")

    for number in range(20):
        assert isinstance(narrow.board(number, job).exception(), KeyError)


def test_a_pool_without_a_queue_takes_as_many_as_it_has_threads() -> None:
    flights = Flights("flights-under-test", 2, queue=0)
    landing = threading.Event()
    flying = [flights.board(number, lambda: landing.wait(5)) for number in range(2)]
    with pytest.raises(Full):
        flights.board(2, lambda: None)
    landing.set()
    assert all(flight.result() for flight in flying)
    flights.close()


@pytest.fixture
def no_more_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on the system starts no thread for these flights."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("flights-under"):
            raise RuntimeError("can't start new thread")
        start(thread)

    return lambda: monkeypatch.setattr(threading.Thread, "start", refuse)


def test_without_a_thread_there_is_no_room_and_nothing_is_left_over(
    flights: Flights, no_more_threads: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []
    no_more_threads()
    for _ in range(3):
        with pytest.raises(Full):
            flights.board("a", lambda: run.append("too late"))
        assert flights.in_air("a") is None
    monkeypatch.undo()
    assert flights.board("a", lambda: run.append("in time")).exception() is None
    assert flights.board("b", lambda: run.append("in time")).exception() is None
    assert run == ["in time"] * 2


def test_what_found_no_thread_is_not_run_by_those_that_there_are(
    flights: Flights, no_more_threads: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool keeps what it was given, for its other threads: they find nothing to do."""
    run, landing = [], threading.Event()
    first = flights.board("a", lambda: landing.wait(5))
    no_more_threads()
    for _ in range(3):
        with pytest.raises(Full):
            flights.board("b", lambda: run.append("too late"))
    monkeypatch.undo()
    landing.set()
    assert first.result() is True
    again = flights.board("b", lambda: run.append("in time"))
    assert flights.in_air("b") in (again, None)
    assert again.exception() is None
    assert run == ["in time"]
    assert flights.in_air("b") is None


def test_a_thread_that_comes_upon_a_flight_before_it_is_refused_leaves_it(
    flights: Flights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the pool's queue and the thread that was not to be had, another may take it."""
    run: list[str] = []
    taken = threading.Event()
    fly = flights._fly

    def flown(flight: Any) -> Any:
        taken.set()
        return fly(flight)

    monkeypatch.setattr(flights, "_fly", flown)
    assert flights.board("a", lambda: 1).result() == 1
    assert flights._pool is not None
    submit = flights._pool.submit

    def late(*arguments: Any) -> Any:
        taken.clear()
        submit(*arguments)
        assert taken.wait(5)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(flights._pool, "submit", late)
    with pytest.raises(Full):
        flights.board("b", lambda: run.append("run"))
    flights.close()
    assert run == []


def test_closing_waits_for_what_is_in_the_air_and_ends_the_threads(flights: Flights) -> None:
    landing = threading.Event()
    flight = flights.board("a", lambda: landing.wait(5))
    closing = threading.Thread(target=flights.close)
    closing.start()
    landing.set()
    closing.join()
    assert flight.done()
    assert threads() == []
    flights.close()


def test_a_forked_process_shares_neither_flights_nor_threads(flights: Flights) -> None:
    landing = threading.Event()
    flight = flights.board("a", lambda: landing.wait(5))
    held, pool = flights._lock, flights._pool
    held.acquire()
    flights.after_fork()
    assert flights.in_air("a") is None
    assert flights.board("a", lambda: "here").result() == "here"
    held.release()
    landing.set()
    # Of this process, which did not fork, the old thread ends in its own way.
    assert isinstance(flight.exception() or KeyError(), KeyError)
    assert pool is not None
    pool.shutdown()
