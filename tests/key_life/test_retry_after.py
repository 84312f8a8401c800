"""A server that asks to be left alone is left alone, within bounds (RFC 9110 section 10.2.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bearer_guard import AuthorizationServerUnavailable, UpstreamPolicy
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import KeySource, Step
from bearer_guard._core.retry_after import failure_of
from bearer_guard.exchange import Reply, UpstreamFailure
from key_life.sources import AGES, UPSTREAM, land, plan, unknown
from key_life.world import JWKS, OAUTH, OPENID, World, bearer


@pytest.mark.parametrize(("status", "seconds"), [(429, 7), (503, 7), (301, None), (500, None)])
def test_who_is_busy_or_down_is_heard_and_nobody_else(status: int, seconds: float | None) -> None:
    failure = failure_of("key_set_unusable", Reply(status, {"retry-after": "7"}, b""))
    assert (failure.retry_after, failure.details) == (seconds, {"status": status})


def too_many(seconds: float | None) -> UpstreamFailure:
    failure = UpstreamFailure("key_set_unusable", status=429)
    failure.retry_after = seconds
    return failure


@pytest.mark.parametrize(
    ("asked", "waits"), [(None, 1), (0.5, 1), (20, 20), (30, 30), (31, 30), (9999999999, 30)]
)
def test_the_longer_of_back_off_and_request_counts_up_to_half_a_minute(
    asked: float | None, waits: float
) -> None:
    source = KeySource()
    source.fail(too_many(asked), 100, UPSTREAM)
    assert source.next_try == 100 + waits


def test_the_doubling_goes_over_a_shorter_request() -> None:
    source = KeySource()
    for _ in range(4):
        source.fail(too_many(5), 0, UPSTREAM)
    assert source.next_try == 8


def test_how_long_a_server_may_ask_for_is_a_setting() -> None:
    source = KeySource()
    source.fail(too_many(500), 0, UpstreamPolicy(back_off_at_most=120))
    assert source.next_try == 120


def test_meanwhile_the_keys_at_hand_serve_and_unknown_ones_wait(
    source: KeySource, keys: KeySet
) -> None:
    source.fail(too_many(20), AGES, UPSTREAM)
    assert plan(source, AGES + 19) is Step.USE
    assert unknown(source, "new", AGES + 19) is Step.UNAVAILABLE
    assert plan(source, AGES + 20) is Step.USE_AND_REFRESH
    land(source, keys, AGES + 20)
    assert unknown(source, "new", AGES + 21) is Step.FETCH


@pytest.mark.parametrize("status", [429, 503])
def test_a_key_set_endpoint_is_asked_again_when_it_said_so(
    new_world: Callable[..., World], status: int
) -> None:
    world = new_world(jwks_uri="https://login.example.com/jwks")
    world.server.override(JWKS, status=status, headers={"Retry-After": "20"})
    token = world.server.jwt()
    assert world(token) == "503 key_set_unusable"
    assert world.keys_asked() == 1, "not repeated at once either"
    world.clock.turn(19.5)
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        world.guard.authenticate(bearer(token))
    assert dict(world.guard.refusal(caught.value).headers)["retry-after"] == "1"
    assert world.keys_asked() == 1
    world.server.clear_overrides()
    world.clock.turn(0.5)
    assert world(token) == "let in"


def test_a_client_is_told_to_come_back_when_the_server_wants_to_be_asked(world: World) -> None:
    world(world.server.jwt())
    world.server.rotate_keys()
    world.server.override(JWKS, status=429, headers={"Retry-After": "25"})
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        world.guard.authenticate(bearer(world.server.jwt()))
    assert dict(world.guard.refusal(caught.value).headers)["retry-after"] == "25"


def test_one_that_asks_for_time_is_not_asked_at_its_other_place(world: World) -> None:
    world.server.override(OPENID, status=429, headers={"Retry-After": "20"})
    token = world.server.jwt()
    assert world(token) == "503 metadata_unusable"
    assert [request.endpoint for request in world.server.seen] == [OPENID]
    world.clock.turn(19)
    assert world(token) == "503 metadata_unusable"
    assert len(world.server.seen) == 1
    world.server.clear_overrides()
    world.clock.turn(1)
    assert world(token) == "let in"
    assert world.server.count(OAUTH) == 0


def test_the_log_says_when_it_is_asked_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.server.override(OPENID, status=429, headers={"Retry-After": "20"})
    world(world.server.jwt())
    assert caplog.records[0].details == {
        "issuer": "'https://login.example.com/'", "status": "429", "next_try": "'in 20 s'"
    }  # fmt: skip
