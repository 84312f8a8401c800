"""What is refused before any key is looked for: each of these stories asks for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard._core.needs import KeysNeeded
from bearer_guard.errors import BearerError, InvalidRequest, InvalidToken
from bearer_guard.settings import Issuer
from core.making import ABSENT, AUDIENCE, ISSUER, NOW, claims, segment, token
from core.stage import INTROSPECTION, Stage


def refusal_of(odd: bytes, *issuers: Issuer) -> BearerError:
    """Why it is refused, where neither keys nor answers are at hand and none may be needed.

    The issuer introspects: what failed as a self-contained token is never tried there.
    """
    every = issuers or (Issuer(ISSUER, introspection=INTROSPECTION),)
    with pytest.raises(BearerError) as refused:
        Stage(*every).tell(odd)
    return refused.value


def test_the_stage_would_ask_for_a_good_tokens_key() -> None:
    """Else the tests below would prove nothing."""
    stage = Stage(Issuer(ISSUER, introspection=INTROSPECTION))
    assert stage.begin(token())


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "HS256", "HS512", "rs256", "RS256 ", "ES256K", "", "x"]
)
def test_an_algorithm_that_is_not_allowed(alg: str) -> None:
    """J15-06, J18-05, J18-06, BCP-01, BCP-02: exactly, so ``none`` in any spelling."""
    error = refusal_of(token(header={"alg": alg}))
    assert error.reason == "algorithm_not_allowed"
    assert "RS256" in error.details["allowed"]  # type: ignore[operator]


def test_an_algorithm_that_this_issuer_may_not_use() -> None:
    """BCP-03, FA-06: per issuer."""
    error = refusal_of(token(), Issuer(ISSUER, algorithms=["ES256", "EdDSA"]))
    assert (error.reason, error.details) == (
        "algorithm_not_allowed",
        {"allowed": ["ES256", "EdDSA"]},
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example/"}, "issuer_untrusted"),
        ({"iss": ISSUER[:-1]}, "issuer_untrusted"),
        ({"iss": ABSENT}, "claim_missing"),
        ({"iss": [ISSUER]}, "claim_malformed"),
        ({"exp": NOW - 60}, "expired"),
        ({"exp": ABSENT}, "claim_missing"),
        ({"exp": True}, "claim_malformed"),
        ({"nbf": NOW + 61}, "not_yet_valid"),
        ({"iat": NOW + 61}, "not_yet_valid"),
        ({"aud": "https://other.example.com"}, "audience_mismatch"),
        ({"aud": ABSENT}, "audience_missing"),
        ({"cnf": {"jkt": "x"}}, "token_bound"),
        ({"typ": "Refresh"}, "other_token_kind"),
        ({"sub": 1}, "claim_malformed"),
    ],
)
def test_claims_that_are_not_those_of_a_token_for_us(changes: Any, reason: str) -> None:
    """J19-02, J19-04 to J19-06, J19-15, CNF-01, TSL-01: cheap checks cost no network."""
    assert refusal_of(token(**changes)).reason == reason


@pytest.mark.parametrize("typ", ["JWT", ABSENT])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nonce": "n"}, "id_token"),
        ({"at_hash": "h", "aud": ["client-1", AUDIENCE]}, "id_token"),
        ({"events": {}}, "other_token_kind"),
        ({"token_use": "id"}, "other_token_kind"),
        ({"scope": ABSENT, "client_id": ABSENT}, "grant_unmarked"),
    ],
)
def test_a_token_that_its_type_does_not_call_an_access_token_and_its_claims_neither(
    typ: Any, changes: Any, reason: str
) -> None:
    """BCP-13, BCP-14: an id token for us is still no access token."""
    assert refusal_of(token(header={"typ": typ}, **changes)).reason == reason


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", "x"])
def test_a_token_of_another_explicit_type(typ: str) -> None:
    """BCP-13, AT-01."""
    assert refusal_of(token(header={"typ": typ})).reason == "type_unexpected"


@pytest.mark.parametrize("typ", ["JWT", ABSENT])
def test_a_token_without_the_type_that_the_profile_demands(typ: Any) -> None:
    """AT-01."""
    odd = token(header={"typ": typ})
    assert refusal_of(odd, Issuer(ISSUER, profile="rfc9068")).reason == "type_unexpected"


def unsigned(header: dict[str, Any], payload: dict[str, Any] | bytes) -> bytes:
    return b".".join((segment(header), segment(payload), b"c2ln"))


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (b"..", "header_malformed"),
        (b"GOOD=", "signature_malformed"),
        (unsigned({"alg": "RS256"}, b"[]"), "claims_malformed"),
        (unsigned({"alg": "RS256", "crit": ["x"]}, claims()), "header_extension"),
        (segment(b"{}") + b".." + segment(b"{}"), "header_malformed"),
    ],
)
def test_three_parts_that_are_no_jws(odd: bytes, reason: str) -> None:
    """B-15: a b64token, hence not malformed credentials; and no token of ours."""
    error = refusal_of(odd.replace(b"GOOD", token()))
    assert isinstance(error, InvalidToken)
    assert error.reason == reason


@pytest.mark.parametrize(
    "odd",
    [
        b"GOOD\n",
        b"GOOD x",
        b"e30 .e30.e30",
        b"e30=.e30.e30",
        b".\x00.",
        b".=.",
        "ä.b.c".encode(),
        b'{"a":"b.c.d"}',
    ],
)
def test_three_parts_that_are_no_b64token_either_are_a_bad_request(odd: bytes) -> None:
    """B-02, HTTP-12, BCP-16: RFC 6750 section 3.1."""
    error = refusal_of(odd.replace(b"GOOD", token()))
    assert isinstance(error, InvalidRequest)
    assert error.reason == "credentials_malformed"


def test_three_parts_with_a_comma_are_two_sets_of_credentials() -> None:
    """HTTP-02: servers join repeated lines so, and no token holds one."""
    for odd in (b"a, b.c.d", token() + b", Bearer x", token() + b"," + b"Basic YTpi"):
        error = refusal_of(odd)
        assert isinstance(error, InvalidRequest)
        assert error.reason == "credentials_repeated"


def test_a_foreign_issuer_is_refused_before_anything_else_is_judged() -> None:
    """J19-15: what a stranger's token says is not even looked at."""
    odd = token(iss="https://evil.example/", exp=0, aud="x", header={"alg": "none"})
    error = refusal_of(odd)
    assert (error.reason, error.details) == (
        "issuer_untrusted",
        {"named": "https://evil.example/"},
    )


def test_a_stranger_within_a_templates_host_is_refused_without_a_question() -> None:
    """BCP-08: two tenants of one vendor, one host, one audience, one scope."""
    template = Issuer("https://auth.example.com/tenants/ours/applications/{application}")
    foreign = "https://auth.example.com/tenants/theirs/applications/a"
    assert refusal_of(token(iss=foreign), template).reason == "issuer_untrusted"


def test_what_a_header_says_of_keys_brings_none() -> None:
    """J15-08, BCP-12: the need that comes is for the pinned issuer's own keys."""
    evil = {"jku": "https://evil.example/jwks", "x5u": "https://evil.example/", "jwk": {}}
    stage = Stage()
    _, need = stage.begin(token(header=evil))
    assert need == KeysNeeded(stage.trust.exact[ISSUER])
