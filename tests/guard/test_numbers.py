"""The design's numbers are the defaults."""

from __future__ import annotations

import pytest

from bearer_guard import Introspection, Issuer, KeySetPolicy, SettingsError, UpstreamPolicy
from bearer_guard.settings import GuardSettings

ISSUER = "https://login.example.com/"


def test_a_key_set_is_fresh_for_ten_minutes_and_usable_an_hour_longer() -> None:
    policy = KeySetPolicy()
    assert (policy.fresh_for, policy.fresh_at_least, policy.fresh_at_most) == (600, 60, 86_400)
    assert (policy.refresh_at, policy.jitter, policy.usable_stale_for) == (0.8, 0.05, 3600)


def test_an_unknown_kid_has_two_fetches_in_thirty_seconds_and_a_minutes_memory() -> None:
    policy = KeySetPolicy()
    assert (policy.forced_fetches, policy.forced_fetch_window) == (2, 30)
    assert (policy.unknown_kid_memory, policy.unknown_kids) == (60, 128)


def test_a_call_has_two_seconds_to_connect_five_in_all_and_a_mebibyte() -> None:
    policy = UpstreamPolicy()
    assert (policy.connect_timeout, policy.timeout, policy.max_answer) == (2, 5, 1_048_576)
    assert (policy.retries, policy.back_off, policy.back_off_at_most) == (1, 1, 30)


def test_an_answer_is_kept_a_minute_and_a_refusal_ten_seconds() -> None:
    introspection = Introspection("https://h/", token="t")
    kept = introspection.cache_for, introspection.cache_inactive_for, introspection.cached_answers
    assert kept == (60, 10, 10_000)


def test_introspection_has_64_calls_at_once_256_in_wait_and_stops_after_5_failures() -> None:
    introspection = Introspection("https://h/", token="t")
    assert (introspection.concurrent_calls, introspection.waiting_calls) == (64, 256)
    assert (introspection.failures_to_suspend, introspection.grace_for) == (5, 0)
    assert Issuer(ISSUER).introspect_jwts_every is None


def test_a_token_has_sixteen_kibibytes_and_ten_thousand_are_remembered() -> None:
    settings = GuardSettings(audience="a", issuers=[Issuer(ISSUER)])
    assert (settings.max_token_size, settings.remembered_tokens) == (16_384, 10_000)


def test_the_leeway_is_a_minute_and_five_at_most() -> None:
    assert Issuer(ISSUER).leeway == 60
    assert Issuer(ISSUER, leeway=300).leeway == 300
    with pytest.raises(SettingsError, match="leeway"):
        Issuer(ISSUER, leeway=301)
