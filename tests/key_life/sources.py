"""Key sources to be stepped by hand, and what they are asked."""

from __future__ import annotations

import pytest

from bearer_guard import KeySetPolicy, UpstreamPolicy
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import Fetched, KeySource, Step
from bearer_guard.exchange import UpstreamFailure
from bearer_guard.testing import AuthorizationServer
from key_life.stepping import key_set

POLICY = KeySetPolicy()
UPSTREAM = UpstreamPolicy()
DOWN = UpstreamFailure("upstream_unreachable")
AGES, STALE, GONE = 480, 600, 600 + 3600


@pytest.fixture(scope="module")
def servers() -> list[AuthorizationServer]:
    return [AuthorizationServer(issuer="https://login.example.com/") for _ in range(2)]


@pytest.fixture(scope="module")
def keys(servers: list[AuthorizationServer]) -> KeySet:
    return key_set(servers[0])


@pytest.fixture(scope="module")
def other_keys(servers: list[AuthorizationServer]) -> KeySet:
    return key_set(servers[1])


def land(source: KeySource, keys: KeySet | None, now: float = 0) -> None:
    source.land(source.take_off(), Fetched(keys, 600, None), now, 0.8)


@pytest.fixture
def source(keys: KeySet) -> KeySource:
    """Its keys landed at moment 0."""
    source = KeySource()
    land(source, keys)
    return source


def plan(source: KeySource, now: float) -> Step:
    return source.plan(now, POLICY)


def unknown(source: KeySource, kid: str | None, now: float, **more: int | bool) -> Step:
    asked = int(more.get("asked", source.taken_off))
    return source.plan_unknown(kid, asked, bool(more.get("in_air")), now, POLICY)
