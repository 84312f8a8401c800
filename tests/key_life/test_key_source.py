"""What is known of an issuer's keys, and what to do next: time turned by hand."""

from __future__ import annotations

import pytest

from bearer_guard import UpstreamPolicy
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import Fetched, KeySource, Step
from bearer_guard._core.metadata import Metadata
from key_life.sources import AGES, DOWN, GONE, POLICY, STALE, UPSTREAM, land, plan


def test_a_new_source_has_nothing_and_fetches() -> None:
    source = KeySource()
    assert (source.key_set, source.keys, source.usable(0, POLICY)) == (None, frozenset(), None)
    assert plan(source, 0) is Step.FETCH
    assert source.attend_at == float("-inf")


def test_keys_are_fresh_then_ageing_then_stale_then_gone(source: KeySource) -> None:
    steps = {
        now: plan(source, now) for now in (0, AGES - 1, AGES, STALE - 1, STALE, GONE - 1, GONE)
    }
    assert steps == {
        0: Step.USE,
        AGES - 1: Step.USE,
        AGES: Step.USE_AND_REFRESH,
        STALE - 1: Step.USE_AND_REFRESH,
        STALE: Step.FETCH,
        GONE - 1: Step.FETCH,
        GONE: Step.FETCH,
    }


def test_the_hard_limit_is_an_hour_past_fresh(source: KeySource, keys: KeySet) -> None:
    assert source.usable(GONE - 0.001, POLICY) is keys
    assert source.usable(GONE, POLICY) is None


def test_a_request_decides_nothing_before_the_keys_age(source: KeySource) -> None:
    assert source.attend_at == AGES
    plan(source, 100)
    assert source.attend_at == AGES


def test_while_a_refresh_is_on_its_way_nobody_else_decides(source: KeySource) -> None:
    assert plan(source, AGES) is Step.USE_AND_REFRESH
    assert source.attend_at == STALE


def test_stale_keys_serve_while_the_issuer_is_away(source: KeySource) -> None:
    source.fail(DOWN, STALE, UPSTREAM)
    assert source.attend_at == float("-inf")
    assert plan(source, STALE + 0.5) is Step.USE
    assert source.attend_at == STALE + 1
    assert plan(source, STALE + 1) is Step.USE_AND_REFRESH
    assert source.attend_at == STALE + 1


def test_the_hard_limit_goes_over_the_back_off(source: KeySource) -> None:
    for _ in range(10):
        source.fail(DOWN, GONE - 10, UPSTREAM)
    assert plan(source, GONE - 5) is Step.USE
    assert source.attend_at == GONE
    assert plan(source, GONE + 5) is Step.UNAVAILABLE
    assert plan(source, GONE + 20) is Step.FETCH


def test_without_keys_a_failure_is_unavailable_until_the_next_try() -> None:
    source = KeySource()
    source.fail(DOWN, 0, UPSTREAM)
    assert plan(source, 0.9) is Step.UNAVAILABLE
    assert plan(source, 1) is Step.FETCH


def test_fresh_keys_are_used_though_a_fetch_failed(source: KeySource) -> None:
    source.fail(DOWN, 10, UPSTREAM)
    assert plan(source, 10) is Step.USE
    assert source.attend_at == AGES
    source.fail(DOWN, AGES, UPSTREAM)
    assert plan(source, AGES) is Step.USE
    assert plan(source, AGES + 2) is Step.USE_AND_REFRESH


def test_the_back_off_doubles_from_one_second_to_thirty() -> None:
    source = KeySource()
    waits = []
    for _ in range(8):
        source.fail(DOWN, 100, UPSTREAM)
        waits.append(source.next_try - 100)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_the_back_off_stays_finite_and_ends_with_a_success(keys: KeySet) -> None:
    source = KeySource()
    source.failures = 10_000
    source.fail(DOWN, 0, UPSTREAM)
    assert source.next_try == 30
    land(source, keys, 30)
    assert (source.failures, source.failure) == (0, None)
    source.fail(DOWN, 31, UPSTREAM)
    assert source.next_try == 32


@pytest.mark.parametrize(("now", "seconds"), [(0, 1), (0.5, 1), (1, 1), (99, 1)])
def test_a_client_is_told_to_come_back_when_the_next_try_is_due(now: float, seconds: int) -> None:
    source = KeySource()
    assert source.retry_after(now) == 1
    source.fail(DOWN, 0, UPSTREAM)
    assert source.retry_after(now) == seconds


def test_a_client_is_told_whole_seconds_and_an_hour_at_most() -> None:
    source = KeySource()
    source.fail(DOWN, 0, UpstreamPolicy(back_off=2.5))
    assert (source.retry_after(0), source.retry_after(0.6), source.retry_after(2.4)) == (3, 2, 1)
    source.next_try = 1e9
    assert source.retry_after(0) == 3600


def test_an_unmodified_set_is_fresh_again_with_the_same_keys(
    source: KeySource, keys: KeySet
) -> None:
    land(source, None, STALE)
    assert source.key_set is keys
    assert (source.fresh_until, source.refresh_at) == (STALE + 600, STALE + AGES)


def test_a_confirmation_that_does_not_say_makes_them_fresh_for_as_long_as_before(
    keys: KeySet,
) -> None:
    source = KeySource()
    source.land(1, Fetched(keys, 100, '"1"'), 0, 0.8)
    source.land(2, Fetched(None, None, '"1"'), 90, 0.8)
    assert (source.fresh_until, source.refresh_at) == (190, 170)
    source.land(3, Fetched(None, 300, '"1"'), 180, 0.8)
    source.land(4, Fetched(None, None, '"1"'), 400, 0.8)
    assert source.fresh_until == 700


def test_after_a_failure_the_whole_set_is_asked_for(keys: KeySet) -> None:
    """The validator may be what the server stumbled over."""
    source = KeySource()
    source.land(1, Fetched(keys, 600, '"1"'), 0, 0.8)
    source.fail(DOWN, 480, UPSTREAM)
    assert source.etag is None


def test_a_validator_does_not_move_house_with_the_keys(keys: KeySet) -> None:
    source = KeySource()
    source.land_metadata(Metadata("https://h/keys", None, 600), 0)
    source.land(1, Fetched(keys, 600, '"1"'), 0, 0.8)
    source.land_metadata(Metadata("https://h/keys", None, 900), 600)
    assert source.etag == '"1"'
    source.land_metadata(Metadata("https://elsewhere/keys", None, 900), 1500)
    assert source.etag is None


def test_metadata_is_doubted_after_two_failures_in_a_row(source: KeySource, keys: KeySet) -> None:
    source.land_metadata(Metadata("https://h/keys", None, 9000), 0)
    source.fail(DOWN, 480, UPSTREAM)
    land(source, keys, 481)
    source.fail(DOWN, 961, UPSTREAM)
    assert not source.metadata.is_to_be_read(961)
    source.fail(DOWN, 962, UPSTREAM)
    assert source.metadata.is_to_be_read(962)
