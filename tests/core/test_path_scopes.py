"""The scopes that paths need: by every reading of a path, and never by a rule in vain."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import Rule, SettingsError
from bearer_guard._core.path_rules import PathRules, Requirement
from bearer_guard.settings import GuardSettings, Introspection, Issuer
from core.seen import Seen

NOTHING = Requirement((), ())


def paths(**options: Any) -> PathRules:
    issuers = [Issuer("https://i.example", introspection=Introspection(token="t"))]
    return PathRules(GuardSettings(audience="a", issuers=issuers, **options))


def needed(
    url: str, *rules: Rule, method: str = "GET", always: tuple[str, ...] = ()
) -> Requirement:
    return paths(rules=rules, required_scopes=always).requirement(Seen(method, url))


READ = Rule("/orders/**", methods=["GET"], scopes=["orders:read"])
WRITE = Rule("/orders/**", scopes=["orders:write"])


@pytest.mark.parametrize(
    ("method", "scopes"),
    [
        ("GET", ("orders:read",)),
        ("HEAD", ("orders:read",)),
        ("POST", ("orders:write",)),
        ("PROPFIND", ("orders:write",)),
    ],
)
def test_the_first_rule_that_covers_path_and_method_decides(
    method: str, scopes: tuple[str, ...]
) -> None:
    """HTTP-11: HEAD is GET without a body, hence needs what GET needs."""
    assert needed("/orders/1", READ, WRITE, method=method) == Requirement(scopes, ())


def test_get_is_not_head() -> None:
    only_head = Rule("/a", methods=["HEAD"], scopes=["s"])
    assert needed("/a", only_head, method="HEAD").scopes == ("s",)
    assert needed("/a", only_head) == NOTHING


@pytest.mark.parametrize("url", ["/a/b", "/a/b/", "/a/%62"])
def test_a_rule_covers_a_trailing_slash_which_frameworks_forgive(url: str) -> None:
    assert needed(url, Rule("/a/b", scopes=["s"])).scopes == ("s",)


@pytest.mark.parametrize(("path", "url"), [("/a/b/", "/a/b"), ("/a/b/", "/a/b/"), ("/", "/")])
def test_so_does_one_that_is_written_with_it(path: str, url: str) -> None:
    assert needed(url, Rule(path, scopes=["s"])).scopes == ("s",)


@pytest.mark.parametrize("url", ["/a", "/a/bc", "/a/b/c", "/A/b", "/", "/a/b.json"])
def test_a_path_that_no_rule_covers_needs_a_token_and_what_all_need(url: str) -> None:
    assert needed(url, Rule("/a/b", scopes=["s"])) == NOTHING
    assert needed(url, Rule("/a/b", scopes=["s"]), always=("t",)) == Requirement(("t",), ())


def test_what_all_requests_need_comes_before_what_a_path_needs() -> None:
    found = needed("/a", Rule("/a", scopes=["s", "t"]), always=("t", "u"))
    assert found == Requirement(("t", "u", "s"), ())
    assert found.named() == ("t", "u", "s")
    assert needed("/a", always=("t",)).is_met_by(frozenset({"t"}))


def test_any_of_several_scopes_is_a_demand_of_its_own() -> None:
    found = needed("/a", Rule("/a", any_scope=["s", "t"]), always=("u",))
    assert found == Requirement(("u",), (("s", "t"),))
    assert found.named() == ("u", "s", "t")
    assert found.is_met_by(frozenset({"u", "t"}))
    for granted in ({"u"}, {"s", "t"}, set(), {"u", "S"}):
        assert not found.is_met_by(frozenset(granted))


ADMIN = Rule("/admin/users", scopes=["admin"])


@pytest.mark.parametrize(
    "url",
    [
        "/admin//users",
        "//admin/users",
        "/admin/users//",
        "/./admin/users",
        "/admin/./users",
        "/admin/users/.",
        "/x/../admin/users",
        "/admin/x/../users",
        "/../admin/users",
        "/admin%2Fusers",
        "/admin%5Cusers",
        "/admin\\users",
        "/admin/%2e/users",
        "/admin%252Fusers",
        "/admin/%252E/users",
        "/admin%255cusers",
        "/x/%2e%2E/admin/users",
        "admin/users",
        "x/../admin/users",
        "../admin/users",
        "./admin/users",
        "/admin/users%0A",
        "/admin/users%0a/",
        "/admin/%0dusers",
        "/ad%09min/users",
        "/admin/users%00",
        "/admin/users/%7F",
        "/admin//users%0A",
        "/x/..%0A/admin/users",
    ],
)
def test_an_odd_path_needs_the_scopes_of_what_a_tidier_reader_would_see(url: str) -> None:
    assert needed(url, ADMIN).scopes == ("admin",)


@pytest.mark.parametrize(
    "url",
    ["/admin//../users", "/admin/x//../../users", "/x//../../admin/users", "/admin//..//users"],
)
def test_an_odd_path_needs_the_scopes_of_what_rfc_3986_would_see(url: str) -> None:
    """RFC 3986 section 5.2.4: an empty segment is one that ``..`` takes away."""
    assert needed(url, ADMIN).scopes == ("admin",)


@pytest.mark.parametrize("url", ["/a/b%252fc", "/a/b%5Cc", "/a/%252e%252e", "/a/..%255cb"])
def test_an_odd_path_needs_the_scopes_of_what_it_literally_is(url: str) -> None:
    """Most frameworks decode once and tidy nothing: to them it is one segment below ``/a``."""
    assert needed(url, Rule("/a/*", scopes=["one"])).scopes == ("one",)


def test_an_odd_path_needs_the_scopes_of_every_reading() -> None:
    rules = (
        Rule("/a/b", scopes=["one"]),
        Rule("/b", any_scope=["two", "three"]),
        Rule("/a/**", scopes=["four"]),
    )
    found = needed("/a/../b", *rules)
    assert set(found.scopes) == {"four"}
    assert found.any_scopes == (("two", "three"),)


def test_a_rule_is_stronger_than_a_public_pattern() -> None:
    found = paths(public=["/docs/**"], rules=[Rule("/docs/private/**", scopes=["s"])])
    assert found.needed(Seen("GET", "/docs/a")) is None
    assert found.needed(Seen("GET", "/docs/private/a")) is not None
    assert found.needed(Seen("GET", "/docs/private")) is not None


def test_a_public_path_may_need_scopes_for_some_methods() -> None:
    found = paths(public=["/docs"], rules=[Rule("/docs", methods=["PUT"], scopes=["s"])])
    assert found.needed(Seen("GET", "/docs")) is None
    assert found.needed(Seen("PUT", "/docs")) is not None


def test_a_path_below_a_mount_point_may_be_empty() -> None:
    assert needed("", Rule("/", scopes=["s"])).scopes == ("s",)


def rule(path: str, *methods: str) -> Rule:
    return Rule(path, methods=methods, scopes=["s"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rule("/a/**"), rule("/a/b")),
        (rule("/a/**"), rule("/a")),
        (rule("/**"), rule("/a/**")),
        (rule("/a/*"), rule("/a/b")),
        (rule("/a/*/c"), rule("/a/*/c")),
        (rule("/a/b"), rule("/a/b", "GET")),
        (rule("/a/b", "GET", "POST"), rule("/a/b", "POST")),
        (rule("/a/b", "GET"), rule("/a/b", "HEAD")),
        (rule("/a/b/"), rule("/a/b")),
        (rule("/a/b"), rule("/a/b/")),
    ],
)
def test_a_rule_that_never_decides_is_refused_when_the_guard_is_made(
    before: Rule, after: Rule
) -> None:
    """Whoever wrote it believes in a protection that is not there."""
    with pytest.raises(SettingsError, match="never decides"):
        paths(rules=[before, after])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rule("/a/b"), rule("/a/**")),
        (rule("/a/b"), rule("/a/*")),
        (rule("/a/*"), rule("/a/**")),
        (rule("/a/*"), rule("/a/b/c")),
        (rule("/a/*/c"), rule("/a/b")),
        (rule("/a/b/c"), rule("/a/b")),
        (rule("/a/b", "GET"), rule("/a/b")),
        (rule("/a/b", "HEAD"), rule("/a/b", "GET")),
        (rule("/a/b", "GET"), rule("/a/b", "GET", "POST")),
        (rule("/a/b"), rule("/a/c")),
    ],
)
def test_a_rule_that_decides_something_is_taken(before: Rule, after: Rule) -> None:
    paths(rules=[before, after])


def test_a_public_pattern_that_a_rule_covers_is_refused() -> None:
    with pytest.raises(SettingsError, match="delete one of the two"):
        paths(public=["/docs/a"], rules=[rule("/docs/**")])
    paths(public=["/docs/**"], rules=[rule("/docs/a")])
    paths(public=["/docs/a"], rules=[rule("/docs/**", "PUT")])


def test_a_rule_may_say_how_old_an_answer_about_the_token_may_be() -> None:
    rules = Rule("/payments/**", introspect_every=0), Rule("/orders", scopes=["s"])
    assert needed("/payments/1", *rules) == Requirement((), (), 0)
    assert needed("/payments/1", *rules, always=("t",)) == Requirement(("t",), (), 0)
    assert needed("/orders", *rules) == Requirement(("s",), (), None)
    assert needed("/other", *rules) == NOTHING


def test_of_several_readings_the_strictest_answer_is_needed() -> None:
    rules = Rule("/a/b", scopes=["s"], introspect_every=30), Rule("/c", introspect_every=5)
    assert needed("/a/b/../../c", *rules) == Requirement((), (), 5)
    assert needed("/c/../a/b", *rules) == Requirement(("s",), (), 30)
    both = Rule("/x/**", introspect_every=30), Rule("/y/**", introspect_every=5)
    assert needed("/x/../y/1", *both).introspect_every == 5
