"""Whom a guard trusts (RFC 7519 section 4.1.1, RFC 8725 sections 3.1 and 3.8)."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard._core.trust import Trust, TrustedIssuer, named_issuer
from bearer_guard.errors import InvalidToken
from bearer_guard.settings import GuardSettings, Introspection, Issuer
from bearer_guard.settings.issuer import ALGORITHMS
from core.making import AUDIENCE, ISSUER

TEMPLATE = "https://apps.example.com/{tenant}/applications/{application}"
ANSWERS = Introspection("https://login.example.com/introspect", token="t")


def trust(*issuers: Issuer, **options: Any) -> Trust:
    return Trust(GuardSettings(audience=AUDIENCE, issuers=issuers, **options))


def is_trusted(found: Trust, identifier: str) -> bool:
    try:
        found.rules_for(identifier)
    except InvalidToken as error:
        return (error.reason, error.details) != ("issuer_untrusted", {"named": identifier})
    return True


@pytest.mark.parametrize(
    "other",
    [
        ISSUER[:-1],
        ISSUER + "/",
        ISSUER.upper(),
        "https://LOGIN.example.com/",
        "http://login.example.com/",
        "https://login.example.com:443/",
        "https://login.example.com./",
        " " + ISSUER,
        ISSUER + "\n",
        "",
        "https://evil.example/",
    ],
)
def test_an_issuer_is_trusted_to_the_character(other: str) -> None:
    """J19-07, AT-03: no slash, case or port is forgiven."""
    found = trust(Issuer(ISSUER), Issuer(TEMPLATE))
    assert is_trusted(found, ISSUER)
    assert not is_trusted(found, other)


def test_a_template_is_trusted_for_what_it_stands_for() -> None:
    found = trust(Issuer(ISSUER), Issuer(TEMPLATE, parts={"tenant": ["t-1"]}))
    assert is_trusted(found, "https://apps.example.com/t-1/applications/a")
    assert not is_trusted(found, "https://apps.example.com/t-2/applications/a")
    assert not is_trusted(found, TEMPLATE)


@pytest.mark.parametrize(
    "odd",
    [
        "{}/",
        "{}/b",
        "{}/../b",
        "{}?a=b",
        "{}#a",
        "{}\n",
        "{}\x00",
        "{} https://evil.example/",
        " {}",
        "https://evil.example/{}",
        "https://evil.example/?{}",
    ],
)
def test_a_template_is_trusted_for_nothing_more(odd: str) -> None:
    """J19-07, BCP-08: neither for what begins with an issuer of it, nor for what ends so."""
    one = "https://apps.example.com/t-1/applications/a"
    found = trust(Issuer(TEMPLATE))
    assert is_trusted(found, one)
    assert not is_trusted(found, odd.format(one))


def test_an_exact_issuer_comes_before_a_template_that_would_fit_too() -> None:
    """BCP-03: the settings that name it are the ones that count."""
    one = TEMPLATE.format(tenant="t-1", application="a")
    found = trust(Issuer(TEMPLATE), Issuer(one, leeway=1))
    assert found.rules_for(one).claims.leeway == 1
    assert found.rules_for(one + "b").claims.leeway == 60


def test_the_first_template_that_fits_decides() -> None:
    narrow = Issuer("https://apps.example.com/t-1/applications/{application}", leeway=1)
    found = trust(narrow, Issuer(TEMPLATE, leeway=2))
    for tenant, leeway in (("t-1", 1), ("t-2", 2)):
        identifier = TEMPLATE.format(tenant=tenant, application="a")
        assert found.template_for(identifier).claims.leeway == leeway


def test_the_template_itself_is_the_issuer_of_an_answer_that_names_none() -> None:
    """What an introspection answer without ``iss`` is filed under is known again."""
    found = trust(Issuer(TEMPLATE, introspection=ANSWERS))
    assert found.rules_for(TEMPLATE).settings.issuer == TEMPLATE
    assert not is_trusted(found, "https://evil.example/")


def test_a_name_that_is_no_string_stands_for_nobody() -> None:
    found = trust(Issuer(ISSUER), Issuer(TEMPLATE))
    exact, template = found.exact[ISSUER].rules, found.templates[0]
    for odd in (None, 1, True, [ISSUER], {}):
        assert not exact.stands_for(odd)
        assert not template.stands_for(odd)
    assert exact.stands_for(ISSUER)
    assert not exact.stands_for(ISSUER[:-1])
    assert template.stands_for("https://apps.example.com/t/applications/a")


def test_each_issuer_has_its_own_algorithms_rules_and_keys() -> None:
    """BCP-01, BCP-03, BCP-08."""
    other = "https://other.example.com/"
    found = trust(Issuer(ISSUER), Issuer(other, algorithms=["ES256"]))
    assert found.rules_for(ISSUER).algorithms == frozenset(ALGORITHMS)
    assert found.rules_for(other).algorithms == {"ES256"}
    assert found.exact[ISSUER].source is not found.exact[other].source


@pytest.mark.parametrize("claims", [{}, {"ISS": ISSUER}])
def test_a_token_names_its_issuer(claims: dict[str, Any]) -> None:
    """AT-03, RFC 9068 section 2.2."""
    with pytest.raises(InvalidToken) as refused:
        named_issuer(claims)
    assert (refused.value.reason, refused.value.details) == ("claim_missing", {"claim": "iss"})


@pytest.mark.parametrize("iss", [None, 1, True, [ISSUER], {"a": ISSUER}])
def test_it_does_so_by_a_string(iss: object) -> None:
    with pytest.raises(InvalidToken) as refused:
        named_issuer({"iss": iss})
    assert (refused.value.reason, refused.value.details) == ("claim_malformed", {"claim": "iss"})
    assert named_issuer({"iss": ISSUER}) == ISSUER


def opaque(*issuers: Issuer, **options: Any) -> str | None:
    found = trust(*issuers, **options).opaque
    return None if found is None else found[0].settings.issuer


def test_opaque_tokens_go_to_the_only_issuer_that_introspects() -> None:
    """A token is sent to no issuer that did not issue it, and to one at most."""
    assert opaque(Issuer(ISSUER)) is None
    assert opaque(Issuer(ISSUER, introspection=ANSWERS)) == ISSUER
    other = Issuer("https://other.example.com/", introspection=ANSWERS)
    assert opaque(Issuer(ISSUER), other) == other.issuer


def test_of_several_they_go_to_the_one_that_the_settings_name() -> None:
    """Never tried in turn."""
    one = Issuer(ISSUER, introspection=ANSWERS)
    two = Issuer("https://other.example.com/", introspection=ANSWERS)
    three = Issuer("https://third.example.com/")
    for named in (one, two):
        assert opaque(three, one, two, opaque_issuer=named.issuer) == named.issuer


def test_an_address_is_that_of_the_identifier_which_the_template_stands_for() -> None:
    found = trust(Issuer(ISSUER), Issuer(TEMPLATE))
    issuer = TrustedIssuer("https://apps.example.com/t-1/applications/a-1", found.templates[0])
    assert issuer.address("https://keys.example/{application}") == "https://keys.example/a-1"
    assert issuer.address(None) is None
    assert found.exact[ISSUER].address("https://keys.example/jwks") == "https://keys.example/jwks"
