"""Templates: one setting for the issuers of many applications (RFC 8725 section 3.8)."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import beyond_identity
from bearer_guard._core.issuer_template import filled_in, pattern_of
from bearer_guard.settings import Issuer

BASE = "https://auth.example.com/v1/tenants/t/realms/r/applications/"


def fits(identifier: str, template: str = BASE + "{application}", **options: Any) -> bool:
    return pattern_of(Issuer(template, **options)).fullmatch(identifier) is not None


@pytest.mark.parametrize(
    "part", ["a", "0001b18e", "7a8cce58-fd16-0449", "A_b~c.d", "...", "..a", ".a", "a" * 128]
)
def test_a_free_part_stands_for_any_one_plain_segment(part: str) -> None:
    assert fits(BASE + part)


@pytest.mark.parametrize(
    "part",
    [
        "",
        ".",
        "..",
        "a/b",
        "a/",
        "/a",
        "../x",
        "a/../b",
        "%2e%2e",
        "a%2Fb",
        "a b",
        "a?b",
        "a#b",
        "a@b",
        "a:b",
        "a;b",
        "a\\b",
        "a\n",
        "\na",
        "ä",
        "a\u2024",
        "{application}",
        "a" * 129,
    ],
)
def test_a_free_part_stands_for_nothing_else(part: str) -> None:
    """BCP-08: a token may choose the application, and nothing beyond it."""
    assert not fits(BASE + part)


@pytest.mark.parametrize(
    "identifier",
    [
        BASE.replace("https", "http") + "a",
        BASE.replace("auth.example.com", "auth-example.com") + "a",
        BASE.replace("auth.example.com", "authXexample.com") + "a",
        BASE.replace("auth.example.com", "auth.example.com.evil.example") + "a",
        BASE.replace("auth.example.com", "auth.example.com@evil.example") + "a",
        BASE.replace("tenants/t/", "tenants/other/") + "a",
        BASE.replace("realms/r/", "realms/R/") + "a",
        BASE.upper() + "a",
        "https://evil.example/?" + BASE + "a",
        " " + BASE + "a",
    ],
)
def test_everything_but_the_parts_is_fixed(identifier: str) -> None:
    """J19-15, BCP-08: two tenants of one host never stand for each other."""
    assert not fits(identifier)


def test_a_pinned_part_is_one_of_the_callers_own() -> None:
    pinned: dict[str, Any] = {"parts": {"application": ["a.b", "c"]}}
    assert fits(BASE + "a.b", **pinned)
    assert fits(BASE + "c", **pinned)
    for other in ("d", "aXb", "A.B", "a.bc", "ca.b", "a.b|c", ""):
        assert not fits(BASE + other, **pinned)


def test_several_parts_are_named_and_pinned_one_by_one() -> None:
    template = "https://h.example/{tenant}/x/{app}/"
    pattern = pattern_of(Issuer(template, parts={"tenant": ["t-1"]}))
    found = pattern.fullmatch("https://h.example/t-1/x/anything/")
    assert found is not None
    assert found.groupdict() == {"tenant": "t-1", "app": "anything"}
    for other in ("t-2/x/a/", "t-1/x/a", "t-1/x//", "t-1/y/a/", "t-1/x/a/b/"):
        assert pattern.fullmatch("https://h.example/" + other) is None


def test_a_dot_segment_in_the_middle_is_none_either() -> None:
    template = "https://h.example/{a}/x"
    assert fits("https://h.example/.../x", template)
    assert not fits("https://h.example/../x", template)
    assert not fits("https://h.example/./x", template)


def test_the_characters_of_a_template_mean_themselves() -> None:
    template = "https://h.example/a.b+c(d)*[e]/{part}"
    assert fits("https://h.example/a.b+c(d)*[e]/x", template)
    assert not fits("https://h.example/aXbbc(d)*[e]/x", template)


def test_an_address_is_filled_in_with_what_the_identifier_names() -> None:
    address = "https://{tenant}.keys.example/{app}/jwks?a={app}"
    named = {"tenant": "t-1", "app": "a-1"}
    assert filled_in(address, named) == "https://t-1.keys.example/a-1/jwks?a=a-1"
    assert filled_in("https://keys.example/jwks", named) == "https://keys.example/jwks"
    assert filled_in(address, {}) == address


def test_the_preset_of_a_vendor_pins_tenant_and_realm() -> None:
    pattern = pattern_of(beyond_identity("0001b18ee979ce2c", "19a95130480dfa79"))
    within = "https://auth-us.beyondidentity.com/v1/tenants/0001b18ee979ce2c/realms/"
    assert pattern.fullmatch(within + "19a95130480dfa79/applications/app-1")
    assert not pattern.fullmatch(within + "another/applications/app-1")
