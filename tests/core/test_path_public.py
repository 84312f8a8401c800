"""Public paths: default deny, whole segments, and nothing ambiguous."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard._core.path_rules import PathRules
from bearer_guard.settings import GuardSettings, Issuer
from core.seen import Seen


def paths(**options: Any) -> PathRules:
    return PathRules(GuardSettings(audience="a", issuers=[Issuer("https://i.example")], **options))


def is_public(pattern: str, url: str, **options: Any) -> bool:
    return paths(public=[pattern], **options).needed(Seen("GET", url)) is None


@pytest.mark.parametrize("url", ["/", "/health", "/anything/at/all", "", "*", "//", "/%2e"])
def test_no_path_is_public_unless_the_settings_say_so(url: str) -> None:
    assert paths().needed(Seen("GET", url)) is not None
    assert paths(preflight=False).needed(Seen("GET", url)) is not None


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("/", "/"),
        ("/", ""),
        ("/health", "/health"),
        ("/health", "/%68ealth"),
        ("/health", "/health?x=/../y"),
        ("/a/*/c", "/a/b/c"),
        ("/a/*", "/a/..."),
        ("/docs/**", "/docs"),
        ("/docs/**", "/docs/"),
        ("/docs/**", "/docs/a/b.c"),
        ("/**", "/"),
        ("/**", "/a/b/"),
        ("/a/", "/a/"),
        ("/a.b", "/a.b"),
        ("/a b", "/a%20b"),
    ],
)
def test_a_pattern_matches_the_decoded_path_in_whole_segments(pattern: str, url: str) -> None:
    assert is_public(pattern, url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("/health", "/healthz"),
        ("/health", "/health/"),
        ("/health", "/Health"),
        ("/health", "/x/health"),
        ("/health", "/health%0A"),
        ("/health", "/health%00"),
        ("/health", "/health;x"),
        ("/a/*/c", "/a//c"),
        ("/a/*/c", "/a/b/d/c"),
        ("/a/*", "/a/"),
        ("/a/*", "/a"),
        ("/a/*", "/a/b/"),
        ("/docs/**", "/docsx"),
        ("/a.b", "/aXb"),
        ("/a/", "/a"),
    ],
)
def test_a_pattern_matches_nothing_else(pattern: str, url: str) -> None:
    assert not is_public(pattern, url)


@pytest.mark.parametrize(
    "url",
    [
        "/docs/../admin",
        "/docs/..",
        "/docs/.",
        "/docs/./a",
        "/docs//a",
        "//docs/a",
        "/docs/%2e%2e/admin",
        "/docs/.%2E/admin",
        "/docs/a%2Fb",
        "/docs/a%2fb",
        "/docs/a%5Cb",
        "/docs/a\\b",
        "/docs/..%2Fadmin",
        "/docs/%252e%252e/admin",
        "/docs/a%252Fb",
        "/docs/%255c",
        "/docs/a%00",
        "/docs/a%7F",
        "/docs/%1f",
        "/docs/%ff",
        "docs/a",
        "docs",
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_never_public(url: str) -> None:
    assert not is_public("/docs/**", url)
    assert not is_public("/**", url)


def test_a_preflight_carries_no_credentials_and_passes() -> None:
    """HTTP-15: the Fetch standard's CORS preflight, and nothing that merely looks like it."""
    whole = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
    assert paths().needed(Seen("OPTIONS", "/orders/..", whole)) is None
    assert paths(preflight=False).needed(Seen("OPTIONS", "/", whole)) is not None
    assert paths().needed(Seen("GET", "/", whole)) is not None
    for name in whole:
        assert paths().needed(Seen("OPTIONS", "/", {name: "x"})) is not None
