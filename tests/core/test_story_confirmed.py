"""Self-contained tokens of which their server is asked as well, stepped by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import AccessToken
from bearer_guard._core import story
from bearer_guard._core.needs import AnswerNeeded, IssuerNeeded, KeysNeeded, Verified
from bearer_guard._core.trust import TrustedIssuer
from bearer_guard.errors import InvalidToken
from bearer_guard.settings import Introspection, Issuer, Rule
from core.making import AUDIENCE, ISSUER, jwk, key_set, token
from core.stage import INTROSPECTION, Stage, end

KEYS = key_set(jwk())
ANSWER = AccessToken(ISSUER, "a", None, (AUDIENCE,), frozenset(), None, None, "{}")


def asking(every: float | None = 30, **options: Any) -> Issuer:
    return Issuer(ISSUER, introspection=INTROSPECTION, introspect_jwts_every=every, **options)


def stage(*issuers: Issuer, **options: Any) -> Stage:
    made = Stage(*issuers, **options)
    if ISSUER in made.trust.exact:
        made.publish(KEYS)
    return made


def tell(made: Stage, written: bytes, at_most: float | None) -> Verified | story.Story:
    return story.of_token(written, made.trust, made.clock, made.known_headers, at_most)


def age_asked_for(made: Stage, at_most: float | None = None) -> float | None:
    told = tell(made, token(), at_most)
    if isinstance(told, Verified):
        return None
    need = next(told)
    assert isinstance(need, AnswerNeeded)
    return need.at_most


def test_a_verified_token_is_asked_about_with_what_was_verified() -> None:
    made, written = stage(asking()), token()
    told, need = made.begin(written)
    assert isinstance(need, AnswerNeeded)
    assert (need.rules, need.token, need.at_most) == (
        made.trust.exact[ISSUER].rules,
        written,
        30,
    )
    assert need.verified is not None
    assert need.verified.access_token.subject == "user-1"
    assert need.verified.key is not None
    assert end(told, ANSWER) == Verified(ANSWER)


def test_what_comes_of_it_is_not_remembered_as_a_signature() -> None:
    """Or it would serve without the answer."""
    told, _ = stage(asking()).begin(token())
    verified = end(told, ANSWER)
    assert (verified.source, verified.key) == (None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"number": 1}, "signature_invalid"),
        ({"aud": "https://other.example.com"}, "audience_mismatch"),
        ({"exp": 1}, "expired"),
        ({"iss": "https://evil.example/"}, "issuer_untrusted"),
        ({"cnf": {"jkt": "x"}}, "token_bound"),
    ],
)
def test_one_that_failed_here_is_asked_about_nowhere(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        stage(asking()).tell(token(**changes))
    assert refused.value.reason == reason


def test_cold_keys_come_first() -> None:
    made = Stage(asking())
    told, need = made.begin(token())
    assert isinstance(need, KeysNeeded)
    assert isinstance(told.send(KEYS), AnswerNeeded)
    assert end(told, ANSWER).access_token is ANSWER


def test_a_forged_one_with_cold_keys_is_asked_about_nowhere() -> None:
    told, _ = Stage(asking()).begin(token(number=1))
    with pytest.raises(InvalidToken) as refused:
        told.send(KEYS)
    assert refused.value.reason == "signature_invalid"


def test_without_the_setting_nobody_is_asked() -> None:
    for issuer in (asking(None), Issuer(ISSUER)):
        assert stage(issuer).verified(token()).key is not None


@pytest.mark.parametrize(
    ("of_issuer", "of_path", "asked_for"),
    [
        (None, None, None), (None, 10, 10), (None, 0, 0), (30, None, 30), (30, 10, 10),
        (30, 60, 30), (0, 60, 0), (0, None, 0), (30, 0, 0),
    ],
)  # fmt: skip
def test_of_issuer_and_path_the_stricter_counts(
    of_issuer: float | None, of_path: float | None, asked_for: float | None
) -> None:
    rules = [] if of_path is None else [Rule("/a", introspect_every=of_path)]
    assert age_asked_for(stage(asking(of_issuer), rules=rules), of_path) == asked_for


def test_a_path_that_demands_nothing_leaves_it_to_the_issuer() -> None:
    rules = [Rule("/a", introspect_every=5)]
    assert age_asked_for(stage(asking(None), rules=rules)) is None
    assert age_asked_for(stage(asking(30), rules=rules)) == 30


def test_each_token_is_asked_about_at_its_own_issuers_endpoint() -> None:
    other = Issuer("https://other.example.com/", introspection=INTROSPECTION)
    made = stage(other, asking(), opaque_issuer=other.issuer)
    _, need = made.begin(token())
    assert isinstance(need, AnswerNeeded)
    assert need.rules.settings.issuer == ISSUER
    _, need = made.begin(b"opaque")
    assert isinstance(need, AnswerNeeded)
    assert need.rules.settings is other


def test_only_the_issuers_that_say_so_are_asked() -> None:
    other = asking_other()
    made = stage(asking(None), other, opaque_issuer=other.issuer)
    assert made.verified(token()).key is not None


def asking_other() -> Issuer:
    return Issuer(
        "https://other.example.com/", introspection=INTROSPECTION, introspect_jwts_every=0
    )


def test_cold_keys_of_an_issuer_that_is_not_asked_lead_to_the_end() -> None:
    other = asking_other()
    made = Stage(asking(None), other, opaque_issuer=other.issuer)
    told, _ = made.begin(token())
    assert end(told, KEYS).key is not None


def test_a_templates_tokens_are_asked_about_at_its_one_endpoint() -> None:
    name = "https://apps.example.com/{application}"
    template = Issuer(name, introspection=INTROSPECTION, introspect_jwts_every=5)
    made = Stage(template)
    one = name.format(application="a-1")
    told, need = made.begin(token(iss=one))
    assert isinstance(need, IssuerNeeded)
    assert isinstance(told.send(TrustedIssuer(one, need.rules)), KeysNeeded)
    need = told.send(KEYS)
    assert isinstance(need, AnswerNeeded)
    assert (need.rules.settings, need.at_most) == (template, 5)


@pytest.mark.parametrize(("at_most", "asked_for"), [(None, 60), (5, 5), (0, 0), (3600, 60)])
def test_a_path_may_want_a_younger_answer_about_an_opaque_token_too(
    at_most: float | None, asked_for: float
) -> None:
    told = tell(Stage(asking(None)), b"opaque", at_most)
    assert not isinstance(told, Verified)
    need = next(told)
    assert isinstance(need, AnswerNeeded)
    assert (need.at_most, need.verified) == (asked_for, None)


def test_one_that_was_verified_before_goes_on_from_there() -> None:
    made = stage(asking())
    before = tell(stage(asking(None)), token(), None)
    assert isinstance(before, Verified)
    told = story.confirmed(before, token(), made.trust, None)
    assert not isinstance(told, Verified)
    need = next(told)
    assert isinstance(need, AnswerNeeded)
    assert need.verified is before
    assert story.confirmed(before, token(), stage(asking(None)).trust, None) is before


def test_no_more_endpoints_are_made_ready_than_tokens_lead_to() -> None:
    plain = Introspection("https://b.example/introspect", token="t")
    issuers = [
        Issuer("https://a.example/", introspection=plain),
        Issuer("https://b.example/", introspection=plain),
        Issuer("https://c.example/", introspection=plain, introspect_jwts_every=60),
        Issuer("https://d.example/"),
    ]

    def led_to(*issuers: Issuer, **options: Any) -> list[str]:
        trust = Stage(*issuers, opaque_issuer="https://b.example/", **options).trust
        return [rules.settings.issuer[8] for rules in trust.introspecting]

    assert led_to(*issuers) == ["b", "c"]
    assert led_to(*issuers[:3], rules=[Rule("/a", introspect_every=9)]) == ["a", "b", "c"]
    assert Stage(issuers[3]).trust.introspecting == ()
