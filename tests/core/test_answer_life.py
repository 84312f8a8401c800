"""For how long what was heard of a token may be used (RFC 7662 section 4)."""

from __future__ import annotations

import pytest

from bearer_guard import AccessToken
from bearer_guard._core.answers import AnswerLife, Kept, Refused
from bearer_guard.settings import Introspection
from core.making import AUDIENCE, ISSUER, NOW

ASKED = 1000.0
"""When the server was asked, in monotonic seconds; it was then ``NOW`` by the wall's clock."""


def active(expires_at: float | None = None) -> Kept:
    token = AccessToken(ISSUER, "a", None, (AUDIENCE,), frozenset(), expires_at, None, "{}")
    return Kept(token, ASKED)


def refused(reason: str = "token_inactive") -> Kept:
    return Kept(Refused(reason, {}), ASKED)


def life(longest: float = 60, **options: float) -> AnswerLife:
    return AnswerLife(Introspection(token="t", **options), longest)  # type: ignore[arg-type]


def times(age: float) -> tuple[float, float]:
    return ASKED + age, NOW + age


@pytest.mark.parametrize(
    ("at_most", "age", "fresh"),
    [(60, 0, True), (60, 59.9, True), (60, 60, False), (10, 9.9, True), (10, 10, False)],
)
def test_an_answer_serves_whoever_takes_one_so_old(at_most: float, age: float, fresh: bool) -> None:
    assert life().is_fresh(active(), at_most, *times(age)) is fresh


def test_who_takes_none_is_served_by_none() -> None:
    """``0`` asks each time, even within the same tick of the clock."""
    assert not life().is_fresh(active(), 0, *times(0))


@pytest.mark.parametrize(("age", "fresh"), [(4.9, True), (5, False), (5.1, False)])
def test_no_answer_serves_past_its_expiry_and_no_leeway_stretches_that(
    age: float, fresh: bool
) -> None:
    kept = active(expires_at=NOW + 5)
    assert life().is_fresh(kept, 60, *times(age)) is fresh
    assert life(grace_for=600).is_in_grace(kept, 0, *times(age)) is fresh


def test_a_refusal_has_a_time_of_its_own_however_old_an_answer_may_be() -> None:
    of_ten = life(cache_inactive_for=10)
    for at_most in (0, 60, 3600):
        assert of_ten.is_fresh(refused(), at_most, *times(9.9))
        assert not of_ten.is_fresh(refused(), at_most, *times(10))


@pytest.mark.parametrize(("at_most", "until"), [(60, 90), (0, 30), (10, 40)])
def test_grace_begins_where_the_answers_time_ends(at_most: float, until: float) -> None:
    granted = life(grace_for=30)
    assert granted.is_in_grace(active(), at_most, *times(until - 0.1))
    assert not granted.is_in_grace(active(), at_most, *times(until))


def test_without_the_option_there_is_no_grace() -> None:
    assert not life().is_in_grace(active(), 60, *times(60))


def test_a_refusal_has_no_grace() -> None:
    granted = life(grace_for=86_400, cache_inactive_for=0)
    assert not granted.is_in_grace(refused(), 60, *times(0))


@pytest.mark.parametrize(
    ("kept", "seconds"),
    [
        (active(), 360),
        (active(expires_at=NOW + 100), 100),
        (active(expires_at=NOW - 1), -1),
        (active(expires_at=10**400), 360),
        (active(expires_at=1e300), 360),
        (refused(), 10),
        (refused("audience_mismatch"), 10),
        (refused("not_yet_valid"), 0),
    ],
)
def test_it_is_kept_for_as_long_as_anybody_may_use_it(kept: Kept, seconds: float) -> None:
    assert life(longest=60, grace_for=300).seconds(kept, *times(0)) == seconds


def test_the_time_of_the_call_itself_counts() -> None:
    """What was revoked while the answer was on its way is seen no later for it."""
    assert life(longest=60, grace_for=300).seconds(active(), *times(4)) == 356
    assert life().seconds(refused(), *times(4)) == 6
