"""What the application reads from claims that passed, and the whole of RFC 9068."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bearer_guard import AccessToken
from bearer_guard._core.claims_rules import ClaimsRules
from bearer_guard.errors import InvalidToken
from bearer_guard.settings import Issuer
from core.making import ABSENT, AUDIENCE, ISSUER, NOW, claims


def rules(expand: Any = None, **options: Any) -> ClaimsRules:
    return ClaimsRules(Issuer(ISSUER, **options), frozenset({AUDIENCE}), expand)


def read(found: ClaimsRules, **changes: Any) -> AccessToken:
    said = claims(**changes)
    return found.access_token(ISSUER, said, json.dumps(said))


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("a", {"a"}),
        ("a b", {"a", "b"}),
        ("b a b", {"a", "b"}),
        (" a  b ", {"a", "b"}),
        ("", set()),
        ("   ", set()),
        ("a\tb", {"a\tb"}),
        ("a\nb\u00a0c\u2003d", {"a\nb\u00a0c\u2003d"}),
        ("a,b", {"a,b"}),
        ("Read read", {"Read", "read"}),
    ],
)
def test_a_string_of_scopes_is_split_at_spaces_and_at_nothing_else(
    scope: str, granted: set[str]
) -> None:
    """O-03, AT-09: RFC 6749 section 3.3."""
    assert read(rules(), scope=scope).scopes == granted


@pytest.mark.parametrize("scope", [["a"], None, 1, True, {"a": 1}])
def test_a_scope_claim_that_is_no_string_grants_nothing(scope: object) -> None:
    """AT-09: and what stands in ``scp`` beside it does not count either."""
    assert read(rules(), scope=scope, scp="b").scopes == set()


@pytest.mark.parametrize(
    ("scp", "granted"),
    [
        ("a b", {"a", "b"}),
        (["a", "b"], {"a", "b"}),
        (["a b"], {"a b"}),
        (["a", 1, None, ["b"], "", True], {"a"}),
        ([], set()),
        (1, set()),
        (None, set()),
    ],
)
def test_scp_is_a_string_or_a_list_of_whole_scopes(scp: object, granted: set[str]) -> None:
    """The forerunner that Okta, Entra and Hydra write."""
    assert read(rules(), scope=ABSENT, scp=scp).scopes == granted


def test_scope_may_be_a_list_where_the_settings_say_so() -> None:
    assert read(rules(scope_may_be_list=True), scope=["a", "b"]).scopes == {"a", "b"}


def test_the_settings_name_the_claims_that_hold_scopes_and_the_first_there_counts() -> None:
    found = rules(scope_claims=["permissions", "scope"])
    assert read(found, permissions=["a"], scope="b").scopes == {"a"}
    assert read(found, scope="b").scopes == {"b"}
    assert read(found, scope=ABSENT, scp="c").scopes == set()


def test_a_token_without_scopes_has_none() -> None:
    assert read(rules(), scope=ABSENT).scopes == frozenset()


def test_scopes_imply_others_only_by_a_function_of_the_settings() -> None:
    """MCP-09: and it never takes one away."""
    found = rules(lambda granted: ["read"] if "admin" in granted else [])
    assert read(found, scope="admin x").scopes == {"admin", "x", "read"}
    assert read(found, scope="x").scopes == {"x"}
    assert read(found, scope=ABSENT).scopes == set()
    assert read(rules(), scope="admin").scopes == {"admin"}


@pytest.mark.parametrize(
    ("said", "client_id"),
    [
        ({"client_id": "a", "azp": "b"}, "a"),
        ({"azp": "b", "appid": "c", "cid": "d"}, "b"),
        ({"appid": "c", "cid": "d"}, "c"),
        ({"cid": "d"}, "d"),
        ({"client_id": 5, "azp": "b"}, "b"),
        ({"client_id": None}, None),
        ({}, None),
        ({"client_id": "a/b"}, "a/b"),
    ],
)
def test_the_client_is_named_by_the_first_claim_that_names_one(
    said: dict[str, Any], client_id: str | None
) -> None:
    """RFC 8693 section 4.3; ``azp``, ``appid`` and ``cid`` are its forerunners."""
    assert read(rules(), **{"client_id": ABSENT, **said}).client_id == client_id


def test_the_client_may_be_the_last_part_of_a_path() -> None:
    found = rules(client_id_claims=["azp"], client_id_form="last_path_segment")
    assert read(found, azp="tenants/t/realms/r/applications/app-1").client_id == "app-1"
    assert read(found, azp="app-2").client_id == "app-2"
    assert read(found, azp=ABSENT).client_id is None


@pytest.mark.parametrize(
    ("aud", "audience"),
    [(AUDIENCE, (AUDIENCE,)), ([AUDIENCE, "x"], (AUDIENCE, "x")), ([], ()), (ABSENT, ())],
)
def test_the_audience_is_told_as_a_tuple(aud: object, audience: tuple[str, ...]) -> None:
    assert read(rules(), aud=aud).audience == audience


def test_everything_else_is_told_as_it_was_said() -> None:
    """BCP-09: issuer and subject together name a user; AT-10, AT-15: the rest is in ``claims``."""
    found = read(rules(), nbf=NOW - 1, roles={"a": [1]}, acr="x")
    assert (found.issuer, found.subject) == (ISSUER, "user-1")
    assert (found.expires_at, found.not_before) == (NOW + 300, NOW - 1)
    assert found.claims == claims(nbf=NOW - 1, roles={"a": [1]}, acr="x")
    bare = read(rules(), sub=ABSENT, exp=ABSENT)
    assert (bare.subject, bare.expires_at, bare.not_before) == (None, None, None)


PROFILE = {"profile": "rfc9068"}


def refusal_of(found: ClaimsRules, *, explicit: bool = True, **changes: Any) -> tuple[str, object]:
    with pytest.raises(InvalidToken) as refused:
        found.check_jwt(claims(**changes), explicit, NOW)
    return refused.value.reason, refused.value.details.get("claim")


def test_the_profile_lets_a_whole_token_in() -> None:
    rules(**PROFILE).check_jwt(claims(), explicit=True, now=NOW)


def test_the_profile_demands_the_explicit_type() -> None:
    """AT-01, RFC 9068 section 4; outside it, marks of a grant will do."""
    assert refusal_of(rules(**PROFILE), explicit=False)[0] == "type_unexpected"
    rules().check_jwt(claims(), explicit=False, now=NOW)


@pytest.mark.parametrize("claim", ["exp", "aud", "sub", "client_id", "iat", "jti"])
def test_the_profile_demands_each_of_its_claims(claim: str) -> None:
    """AT-07, RFC 9068 section 2.2. ``iss`` chose these rules, so it was there."""
    reason = "audience_missing" if claim == "aud" else "claim_missing"
    assert refusal_of(rules(**PROFILE), **{claim: ABSENT})[0] == reason
    if claim in ("client_id", "iat", "jti"):
        rules().check_jwt(claims(**{claim: ABSENT}), explicit=True, now=NOW)


@pytest.mark.parametrize("claim", ["client_id", "jti"])
@pytest.mark.parametrize("odd", [1, None, ["a"], True])
def test_the_profile_demands_strings(claim: str, odd: object) -> None:
    assert refusal_of(rules(**PROFILE), **{claim: odd}) == ("claim_malformed", claim)


@pytest.mark.parametrize("mark", ["nonce", "at_hash", "c_hash", "events"])
def test_without_the_explicit_type_marks_of_other_kinds_count(mark: str) -> None:
    """BCP-14; under ``at+jwt`` the issuer said what it is, and they do not."""
    assert refusal_of(rules(), explicit=False, **{mark: "x"})[0] in ("id_token", "other_token_kind")
    rules().check_jwt(claims(**{mark: "x"}), explicit=True, now=NOW)


def test_without_the_explicit_type_a_grant_must_be_marked() -> None:
    bare = {"scope": ABSENT, "client_id": ABSENT}
    assert refusal_of(rules(), explicit=False, **bare)[0] == "grant_unmarked"
    rules(grant_claims=["jti"]).check_jwt(claims(**bare), explicit=False, now=NOW)
    rules().check_jwt(claims(**bare), explicit=True, now=NOW)


def test_an_answer_needs_no_mark_of_a_grant_and_must_have_none_of_another_kind() -> None:
    """The server was asked for an access token; three of them answer for others too."""
    rules().check_answer({"aud": AUDIENCE, "sub": "a"}, NOW)
    for mark in ("nonce", "at_hash", "events"):
        with pytest.raises(InvalidToken):
            rules().check_answer(claims(**{mark: "x"}), NOW)
