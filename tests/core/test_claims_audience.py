"""For whom a token is (RFC 7519 section 4.1.3), and what else the settings demand of its claims."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard._core.claims_rules import ClaimsRules
from bearer_guard.errors import InvalidToken
from bearer_guard.settings import Issuer
from core.making import ABSENT, AUDIENCE, ISSUER, NOW, claims

OURS = frozenset({AUDIENCE, "urn:api"})


def rules(**options: Any) -> ClaimsRules:
    return ClaimsRules(Issuer(ISSUER, **options), OURS, None)


def refusal_of(found: ClaimsRules, **changes: Any) -> InvalidToken:
    with pytest.raises(InvalidToken) as refused:
        found.check_jwt(claims(**changes), explicit=True, now=NOW)
    with pytest.raises(InvalidToken) as refused_answer:
        found.check_answer(claims(**changes), NOW)
    assert refused_answer.value.reason == refused.value.reason
    return refused.value


def accepts(found: ClaimsRules, **changes: Any) -> None:
    found.check_jwt(claims(**changes), explicit=True, now=NOW)
    found.check_answer(claims(**changes), NOW)


@pytest.mark.parametrize(
    "aud", [AUDIENCE, "urn:api", [AUDIENCE], ["x", AUDIENCE], ["x", "y", "urn:api", "x"]]
)
def test_one_of_our_names_among_the_audience_is_enough(aud: object) -> None:
    """J19-02, J19-03, AT-04: a string or a list of them."""
    accepts(rules(), aud=aud)


@pytest.mark.parametrize(
    "aud",
    [
        "https://other.example.com",
        AUDIENCE + "/",
        AUDIENCE[:-1],
        AUDIENCE.upper(),
        "HTTPS://api.example.com",
        "https://api.example.com:443",
        " " + AUDIENCE,
        f"{AUDIENCE} x",
        "",
        "*",
        [],
        [""],
        ["x", AUDIENCE + "/"],
        list(AUDIENCE),
    ],
)
def test_every_other_audience_is_a_mismatch(aud: object) -> None:
    """J19-02, J19-07, AT-04, B-20: to the code point; no prefix, case or slash is forgiven."""
    error = refusal_of(rules(), aud=aud)
    assert error.reason == "audience_mismatch"
    assert error.details == {"expected": sorted(OURS), "named": aud}


@pytest.mark.parametrize(
    "aud", [None, 1, True, {}, {AUDIENCE: 1}, [1], [AUDIENCE, 1], [AUDIENCE, None], [[AUDIENCE]]]
)
def test_an_audience_is_made_of_strings(aud: object) -> None:
    """J19-03: ours beside what is none is no audience either."""
    error = refusal_of(rules(), aud=aud)
    assert (error.reason, error.details) == ("claim_malformed", {"claim": "aud"})


def test_a_token_without_an_audience_is_refused() -> None:
    """J19-02, B-20; MCP-02."""
    assert refusal_of(rules(), aud=ABSENT).reason == "audience_missing"


def test_nor_does_it_pass_for_naming_no_client_either() -> None:
    """Where no client may stand in for the audience, nobody is none of them."""
    assert refusal_of(rules(), aud=ABSENT, client_id=ABSENT).reason == "audience_missing"


def test_an_issuer_may_know_us_by_another_name_and_then_by_no_other() -> None:
    found = rules(audience=["api-id"])
    accepts(found, aud=["x", "api-id"])
    assert refusal_of(found, aud=AUDIENCE).reason == "audience_mismatch"


COGNITO = {
    "clients_instead_of_audience": ["c-1", "c-2"],
    "required_claims": {"token_use": "access"},
}


def test_named_clients_may_stand_in_for_a_missing_audience() -> None:
    accepts(rules(**COGNITO), aud=ABSENT, client_id="c-2", token_use="access")


@pytest.mark.parametrize("client_id", ["c-3", "C-1", "", "c-1 ", 1, None, ["c-1"], ABSENT])
def test_no_other_client_does(client_id: object) -> None:
    error = refusal_of(rules(**COGNITO), aud=ABSENT, client_id=client_id, token_use="access")
    assert error.reason == "audience_missing"


@pytest.mark.parametrize("aud", ["x", [], ["x"]])
def test_they_stand_in_for_no_other_audience(aud: object) -> None:
    """A token that is meant for somebody else is not meant for us, whoever brings it."""
    error = refusal_of(rules(**COGNITO), aud=aud, client_id="c-1", token_use="access")
    assert error.reason == "audience_mismatch"


@pytest.mark.parametrize("value", ["id", "Access", ABSENT, None, ["access"], True])
def test_a_required_claim_has_one_of_its_values(value: object) -> None:
    found = rules(required_claims={"use": ["access", "service"]})
    accepts(found, use="access")
    accepts(found, use="service")
    error = refusal_of(found, use=value)
    assert (error.reason, error.details) == ("claim_mismatch", {"claim": "use"})


def test_a_claim_that_must_fit_where_it_is_there_may_be_absent() -> None:
    found = rules(claims_if_present={"bi_r": ["r-1", "*"]})
    accepts(found)
    accepts(found, bi_r="*")
    for value in ("r-2", None, ["r-1"], ""):
        error = refusal_of(found, bi_r=value)
        assert (error.reason, error.details) == ("claim_mismatch", {"claim": "bi_r"})


@pytest.mark.parametrize("sub", [1, None, True, ["a"], {"id": "a"}])
def test_a_subject_is_a_string(sub: object) -> None:
    """RFC 7519 section 4.1.2: whoever compares users compares strings."""
    error = refusal_of(rules(), sub=sub)
    assert (error.reason, error.details) == ("claim_malformed", {"claim": "sub"})


def test_a_token_need_not_have_a_subject_outside_the_profile() -> None:
    accepts(rules(), sub=ABSENT)


@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {"x5t#S256": "x"}, {"x": 1}, {}, None, "x"])
def test_a_bound_token_is_no_bearer_token(cnf: object) -> None:
    """CNF-01, RFC 8705 section 3, RFC 9449 section 7.2: nobody proved possession."""
    error = refusal_of(rules(), cnf=cnf)
    assert (error.reason, error.details) == ("token_bound", {"claim": "cnf"})


@pytest.mark.parametrize("claim", ["typ", "token_use", "token_type", "tokenName"])
def test_a_claim_that_names_another_kind_is_heard_even_under_an_explicit_type(claim: str) -> None:
    """BCP-14: a header says what an issuer's library sets, the claim what its code meant."""
    assert refusal_of(rules(), **{claim: "refresh_token"}).reason == "other_token_kind"


def test_claims_that_nobody_knows_are_ignored() -> None:
    """J19-11, RFC 7519 section 4."""
    accepts(rules(), x=1, may_act={}, act={"sub": "b"}, urn=[None], groups={"a": [1]}, roles=5)
