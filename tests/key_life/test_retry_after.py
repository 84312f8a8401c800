"""A server that asks to be left alone is left alone, within bounds (RFC 9110 section 10.2.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearer_guard import AuthorizationServerUnavailable, UpstreamPolicy
from bearer_guard._core import retry_after
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import KeySource, Step
from bearer_guard.exchange import UpstreamFailure
from key_life.sources import AGES, UPSTREAM, land, plan, unknown
from key_life.world import JWKS, OAUTH, OPENID, World, bearer

DATE = "Mon, 01 Jan 2027 00:00:00 GMT"


def said(text: str, **more: str) -> float:
    return retry_after.seconds({"retry-after": text, **more})


def test_seconds_are_read_as_seconds() -> None:
    assert [said(text) for text in ("0", "20", " 20 ", "9999999999")] == [0, 20, 20, 9999999999]


def test_a_date_counts_from_the_answers_own_date() -> None:
    """The server's clock may be hours off from ours: between its own two dates it is not."""
    assert said("Mon, 01 Jan 2027 00:05:00 GMT", date=DATE) == 300
    assert said("Sun, 31 Dec 2026 00:00:00 GMT", date=DATE) == 0
    assert said("Mon, 01 Jan 2027 00:05:00 GMT") == 0


@pytest.mark.parametrize(
    "text", ["", "-1", "1.5", "soon", "1e3", "99999999999", "Mon, 01 Jan 99999999999 00:00:00 GMT"]
)
def test_what_cannot_be_read_asks_for_nothing(text: str) -> None:
    assert said(text, date=DATE) == 0
    assert retry_after.seconds({}) == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_said_it_is_a_time_to_come(text: str, date: str) -> None:
    assert said(text, date=date) >= 0


def too_many(seconds: float) -> UpstreamFailure:
    return UpstreamFailure("key_set_unusable", wait=seconds, status=429)


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(0, 1), (0.5, 1), (20, 20), (60, 60), (61, 60), (9999999999, 60)],
)
def test_the_longer_of_back_off_and_request_counts_up_to_a_minute(
    asked: float, waits: float
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
    source.fail(too_many(500), 0, UpstreamPolicy(retry_after_at_most=120))
    assert source.next_try == 120
    source.fail(too_many(500), 200, UpstreamPolicy(retry_after_at_most=0))
    assert source.next_try == 202


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
    world.server.override(JWKS, status=429, headers={"Retry-After": "40"})
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        world.guard.authenticate(bearer(world.server.jwt()))
    assert dict(world.guard.refusal(caught.value).headers)["retry-after"] == "40"


def test_a_server_that_says_at_once_is_asked_at_once(new_world: Callable[..., World]) -> None:
    world = new_world(jwks_uri="https://login.example.com/jwks")
    world.server.override(JWKS, status=503, headers={"Retry-After": "0"}, times=1)
    assert world(world.server.jwt()) == "let in"
    assert world.keys_asked() == 2


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
