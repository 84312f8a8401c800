"""Whatever an issuer answers, good keys are replaced by good keys alone."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from bearer_guard import UpstreamPolicy
from key_life.world import ISSUER, JWKS, OAUTH, OPENID, World

EVIL = "https://evil.example.com/"
BOMB = gzip.compress(b'{"keys": [' + b" " * 3_000_000 + b"]}")
ANSWERS: dict[str, dict[str, Any]] = {
    "no keys": {"body": {"keys": []}},
    "no list": {"body": {"keys": {}}},
    "nothing": {"body": b""},
    "an empty object": {"body": {}},
    "a web page": {"body": b"<html>", "headers": {"Content-Type": "text/html"}},
    "UTF-16": {"body": '{"keys": []}'.encode("utf-16")},
    "unusable keys": {"body": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}},
    "a private key": {
        "body": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB", "kid": "a"}]}
    },
    "a redirect": {"status": 302, "headers": {"Location": "https://login.example.com/2"}},
    "a lasting redirect": {"status": 308, "headers": {"Location": EVIL}},
    "not found": {"status": 404},
    "a fault": {"status": 500},
    "too much": {"body": b'{"keys": [' + b" " * 1_048_577 + b"]}"},
    "a bomb": {"body": BOMB, "headers": {"Content-Encoding": "gzip"}},
    "an odd encoding": {"body": b"{}", "headers": {"Content-Encoding": "br"}},
    "broken gzip": {"body": b"{}", "headers": {"Content-Encoding": "gzip"}},
    "half a gzip": {"body": BOMB[:100], "headers": {"Content-Encoding": "gzip"}},
}
NO_METADATA: dict[str, dict[str, Any]] = {
    "another issuer's": {"body": {"issuer": EVIL, "jwks_uri": EVIL}},
    "one that points inside": {"body": {"issuer": ISSUER, "jwks_uri": "https://127.0.0.1/"}},
    "a redirect": {"status": 302, "headers": {"Location": EVIL}},
    "a web page": {"body": b"<html>"},
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_good_keys_go_on_serving(world: World, answer: str) -> None:
    token = world.server.jwt(expires_in=100_000)
    world(token)
    world.server.rotate_keys()
    world.server.override(JWKS, **ANSWERS[answer])
    for _ in range(3):
        world.clock.turn(600)
        assert world(token) == "let in"
        world.landed()
    assert world.keys_asked() > 1
    world.server.clear_overrides()
    world.clock.turn(100)
    world(token)
    world.landed()
    assert world(token) == "401 key_unknown"
    assert world(world.server.jwt()) == "let in"


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_cold_guard_lets_nobody_in_and_recovers(world: World, answer: str) -> None:
    world.server.override(JWKS, **ANSWERS[answer])
    token = world.server.jwt()
    # A set whose keys all have names and are all unfit does say that this one is not among them.
    unfit = answer in ("unusable keys", "a private key")
    assert world(token).startswith("401 key_unknown" if unfit else "503 ")
    world.server.clear_overrides()
    world.clock.turn(60)
    assert world(token) == "let in"


@pytest.mark.parametrize("answer", NO_METADATA)
def test_what_is_no_metadata_leads_nowhere(world: World, answer: str) -> None:
    world.server.override(OPENID, **NO_METADATA[answer])
    world.server.override(OAUTH, status=404)
    token = world.server.jwt()
    assert world(token).startswith("503 ")
    assert world.keys_asked() == 0
    world.server.clear_overrides()
    world.clock.turn(60)
    assert world(token) == "let in"
    world.clock.turn(700)
    world.server.override(OPENID, **NO_METADATA[answer])
    world.server.rotate_keys()
    assert world(world.server.jwt()) == "let in", "the keys are where they were known to be"


def test_a_redirect_is_not_followed(world: World) -> None:
    """Not within the server either: keys come from where they were said to be."""
    world.server.override(JWKS, status=302, headers={"Location": world.server.url("/jwks") + "?2"})
    assert world(world.server.jwt()) == "503 key_set_unusable"
    assert world.keys_asked() == 1


def test_what_was_compressed_unasked_is_read_within_bounds(world: World) -> None:
    body = world.server.http_client().get(world.server.url(JWKS)).content
    encoding = {"Content-Encoding": "gzip"}
    token = world.server.jwt()
    world.server.override(JWKS, body=gzip.compress(body), headers=encoding)
    assert world(token) == "let in"
    assert all(
        request.headers["accept-encoding"] == "identity" for request in world.server.seen[-2:]
    )


def test_the_largest_answer_is_a_setting(new_world: Callable[..., World]) -> None:
    world = new_world(upstream=UpstreamPolicy(max_answer=1024))
    body = world.server.http_client().get(world.server.url(JWKS)).content
    world.server.override(JWKS, body=body + b" " * (1024 - len(body)), times=1)
    assert world(world.server.jwt()) == "let in"
    world.clock.turn(700)
    world.server.override(JWKS, body=body + b" " * (1025 - len(body)), times=1)
    world.server.rotate_keys()
    assert world(world.server.jwt()) == "503 upstream_answer_too_large"
