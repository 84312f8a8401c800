"""Key ids that an issuer's keys have not: when to ask, stepped by hand."""

from __future__ import annotations

from bearer_guard import KeySetPolicy
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import Fetched, KeySource, Step
from key_life.sources import DOWN, UPSTREAM, land, unknown


def test_an_unknown_key_costs_two_fetches_in_thirty_seconds(source: KeySource) -> None:
    steps = []
    for now in (0, 1, 2, 29, 30, 31, 32):
        step = unknown(source, f"kid-{now}", now)
        if step is Step.FETCH:
            source.spend(now)
            land(source, None, now)
        steps.append(step)
    fetch, no = Step.FETCH, Step.UNKNOWN
    assert steps == [fetch, fetch, no, no, fetch, fetch, no]


def test_the_budget_is_spent_whatever_comes_of_it(source: KeySource) -> None:
    for now in (0, 10):
        assert unknown(source, "a", now) is Step.FETCH
        source.spend(now)
        source.fail(DOWN, now, UPSTREAM)
    assert unknown(source, "a", 20) is Step.UNAVAILABLE
    assert unknown(source, "a", 30) is Step.FETCH


def test_during_the_back_off_nobody_can_tell(source: KeySource) -> None:
    source.fail(DOWN, 0, UPSTREAM)
    assert unknown(source, "a", 0.5) is Step.UNAVAILABLE
    assert unknown(source, "a", 1) is Step.FETCH


def test_a_fetch_in_the_air_is_waited_for_at_no_cost(source: KeySource) -> None:
    source.spend(0)
    source.spend(0)
    assert unknown(source, "a", 1, in_air=True) is Step.FETCH


def test_a_fetch_that_started_after_the_request_settles_it(source: KeySource) -> None:
    asked = source.taken_off
    land(source, None, 1)
    assert unknown(source, "a", 1, asked=asked) is Step.UNKNOWN


def test_a_fetch_that_started_before_the_request_settles_nothing(source: KeySource) -> None:
    number = source.take_off()
    asked = source.taken_off
    source.land(number, Fetched(None, 600, None), 1, 0.8)
    assert unknown(source, "a", 1, asked=asked) is Step.FETCH


def missed(source: KeySource, kid: str | None, now: float) -> None:
    asked = source.taken_off
    land(source, None, now)
    assert unknown(source, kid, now, asked=asked) is Step.UNKNOWN


def test_a_key_that_a_fetch_did_not_bring_is_remembered_for_a_minute(source: KeySource) -> None:
    missed(source, "a", 0)
    assert unknown(source, "a", 59.9, in_air=True) is Step.UNKNOWN
    assert unknown(source, "b", 59.9) is Step.FETCH
    assert unknown(source, "a", 60) is Step.FETCH


def test_or_until_the_set_changes(source: KeySource, keys: KeySet, other_keys: KeySet) -> None:
    missed(source, "a", 0)
    land(source, keys, 1)
    assert unknown(source, "a", 2) is Step.UNKNOWN
    land(source, other_keys, 3)
    assert unknown(source, "a", 4) is Step.FETCH


def test_a_token_without_kid_is_not_remembered(source: KeySource) -> None:
    missed(source, None, 0)
    assert unknown(source, None, 1) is Step.FETCH


def test_the_last_128_are_remembered(source: KeySource) -> None:
    missed(source, "first", 0)
    for number in range(127):
        missed(source, str(number), 0)
    assert unknown(source, "first", 1) is Step.UNKNOWN
    missed(source, "0", 1)
    assert unknown(source, "first", 1) is Step.UNKNOWN, "one seen again takes no second place"
    missed(source, "one more", 1)
    assert unknown(source, "first", 1) is Step.FETCH
    assert unknown(source, "0", 1) is Step.UNKNOWN


def test_what_was_missed_again_is_among_the_last(source: KeySource) -> None:
    """What is over makes room, and not what was missed a moment ago for the second time."""
    for number in range(100):
        missed(source, f"old-{number}", 0)
    missed(source, "old-0", 61)
    for number in range(127):
        missed(source, f"new-{number}", 61)
        assert unknown(source, "old-0", 61) is Step.UNKNOWN
    missed(source, "one more", 61)
    assert unknown(source, "old-0", 61) is Step.FETCH
    assert unknown(source, "new-0", 61) is Step.UNKNOWN


def test_with_no_memory_for_them_none_is_remembered(source: KeySource) -> None:
    policy = KeySetPolicy(unknown_kids=0)
    land(source, None, 0)
    assert source.plan_unknown("a", 1, in_air=False, now=0, policy=policy) is Step.UNKNOWN
    assert source.plan_unknown("a", 2, in_air=False, now=0, policy=policy) is Step.FETCH


def test_an_answer_that_comes_late_does_not_turn_the_count_back(source: KeySource) -> None:
    early, late = source.take_off(), source.take_off()
    source.land(late, Fetched(None, 600, None), 1, 0.8)
    source.land(early, Fetched(None, 600, None), 2, 0.8)
    assert source.landed == late
