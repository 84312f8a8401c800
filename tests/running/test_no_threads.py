"""The system starts no more threads: what needs none goes on, and the rest is a 503."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from bearer_guard import AuthorizationServerUnavailable, KeySetPolicy
from key_life.world import TEMPLATE, World, bearer

NoThreads = Callable[[], AbstractContextManager[None]]
PROBLEM = "no thread could be started"


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> NoThreads:
    """In its block guards get no new thread, and no idle one either."""

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    @contextmanager
    def block() -> Iterator[None]:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", start)
            yield

    return block


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    return new_world(key_set=KeySetPolicy(jitter=0))


def test_a_good_token_is_let_in_though_its_keys_cannot_be_refreshed(
    world: World, no_threads: NoThreads, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = [world.server.jwt(expires_in=7200) for _ in range(3)]
    assert world(tokens[0]) == "let in"
    world.guard.close()
    for age, keys in ((500, "still fresh"), (200, "still used, 100 s past fresh")):
        world.clock.turn(age)
        caplog.clear()
        with no_threads():
            assert [world(token) for token in tokens] == ["let in"] * 3
        (record,) = caplog.records
        assert record.reason == "upstream_timeout"
        assert record.details == {
            "issuer": repr(world.server.issuer),
            "problem": repr(PROBLEM),
            "next_try": repr("in 1 s" if age == 500 else "in 2 s"),
            "keys": repr(keys),
        }
    world.clock.turn(2)
    assert world(tokens[1]) == "let in"
    world.landed()
    assert world.keys_asked() == 2, "as soon as there are threads the refresh is made"


@pytest.mark.parametrize("issuer", ["https://login.example.com/", TEMPLATE])
def test_whoever_needs_keys_that_nobody_can_fetch_is_told_to_come_back(
    new_world: Callable[..., World], no_threads: NoThreads, issuer: str
) -> None:
    world = new_world(issuer)
    token = world.server.jwt(claims={"iss": issuer.format(application="a")})
    with no_threads():
        for _ in range(3):
            with pytest.raises(AuthorizationServerUnavailable) as refused:
                world.guard.authenticate(bearer(token))
    assert (refused.value.reason, refused.value.retry_after) == ("upstream_timeout", 1)
    assert refused.value.details["problem"] == PROBLEM
    assert world.server.seen == []


def test_an_unknown_key_costs_nothing_of_its_budget_where_nobody_can_ask_for_it(
    new_world: Callable[..., World], no_threads: NoThreads
) -> None:
    world = new_world(key_set=KeySetPolicy(forced_fetches=1))
    assert world(world.server.jwt()) == "let in"
    world.guard.close()
    world.server.rotate_keys()
    token = world.server.jwt()
    with no_threads():
        for _ in range(3):
            assert world(token) == "503 upstream_timeout"
    world.clock.turn(1)
    assert world(token) == "let in"


def test_no_introspection_is_a_503_and_the_next_one_is_none_the_worse(
    new_world: Callable[..., World], no_threads: NoThreads
) -> None:
    world = new_world(introspects=True)
    token = world.server.opaque()
    with no_threads():
        assert [world(token) for _ in range(3)] == ["503 introspection_busy"] * 3
    assert [world(token) for _ in range(3)] == ["let in"] * 3
    assert world.server.count("/introspect") == 1, "nothing was left over from the time before"
