"""The short names of issuers, as metrics, health and the log show them."""

from __future__ import annotations

from bearer_guard import Issuer, beyond_identity
from bearer_guard.settings.aliases import aliases


def of(*issuers: Issuer) -> list[str]:
    return list(aliases(issuers).values())


def test_an_alias_is_the_one_given_else_the_host() -> None:
    assert of(
        Issuer("https://login.example.com/", alias="staff"),
        Issuer("https://login.partner.example/realms/a"),
        Issuer("http://localhost:8080/"),
        Issuer("joe", jwks_uri="https://keys.example.com/"),
    ) == ["staff", "login.partner.example", "localhost:8080", "joe"]


def test_of_a_template_it_is_the_templates_host() -> None:
    assert of(beyond_identity("t1", "r1", region="eu")) == ["auth-eu.beyondidentity.com"]


def test_issuers_of_one_host_are_told_apart_by_their_paths() -> None:
    assert of(
        Issuer("https://login.example.com/realms/a"),
        Issuer("https://login.example.com/realms/b/"),
        Issuer("https://login.example.com/realms/c", alias="c"),
        Issuer("https://other.example.com/"),
    ) == [
        *("login.example.com/realms/a", "login.example.com/realms/b"),
        *("c", "other.example.com"),
    ]


def test_and_where_only_a_slash_tells_them_apart_by_the_whole() -> None:
    names = ["https://login.example.com", "https://login.example.com/"]
    assert of(*map(Issuer, names)) == names


def test_a_name_that_is_given_is_nobody_elses() -> None:
    """The host would do, were it not taken."""
    assert of(Issuer("https://a.example/x"), Issuer("https://b.example/", alias="a.example")) == [
        "a.example/x",
        "a.example",
    ]
