"""A circuit breaker, stepped by hand: no lock, no clock, no call."""

from __future__ import annotations

import pytest

from bearer_guard._core.breaker import Breaker, Circuit, Permit
from bearer_guard._core.introspection import read_answer
from bearer_guard.exchange import Reply, UpstreamFailure
from bearer_guard.settings import UpstreamPolicy

POLICY = UpstreamPolicy(back_off=1, back_off_at_most=30)
LIMIT = 3
PATIENCE = 5


def permit(breaker: Breaker, now: float) -> Permit:
    found = breaker.take_off(now, PATIENCE)
    assert found is not None
    return found


def fail(
    breaker: Breaker,
    of: Permit,
    now: float,
    retry_after: float | None = None,
    policy: UpstreamPolicy = POLICY,
) -> float | None:
    failure = UpstreamFailure("upstream_unreachable", error="ConnectError")
    failure.retry_after = retry_after
    return breaker.fail(of, failure, now, LIMIT, policy)


def opened(now: float = 0) -> Breaker:
    """One that has just opened for the first time: for a second."""
    breaker = Breaker()
    assert [fail(breaker, permit(breaker, now), now) for _ in range(LIMIT)] == [None, None, 1]
    return breaker


def test_a_new_one_lets_every_call_go() -> None:
    breaker = Breaker()
    assert (breaker.circuit(0), breaker.refuses(0)) == (Circuit.CLOSED, False)
    assert [permit(breaker, 0).is_probe for _ in range(100)] == [False] * 100


def test_it_opens_with_the_last_of_so_many_failures_in_a_row() -> None:
    breaker = opened()
    assert (breaker.circuit(0), breaker.refuses(0)) == (Circuit.OPEN, True)
    assert breaker.take_off(0.999, PATIENCE) is None
    assert (breaker.failures, breaker.openings, breaker.open_until) == (LIMIT, 1, 1)


def test_an_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(10):
        for _ in range(LIMIT - 1):
            assert fail(breaker, permit(breaker, 0), 0) is None
        breaker.land(permit(breaker, 0))
        assert (breaker.failures, breaker.failure) == (0, None)
    assert breaker.circuit(0) is Circuit.CLOSED


def test_when_its_time_is_up_one_probe_goes_and_no_other_call() -> None:
    breaker = opened()
    assert (breaker.circuit(1), breaker.refuses(1)) == (Circuit.HALF_OPEN, False)
    assert permit(breaker, 1).is_probe
    assert [breaker.take_off(1, PATIENCE) for _ in range(100)] == [None] * 100
    assert (breaker.circuit(1), breaker.refuses(1)) == (Circuit.HALF_OPEN, True)


def test_an_answered_probe_closes_it() -> None:
    breaker = opened()
    breaker.land(permit(breaker, 1))
    assert (breaker.circuit(1), breaker.failures, breaker.openings) == (Circuit.CLOSED, 0, 0)
    assert not permit(breaker, 1).is_probe
    assert fail(breaker, permit(breaker, 1), 1) is None, "a hiccup does not open it again"


def test_a_failed_probe_opens_it_for_twice_as_long_up_to_a_bound() -> None:
    breaker, now, waits = opened(), 1.0, []
    for _ in range(8):
        wait = fail(breaker, permit(breaker, now), now)
        assert wait is not None
        waits.append(wait)
        assert breaker.refuses(now + wait - 0.001)
        now += wait
    assert waits == [2, 4, 8, 16, 30, 30, 30, 30]


def test_once_closed_it_begins_with_the_shortest_time_again() -> None:
    breaker = opened()
    assert fail(breaker, permit(breaker, 1), 1) == 2
    breaker.land(permit(breaker, 3))
    assert [fail(breaker, permit(breaker, 3), 3) for _ in range(LIMIT)] == [None, None, 1]


@pytest.mark.parametrize("back_off", [1, 1.0])
def test_an_outage_of_days_is_computed_with_all_the_same(back_off: float) -> None:
    """An integer may grow without end, a float may not."""
    breaker, now = opened(), 1.0
    policy = UpstreamPolicy(back_off=back_off, back_off_at_most=30)
    for _ in range(5000):
        now += fail(breaker, permit(breaker, now), now, policy=policy) or 0
    assert breaker.retry_after(now) == 1
    assert fail(breaker, permit(breaker, now), now, policy=policy) == 30


def test_calls_that_took_off_before_it_opened_say_nothing_any_more() -> None:
    """Neither a late failure makes it longer, nor does a late answer close it: it may have been
    given before the trouble began. The probe decides."""
    breaker = Breaker()
    before = [permit(breaker, 0) for _ in range(10)]
    for each in before[:LIMIT]:
        fail(breaker, each, 0)
    assert [fail(breaker, each, 0.5) for each in before[LIMIT:]] == [None] * 7
    breaker.land(before[0])
    assert (breaker.circuit(0.5), breaker.open_until) == (Circuit.OPEN, 1)
    probe = permit(breaker, 1)
    breaker.land(before[0])
    assert fail(breaker, before[1], 1) is None
    assert breaker.refuses(1), "the probe is in the air still"
    breaker.land(probe)
    assert breaker.circuit(1) is Circuit.CLOSED
    assert fail(breaker, before[2], 1) is None
    assert breaker.failures == 0


