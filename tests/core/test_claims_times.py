"""When a token is good (RFC 7519 sections 2 and 4.1.4 to 4.1.6), to the second."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bearer_guard import AccessToken
from bearer_guard._core.claims_rules import ClaimsRules, check_times, check_token_times
from bearer_guard.errors import InvalidToken
from bearer_guard.settings import Issuer
from core.making import ABSENT, AUDIENCE, ISSUER, NOW, claims

HUGE = 10**4000
"""More than any float holds; JSON has no bounds."""


def refusal_of(leeway: float = 0, **found: Any) -> tuple[str, object]:
    with pytest.raises(InvalidToken) as refused:
        check_times(found, leeway, NOW)
    return refused.value.reason, refused.value.details.get("claim")


def test_a_token_is_good_until_its_expiry_and_not_at_it() -> None:
    """J19-04, RFC 7519 section 4.1.4: "on or after which"."""
    check_times({"exp": NOW + 1}, 0, NOW)
    check_times({"exp": NOW + 0.001}, 0, NOW)
    check_times({"exp": int(NOW) + 1}, 0, NOW)
    assert refusal_of(exp=NOW) == ("expired", None)
    assert refusal_of(exp=int(NOW)) == ("expired", None)
    assert refusal_of(exp=NOW - 1) == ("expired", None)


def test_a_token_is_good_from_its_start_on() -> None:
    """J19-05, RFC 7519 section 4.1.5: "before which"."""
    check_times({"nbf": NOW}, 0, NOW)
    check_times({"nbf": int(NOW)}, 0, NOW)
    assert refusal_of(nbf=NOW + 0.001) == ("not_yet_valid", "nbf")
    assert refusal_of(nbf=int(NOW) + 1) == ("not_yet_valid", "nbf")


def test_a_token_issued_in_the_future_is_not_valid_yet() -> None:
    """J19-08: its issuer's clock and ours cannot both be right."""
    check_times({"iat": NOW}, 0, NOW)
    assert refusal_of(iat=NOW + 1) == ("not_yet_valid", "iat")
    assert refusal_of(iat=NOW + 1, nbf=NOW + 1) == ("not_yet_valid", "iat")


def test_leeway_forgives_so_much_and_no_more_in_both_directions() -> None:
    check_times({"exp": NOW - 59.9, "nbf": NOW + 60, "iat": NOW + 60}, 60, NOW)
    assert refusal_of(60, exp=NOW - 60) == ("expired", None)
    assert refusal_of(60, nbf=NOW + 60.1) == ("not_yet_valid", "nbf")
    assert refusal_of(60, iat=NOW + 61) == ("not_yet_valid", "iat")


def test_times_that_are_not_there_are_not_checked_here() -> None:
    check_times({}, 0, NOW)


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "odd",
    [True, False, None, "1900000000", "", "now", [], [1], {}, math.inf, -math.inf, math.nan],
)
def test_a_time_is_a_finite_number_and_no_boolean(claim: str, odd: object) -> None:
    """J19-06, RFC 7519 section 2."""
    assert refusal_of(**{claim: odd}) == ("claim_malformed", claim)


def test_numbers_far_out_of_range_are_compared_and_never_computed_with() -> None:
    """J19-06: a number that no float holds must not end in an OverflowError."""
    check_times({"exp": HUGE, "nbf": -HUGE, "iat": -HUGE}, 60, NOW)
    check_times({"exp": 1e308, "nbf": -1e308, "iat": 0}, 60, NOW)
    assert refusal_of(60, exp=-HUGE) == ("expired", None)
    assert refusal_of(60, nbf=HUGE) == ("not_yet_valid", "nbf")
    assert refusal_of(60, iat=HUGE) == ("not_yet_valid", "iat")


def rules(**options: Any) -> ClaimsRules:
    return ClaimsRules(Issuer(ISSUER, **options), frozenset({AUDIENCE}), None)


def test_a_jwt_names_its_expiry() -> None:
    """J19-04, AT-07, RFC 9068 section 2.2."""
    with pytest.raises(InvalidToken) as refused:
        rules().check_jwt(claims(exp=ABSENT), explicit=True, now=NOW)
    assert (refused.value.reason, refused.value.details) == ("claim_missing", {"claim": "exp"})


def test_an_introspection_answer_need_not() -> None:
    """RFC 7662 section 2.2: optional there."""
    rules().check_answer(claims(exp=ABSENT), NOW)
    rules().check_answer({"aud": AUDIENCE}, NOW)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"nbf": NOW + 61}, "not_yet_valid"),
        ({"iat": NOW + 61}, "not_yet_valid"),
        ({"exp": "1900000000"}, "claim_malformed"),
    ],
)
def test_both_are_held_to_their_times(changes: dict[str, Any], reason: str) -> None:
    """INT-06, RFC 7662 section 4: ``active`` does not replace our own look at the clock."""
    with pytest.raises(InvalidToken) as of_jwt:
        rules().check_jwt(claims(**changes), explicit=True, now=NOW)
    with pytest.raises(InvalidToken) as of_answer:
        rules().check_answer(claims(**changes), NOW)
    assert of_jwt.value.reason == of_answer.value.reason == reason


def test_each_issuer_has_its_own_leeway() -> None:
    strict = rules(leeway=0)
    assert (strict.leeway, rules().leeway) == (0, 60)
    with pytest.raises(InvalidToken):
        strict.check_jwt(claims(exp=NOW - 1), explicit=True, now=NOW)
    rules().check_jwt(claims(exp=NOW - 1), explicit=True, now=NOW)


def remembered(expires_at: float | None, not_before: float | None) -> AccessToken:
    return AccessToken(ISSUER, None, None, (), frozenset(), expires_at, not_before, "{}")


def test_a_token_that_was_good_before_is_held_to_its_times_again() -> None:
    check_token_times(remembered(None, None), 0, NOW)
    check_token_times(remembered(NOW + 1, NOW), 0, NOW)
    check_token_times(remembered(NOW - 59, NOW + 60), 60, NOW)
    check_token_times(remembered(HUGE, -HUGE), 60, NOW)
    for odd, reason in (
        (remembered(NOW - 60, None), "expired"),
        (remembered(None, NOW + 61), "not_yet_valid"),
        (remembered(HUGE, HUGE), "not_yet_valid"),
    ):
        with pytest.raises(InvalidToken) as refused:
            check_token_times(odd, 60, NOW)
        assert refused.value.reason == reason


def test_the_first_look_and_each_later_one_agree() -> None:
    """A remembered token is never let in where a fresh one would be refused, nor the reverse."""
    for offset in (-61, -60.001, -60, -59.999, -1, 0, 1, 59.999, 60, 60.001, 61):
        for claim in ("exp", "nbf"):
            fresh = {claim: NOW + offset}
            kept = remembered(fresh.get("exp"), fresh.get("nbf"))
            assert is_good(check_times, fresh) == is_good(check_token_times, kept)


def is_good(check: Any, subject: object) -> bool:
    try:
        check(subject, 60, NOW)
    except InvalidToken:
        return False
    return True
