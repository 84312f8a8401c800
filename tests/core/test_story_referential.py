"""Tokens that say nothing by themselves, and what is answered of them (RFC 7662)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bearer_guard import AccessToken
from bearer_guard._core import story
from bearer_guard._core.introspection import Answer
from bearer_guard._core.needs import AnswerNeeded
from bearer_guard.errors import InvalidRequest, InvalidToken
from bearer_guard.settings import Issuer
from core.making import ABSENT, AUDIENCE, ISSUER, NOW, claims
from core.stage import INTROSPECTION, Stage, end

INTROSPECTING = Issuer(ISSUER, introspection=INTROSPECTION)
TEMPLATE = Issuer(
    "https://apps.example.com/realms/r/applications/{application}", introspection=INTROSPECTION
)
JWE = b"eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.Y2lwaGVydGV4dA.dGFn"


@pytest.mark.parametrize(
    "token",
    [JWE, b"opaque", b"a", b"ory_at_a.b", b"a.b.c.d", b"a.b.c.d.e.f", b"....", b"abc==", b"a~b+/"],
)
def test_whatever_has_not_three_parts_is_asked_of_the_issuer_that_introspects(
    token: bytes,
) -> None:
    """O-04, J16-01, RFC 7516 section 9: a JWE has five parts, and only its issuer opens it."""
    stage = Stage(INTROSPECTING)
    told, need = stage.begin(token)
    rules = stage.trust.exact[ISSUER].rules
    assert need == AnswerNeeded(rules, token, 60)
    answer = AccessToken(ISSUER, "a", None, (AUDIENCE,), frozenset(), None, None, "{}")
    verified = end(told, answer)
    assert (verified.access_token, verified.source, verified.key) == (answer, None, None)


@pytest.mark.parametrize("token", [JWE, b"opaque", b"a.b.c.d"])
def test_it_is_refused_with_advice_where_no_issuer_introspects(token: bytes) -> None:
    """J16-01: and never taken for a JWS."""
    with pytest.raises(InvalidToken) as refused:
        Stage(Issuer(ISSUER)).begin(token)
    assert refused.value.reason == "token_not_self_contained"
    assert "introspection" in str(refused.value.details["advice"])


@pytest.mark.parametrize(
    "token", [b"", b"a b", b"a,b", b"a=b", b"\xff", b'"a"', b"a\n", b"=", b"a.b\t"]
)
def test_what_is_no_b64token_is_sent_to_nobody(token: bytes) -> None:
    """B-02, HTTP-12."""
    with pytest.raises(InvalidRequest) as refused:
        Stage(INTROSPECTING).tell(token)
    assert refused.value.reason.startswith("credentials_")


def test_with_several_introspecting_issuers_the_settings_say_who_is_asked() -> None:
    """A token goes to one of them and to no other."""
    other = Issuer("https://other.example.com/", introspection=INTROSPECTION)
    stage = Stage(INTROSPECTING, other, opaque_issuer=other.issuer)
    _, need = stage.begin(b"opaque")
    assert need == AnswerNeeded(stage.trust.exact[other.issuer].rules, b"opaque", 60)


def judged(issuer: Issuer = INTROSPECTING, **changes: Any) -> AccessToken:
    said = {"active": True, **claims(**changes)}
    rules = Stage(issuer).trust.opaque
    assert rules is not None
    return story.judge_answer(Answer(said, json.dumps(said)), rules[0], NOW)


def refusal_of(issuer: Issuer = INTROSPECTING, **changes: Any) -> str:
    with pytest.raises(InvalidToken) as refused:
        judged(issuer, **changes)
    return refused.value.reason


def test_an_active_answer_for_us_makes_an_access_token() -> None:
    token = judged(username="alice", token_type="Bearer")
    assert (token.issuer, token.subject, token.client_id) == (ISSUER, "user-1", "client-1")
    assert (token.scopes, token.audience) == ({"orders:read"}, (AUDIENCE,))
    assert token.expires_at == NOW + 300
    assert token.claims["username"] == "alice"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"exp": NOW - 60.5}, "expired"),
        ({"nbf": NOW + 61}, "not_yet_valid"),
        ({"exp": "1900000000"}, "claim_malformed"),
        ({"aud": "https://other.example.com"}, "audience_mismatch"),
        ({"aud": ABSENT}, "audience_missing"),
        ({"iss": "https://evil.example/"}, "issuer_untrusted"),
        ({"iss": ISSUER[:-1]}, "issuer_untrusted"),
        ({"iss": 5}, "issuer_untrusted"),
        ({"iss": [ISSUER]}, "issuer_untrusted"),
        ({"token_type": "refresh_token"}, "other_token_kind"),
        ({"typ": "ID"}, "other_token_kind"),
        ({"nonce": "n"}, "id_token"),
        ({"token_type": "DPoP"}, "token_bound"),
        ({"cnf": {"jkt": "x"}}, "token_bound"),
        ({"sub": ["a"]}, "claim_malformed"),
    ],
)
def test_active_alone_lets_nobody_in(changes: dict[str, Any], reason: str) -> None:
    """INT-06, RFC 7662 section 4: the server tells the state of a token, and
    it may be another's, another kind's or a bound one's."""
    assert refusal_of(**changes) == reason


def test_times_in_an_answer_may_be_fractions() -> None:
    """J19-06: a server that Python or JavaScript runs writes them so."""
    assert judged(exp=NOW + 0.5, nbf=NOW - 0.5).expires_at == NOW + 0.5


def test_an_answer_without_an_issuer_is_of_the_one_that_was_asked() -> None:
    """RFC 7662 section 2.2: ``iss`` is optional."""
    assert judged(iss=ABSENT).issuer == ISSUER
    assert judged(TEMPLATE, iss=ABSENT).issuer == TEMPLATE.issuer


def test_a_templates_server_answers_for_its_own_issuers_alone() -> None:
    one = TEMPLATE.issuer.format(application="a-1")
    assert judged(TEMPLATE, iss=one).issuer == one
    assert refusal_of(TEMPLATE, iss=one.replace("realms/r/", "realms/s/")) == "issuer_untrusted"


def test_where_parts_are_pinned_an_answer_has_to_name_one_of_them() -> None:
    """RFC 7662 section 2.2 lets it leave out ``iss``; the server answers for the others too."""
    identifier = "https://apps.example.com/tenants/{tenant}/applications/{application}"
    of = {"tenant": "t", "application": "a-1"}
    for parts in ({"application": ["a-1"]}, {"application": ["a-1"], "tenant": ["t"]}):
        pinned = Issuer(identifier, parts=parts, introspection=INTROSPECTION)
        one = identifier.format(**of)
        assert judged(pinned, iss=one).issuer == one
        assert refusal_of(pinned, iss=one.replace("a-1", "a-2")) == "issuer_untrusted"
        assert refusal_of(pinned, iss=ABSENT) == "claim_missing"
        assert refusal_of(pinned, iss=None) == "issuer_untrusted"


def test_an_issuers_own_rules_hold_for_its_answers() -> None:
    demanding = Issuer(
        ISSUER,
        introspection=INTROSPECTION,
        audience="api-id",
        required_claims={"token_use": "access"},
        leeway=0,
    )
    assert judged(demanding, aud="api-id", token_use="access")
    assert refusal_of(demanding, token_use="access") == "audience_mismatch"
    assert refusal_of(demanding, aud="api-id") == "claim_mismatch"
    assert refusal_of(demanding, aud="api-id", token_use="access", exp=NOW) == "expired"