def test_a_probe_that_is_lost_holds_nobody_up_for_ever() -> None:
    breaker = opened()
    lost = permit(breaker, 1)
    assert breaker.take_off(1 + PATIENCE - 0.001, PATIENCE) is None
    second = permit(breaker, 1 + PATIENCE)
    assert second.is_probe
    breaker.land(lost)
    assert breaker.refuses(1 + PATIENCE), "it was given up, and decides nothing any more"
    breaker.land(second)
    assert breaker.circuit(1 + PATIENCE) is Circuit.CLOSED


def test_an_answer_that_says_nothing_changes_nothing() -> None:
    """Else a stranger's odd tokens would end every count of failures."""
    breaker = Breaker()
    for _ in range(LIMIT - 1):
        fail(breaker, permit(breaker, 0), 0)
        breaker.pass_over(permit(breaker, 0))
    assert breaker.failures == LIMIT - 1
    assert fail(breaker, permit(breaker, 0), 0) == 1


def test_a_probe_that_says_nothing_makes_room_for_another() -> None:
    breaker = opened()
    for _ in range(5):
        probe = permit(breaker, 1)
        assert breaker.refuses(1)
        breaker.pass_over(probe)
        assert (breaker.circuit(1), breaker.openings) == (Circuit.HALF_OPEN, 1)
    last = permit(breaker, 1)
    breaker.pass_over(probe)
    assert breaker.refuses(1), "one that is over makes no room for a third"
    breaker.land(last)
    assert breaker.circuit(1) is Circuit.CLOSED


def test_the_rest_of_a_call_goes_only_while_calls_go() -> None:
    """A repetition, or the second request of a call, after others had it open."""
    breaker = Breaker()
    first = permit(breaker, 0)
    assert breaker.lets(first, 0)
    for _ in range(LIMIT):
        fail(breaker, permit(breaker, 0), 0)
    assert not breaker.lets(first, 0)
    probe = permit(breaker, 1)
    assert (breaker.lets(first, 1), breaker.lets(probe, 1)) == (False, True)
    breaker.land(probe)
    assert breaker.lets(first, 1)


@pytest.mark.parametrize(
    ("asked", "wait"), [(7, 7), (0.5, 1), (30, 30), (31, 30), (10**10, 30), (0.001, 1)]
)
def test_a_server_that_asks_for_time_gets_it_at_once_within_bounds(
    asked: float, wait: float
) -> None:
    """RFC 9110 section 10.2.3. At least the time that it would have had, at most the longest."""
    breaker = Breaker()
    assert fail(breaker, permit(breaker, 0), 0, retry_after=asked) == wait
    assert breaker.refuses(wait - 0.001)
    assert permit(breaker, wait).is_probe


def test_a_probe_that_is_asked_for_time_gives_the_longer_of_the_two() -> None:
    for asked, wait in ((1, 2), (9, 9)):
        breaker = opened()
        assert fail(breaker, permit(breaker, 1), 1, retry_after=asked) == wait


def test_without_any_back_off_there_is_still_one_probe_at_a_time() -> None:
    breaker = Breaker()
    none = UpstreamPolicy(back_off=0, back_off_at_most=0)
    waits = [fail(breaker, permit(breaker, 0), 0, policy=none) for _ in range(LIMIT)]
    assert waits == [None, None, 0]
    assert permit(breaker, 0).is_probe
    assert breaker.take_off(0, PATIENCE) is None


@pytest.mark.parametrize(("now", "seconds"), [(0, 1), (0.5, 1), (1, 1), (2, 1)])
def test_clients_are_told_whole_seconds_and_one_at_least(now: float, seconds: int) -> None:
    assert opened().retry_after(now) == seconds


def test_clients_are_told_all_of_a_longer_time() -> None:
    breaker = Breaker()
    assert breaker.retry_after(0) == 1
    fail(breaker, permit(breaker, 0), 0, retry_after=20)
    assert [breaker.retry_after(now) for now in (0, 0.1, 18.9, 19.5)] == [20, 20, 2, 1]


def test_what_it_keeps_of_a_failure_holds_no_traceback() -> None:
    """A traceback holds the frames of the call, hence the token."""
    breaker = Breaker()
    with pytest.raises(UpstreamFailure) as raised:
        read_answer(Reply(500, {}, b""))
    assert raised.value.__traceback__ is not None
    breaker.fail(permit(breaker, 0), raised.value, 0, LIMIT, POLICY)
    assert breaker.failure is not None
    assert (breaker.failure.reason, breaker.failure.details) == (
        "introspection_unusable",
        {"status": 500},
    )
    assert breaker.failure.__traceback__ is None
