"""A guard's keys from their first fetch to their last day."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bearer_guard import AuthorizationServerUnavailable, KeySetPolicy, UpstreamPolicy
from key_life.world import ISSUER, JWKS, OAUTH, OPENID, World, bearer


def test_a_guard_asks_nobody_before_its_first_token(world: World) -> None:
    assert world.server.seen == []


def test_the_first_token_costs_metadata_and_keys_and_the_next_hundred_nothing(world: World) -> None:
    assert {world(world.server.jwt()) for _ in range(101)} == {"let in"}
    assert [request.endpoint for request in world.server.seen] == [OPENID, JWKS]


def test_keys_whose_place_the_settings_name_cost_one_call(new_world: Callable[..., World]) -> None:
    world = new_world(jwks_uri="https://login.example.com/jwks")
    assert world(world.server.jwt()) == "let in"
    assert [request.endpoint for request in world.server.seen] == [JWKS]


def test_keys_are_found_at_the_other_well_known_place(world: World) -> None:
    world.server.override(OPENID, status=404)
    assert world(world.server.jwt()) == "let in"
    assert [request.endpoint for request in world.server.seen] == [OPENID, OAUTH, JWKS]


@pytest.mark.parametrize(
    "bad",
    [
        lambda server: "a" * 16_385,
        lambda server: "not-a-token",
        lambda server: server.jwt(header={"alg": "none"}),
        lambda server: server.jwt(claims={"iss": "https://login.example.com"}),
        lambda server: server.jwt(expires_in=-61),
        lambda server: server.jwt(audience="https://other.example.com"),
        lambda server: server.id_token(),
        lambda server: server.jwt(claims={"cnf": {"jkt": "x"}}),
    ],
)
def test_a_token_that_is_bad_by_itself_costs_no_network(world: World, bad: Callable) -> None:
    assert world(bad(world.server)).startswith("401 ")
    assert world.server.seen == []


def test_at_eighty_percent_one_refresh_starts_behind_the_requests(world: World) -> None:
    token = world.server.jwt(expires_in=3000)
    world(token)
    world.clock.turn(449)  # the jitter takes 5 % at most
    world(token)
    world.landed()
    assert world.keys_asked() == 1
    world.clock.turn(31)
    with world.server.held(JWKS):
        assert {world(token) for _ in range(50)} == {"let in"}, "nobody waits"
        world.server.wait_until_asked(JWKS, times=2)
    world.landed()
    assert world.keys_asked() == 2
    world.clock.turn(449)
    assert {world(token) for _ in range(50)} == {"let in"}
    assert world.keys_asked() == 2


def test_the_moment_of_the_refresh_varies_by_five_percent(new_world: Callable[..., World]) -> None:
    """So that a fleet does not ask in one breath."""
    moments = set()
    for _ in range(40):
        world = new_world(jwks_uri="https://login.example.com/jwks")
        assert world(world.server.jwt()) == "let in"
        (issuer,) = world.guard._authenticator._trust.exact.values()
        moments.add(issuer.source.refresh_at)
    assert 450 <= min(moments) < max(moments) <= 480
    assert len(moments) == 40


def test_a_refresh_asks_by_etag_and_keeps_what_was_not_modified(world: World) -> None:
    token = world.server.jwt(expires_in=3000)
    world(token)
    world.clock.turn(600)
    assert world(token) == "let in"
    first, second = (request for request in world.server.seen if request.endpoint == JWKS)
    assert "if-none-match" not in first.headers
    assert second.headers["if-none-match"].startswith('"')
    world.clock.turn(449)
    assert world(token) == "let in"
    assert world.keys_asked() == 2, "a 304 made them fresh again"


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({"Cache-Control": "max-age=100"}, 100),
        ({"Cache-Control": "max-age=1000", "Age": "800"}, 200),
        ({"Cache-Control": "no-store"}, 60),
        ({"Cache-Control": "max-age=1"}, 60),
        ({"Cache-Control": "max-age=100000000"}, 86_400),
        (
            {"Expires": "Mon, 01 Jan 2027 00:05:00 GMT", "Date": "Mon, 01 Jan 2027 00:00:00 GMT"},
            300,
        ),
    ],
)
def test_the_answer_says_how_long_the_keys_are_fresh(
    new_world: Callable[..., World], headers: dict[str, str], fresh: float
) -> None:
    world = new_world(jwks_uri="https://login.example.com/jwks", key_set=KeySetPolicy(jitter=0))
    world.server.override(JWKS, headers=headers)
    token = world.server.jwt(expires_in=200_000)
    world(token)
    world.clock.turn(fresh * 0.79)
    world(token)
    world.landed()
    assert world.keys_asked() == 1
    world.clock.turn(fresh * 0.02)
    world(token)
    world.landed()
    assert world.keys_asked() == 2


def test_metadata_is_asked_again_when_it_is_old(world: World) -> None:
    token = world.server.jwt(expires_in=100_000)
    world.server.override(JWKS, headers={"Cache-Control": "max-age=100"})
    world(token)
    for _ in range(5):
        world.clock.turn(100)
        world(token)
    assert (world.keys_asked(), world.server.count(OPENID)) == (6, 1)
    world.clock.turn(100)
    world(token)
    assert (world.keys_asked(), world.server.count(OPENID)) == (7, 2)


def test_in_an_outage_keys_serve_an_hour_past_fresh_and_not_a_second_more(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    token = world.server.jwt(expires_in=100_000)
    world(token)
    world.server.go_down()
    world.clock.turn(601)
    assert world(token) == "let in"
    world.clock.turn(3598)
    assert world(token) == "let in"
    world.landed()
    assert caplog.records[0].details["keys"] == "'still used, 1 s past fresh'"
    assert caplog.records[-1].details["keys"] == "'still used, 3599 s past fresh'"
    world.clock.turn(1)
    assert world(token) == "503 upstream_unreachable"
    world.clock.turn(60)
    assert world(token) == "503 upstream_unreachable"
    (last,) = (record for record in caplog.records[-2:] if "keys" in record.details)
    assert last.details["keys"] == "'no longer used, 3660 s past fresh'"
    assert last.details["issuer"] == f"'{ISSUER}'"
    world.server.come_back()
    world.clock.turn(60)
    assert world(token) == "let in"


def test_in_an_outage_nobody_waits_to_hear_again_that_the_issuer_is_away(world: World) -> None:
    token = world.server.jwt(expires_in=100_000)
    world(token)
    world.clock.turn(600)
    world.server.unavailable()
    world(token)
    world.clock.turn(10)
    world.server.come_back()
    with world.server.held(OPENID):
        assert {world(token) for _ in range(50)} == {"let in"}
        world.server.wait_until_asked(OPENID, times=1)
    world.landed()
    world.clock.turn(400)
    with world.server.held(OPENID):
        assert world(token) == "let in", "fresh again"


def test_a_failing_issuer_is_asked_ever_more_seldom(new_world: Callable[..., World]) -> None:
    """Counted from failures too: a dead endpoint is not hammered."""
    world = new_world(jwks_uri="https://login.example.com/jwks", upstream=UpstreamPolicy(retries=0))
    world.server.unavailable(500)
    tokens = [world.server.jwt(expires_in=100_000) for _ in range(3)]
    asked = []
    for second in range(100):
        for token in tokens:
            assert world(token) == "503 key_set_unusable"
        if world.keys_asked() > len(asked):
            asked.append(second)
        assert world.keys_asked() == len(asked)
        world.clock.turn(1)
    assert asked == [0, 1, 3, 7, 15, 31, 61, 91]


def test_a_cold_guard_without_its_issuer_says_503_and_when_to_come_back(world: World) -> None:
    world.server.unavailable()
    token = world.server.jwt()
    assert world(token) == "503 metadata_unusable"
    world.clock.turn(1)
    assert world(token) == "503 metadata_unusable"
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        world.guard.authenticate(bearer(token))
    headers = dict(world.guard.refusal(caught.value).headers)
    assert headers["retry-after"] == "2"
    assert "www-authenticate" not in headers
    world.server.come_back()
    world.clock.turn(2)
    assert world(token) == "let in"
