"""A verified JWT and what its server says of it: the stricter of the two wins."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bearer_guard import AccessToken, InvalidToken
from bearer_guard._core.introspection import Answer
from bearer_guard._core.two_answers import stricter
from bearer_guard.settings import Issuer
from core.making import ABSENT, AUDIENCE, ISSUER, NOW, changed, claims
from core.stage import Stage

OTHER = "https://other.example.com"


def both(answer: dict[str, Any], token: dict[str, Any] | None = None, **issuer: Any) -> AccessToken:
    """What comes of a token with changed claims and of an answer with these."""
    stage = Stage(Issuer(ISSUER, **issuer))
    rules = stage.trust.exact[ISSUER].rules.claims
    own = claims(**(token or {}))
    rules.check_jwt(own, True, NOW)
    verified = rules.access_token(ISSUER, own, json.dumps(own))
    members = {"active": True, **answer}
    return stricter(verified, Answer(members, json.dumps(members)), rules, NOW)


def refusal(answer: dict[str, Any], token: dict[str, Any] | None = None, **issuer: Any) -> str:
    with pytest.raises(InvalidToken) as refused:
        both(answer, token, **issuer)
    return f"{refused.value.reason} {refused.value.details.get('claim', '')}".strip()


def test_an_answer_that_says_active_alone_takes_nothing() -> None:
    """RFC 7662 section 2.2: every other member is optional."""
    token = both({})
    assert (token.issuer, token.subject, token.client_id) == (ISSUER, "user-1", "client-1")
    assert (token.scopes, token.audience) == ({"orders:read"}, (AUDIENCE,))
    assert (token.expires_at, token.not_before) == (NOW + 300, None)
    assert token.claims == claims()


def test_an_answer_that_repeats_the_token_takes_nothing_either() -> None:
    """Keycloak and others do."""
    assert both(claims(token_type="Bearer", username="alice")).scopes == {"orders:read"}


def test_the_scopes_are_those_that_both_grant() -> None:
    token = {"scope": "orders:read orders:write"}
    assert both({"scope": "orders:read admin"}, token).scopes == {"orders:read"}
    assert both({"scp": ["orders:write"]}, token).scopes == {"orders:write"}
    assert both({}, {"scope": ABSENT}).scopes == frozenset()
    assert both({"scope": "admin"}, {"scope": ABSENT}).scopes == frozenset()


@pytest.mark.parametrize("scope", ["", 5, ["orders:read"], {}])
def test_scopes_that_are_named_and_none_grant_none(scope: Any) -> None:
    assert both({"scope": scope}).scopes == frozenset()


@pytest.mark.parametrize(("exp", "end"), [(299, 299), (301, 300), (300, 300), (0.5, 0.5)])
def test_the_earlier_expiry_counts(exp: float, end: float) -> None:
    assert both({"exp": NOW + exp}).expires_at == NOW + end


def test_an_expiry_out_of_all_range_is_compared_and_never_computed_with() -> None:
    assert both({"exp": 10**400}).expires_at == NOW + 300


@pytest.mark.parametrize(
    ("ours", "theirs", "start"), [(ABSENT, -5, -5), (-9, -5, -5), (-5, -9, -5), (-5, ABSENT, -5)]
)
def test_the_later_beginning_counts(ours: Any, theirs: Any, start: float) -> None:
    def at(seconds: Any) -> Any:
        return ABSENT if seconds is ABSENT else NOW + seconds

    token = both(changed({}, {"nbf": at(theirs)}), {"nbf": at(ours)})
    assert token.not_before == NOW + start


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"nbf": NOW + 61}, "not_yet_valid nbf"),
        ({"exp": "soon"}, "claim_malformed exp"),
        ({"nbf": True}, "claim_malformed nbf"),
        ({"token_type": "refresh_token"}, "other_token_kind"),
        ({"token_use": "id"}, "other_token_kind"),
        ({"nonce": "n"}, "id_token"),
        ({"events": {}}, "other_token_kind"),
        ({"token_type": "DPoP"}, "token_bound token_type"),
        ({"cnf": {"jkt": "x"}}, "token_bound cnf"),
        ({"aud": 5}, "claim_malformed aud"),
        ({"aud": [AUDIENCE, 5]}, "claim_malformed aud"),
    ],
)
def test_what_refuses_an_answer_refuses_it_here_too(answer: dict[str, Any], reason: str) -> None:
    assert refusal(answer) == reason


@pytest.mark.parametrize(
    ("answer", "claim"),
    [
        ({"iss": "https://evil.example/"}, "iss"),
        ({"iss": ISSUER[:-1]}, "iss"),
        ({"iss": 5}, "iss"),
        ({"sub": "user-2"}, "sub"),
        ({"sub": ["user-1"]}, "sub"),
        ({"aud": OTHER}, "aud"),
        ({"aud": [OTHER]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": AUDIENCE + "/"}, "aud"),
    ],
)
def test_an_answer_about_another_token_is_a_contradiction(
    answer: dict[str, Any], claim: str
) -> None:
    """A server that mixes up two tokens must not lend one the other's state."""
    assert refusal(answer) == f"introspection_disagrees {claim}"


def test_a_subject_that_the_answer_alone_names_is_a_contradiction_too() -> None:
    assert refusal({"sub": "user-1"}, {"sub": ABSENT}) == "introspection_disagrees sub"


def test_the_audience_is_what_both_name() -> None:
    token = {"aud": [AUDIENCE, OTHER]}
    assert both({"aud": [OTHER, AUDIENCE]}, token).audience == (AUDIENCE, OTHER)
    assert both({"aud": AUDIENCE}, token).audience == (AUDIENCE,)
    assert refusal({"aud": OTHER}, token) == "introspection_disagrees aud"


def test_two_names_of_ours_are_not_one_name() -> None:
    issuer = {"audience": ["one", "two"]}
    assert both({"aud": "one"}, {"aud": ["one", "two"]}, **issuer).audience == ("one",)
    assert refusal({"aud": "two"}, {"aud": "one"}, **issuer) == "introspection_disagrees aud"


def test_a_token_without_audience_that_passed_by_its_client_needs_ours_in_the_answer() -> None:
    issuer = {"clients_instead_of_audience": ["client-1"]}
    token = {"aud": ABSENT}
    assert both({}, token, **issuer).audience == ()
    assert both({"aud": [AUDIENCE]}, token, **issuer).audience == ()
    assert refusal({"aud": OTHER}, token, **issuer) == "introspection_disagrees aud"


def test_claims_that_the_settings_name_must_be_right_where_the_answer_has_them() -> None:
    issuer = {"required_claims": {"tier": ["gold"]}, "claims_if_present": {"tid": ["a"]}}
    token = {"tier": "gold"}
    assert both({}, token, **issuer)
    assert both({"tier": "gold", "tid": "a"}, token, **issuer)
    assert refusal({"tier": "tin"}, token, **issuer) == "claim_mismatch tier"
    assert refusal({"tid": "b"}, token, **issuer) == "claim_mismatch tid"


def test_a_mark_that_is_signed_with_the_token_was_judged_there() -> None:
    """``at+jwt`` settled what it is; that the answer repeats its ``nonce`` changes nothing."""
    assert both({"nonce": "n"}, {"nonce": "n"})
    assert refusal({"nonce": "m"}, {"nonce": "n"}) == "id_token"


def test_the_claims_are_those_that_were_signed() -> None:
    assert both({"username": "mallory", "scope": ""}).claims == claims()
