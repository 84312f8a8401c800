"""Key ids that nobody publishes: what a stranger who makes them up can cost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bearer_guard import KeySetPolicy, UpstreamPolicy
from bearer_guard.testing.jws import base64url
from key_life.world import JWKS, World, at_once


def made_up(world: World, count: int, name: str = "made-up") -> list[str]:
    """Tokens with good claims, each under a key id of its own, signed by nobody."""
    claims_and_signature = world.server.jwt(key=world.server.foreign_key()).partition(".")[2]
    headers = ({"alg": "RS256", "typ": "at+jwt", "kid": f"{name}-{n}"} for n in range(count))
    return [f"{base64url(json.dumps(each).encode())}.{claims_and_signature}" for each in headers]


def in_twenty_threads(world: World, tokens: list[str]) -> set[str]:
    shares = [tokens[start::20] for start in range(20)]
    verdicts = at_once([lambda share=share: {world(token) for token in share} for share in shares])
    return set().union(*verdicts)


def test_two_thousand_made_up_kids_in_a_burst_cost_two_fetches(world: World) -> None:
    world(world.server.jwt())
    assert in_twenty_threads(world, made_up(world, 2000)) == {"401 key_unknown"}
    assert world.keys_asked() - 1 == 2


def test_a_fetch_that_failed_is_not_repeated_for_the_request_that_waited(
    new_world: Callable[..., World],
) -> None:
    """Nor where there is no back-off to stand in its way."""
    world = new_world(upstream=UpstreamPolicy(back_off=0, back_off_at_most=0, retries=0))
    world(world.server.jwt())
    world.server.override(JWKS, status=500)
    assert [world(token) for token in made_up(world, 1)] == ["503 key_set_unusable"]
    assert world.keys_asked() - 1 == 1


def test_and_two_in_every_thirty_seconds_from_then_on(world: World) -> None:
    world(world.server.jwt())
    counts = []
    for minute in range(4):
        in_twenty_threads(world, made_up(world, 100, f"minute-{minute}"))
        in_twenty_threads(world, made_up(world, 100, f"minute-{minute}-again"))
        counts.append(world.keys_asked() - 1)
        world.clock.turn(30)
    assert counts == [2, 4, 6, 8]


def test_a_good_token_meanwhile_waits_for_no_fetch(world: World) -> None:
    remembered = world.server.jwt()
    world(remembered)
    held = world.server.held(JWKS)
    held.__enter__()

    def let_good_ones_in() -> list[str]:
        world.server.wait_until_asked(JWKS, times=2)
        verdicts = [world(token) for token in (remembered, world.server.jwt())]
        held.__exit__(None, None, None)
        return verdicts

    strangers = [lambda token=token: world(token) for token in made_up(world, 20)]
    *refused, let_in = at_once([*strangers, let_good_ones_in])
    assert let_in == ["let in", "let in"]
    assert set(refused) == {"401 key_unknown"}


def test_known_keys_pass_by_a_budget_that_strangers_spent(world: World) -> None:
    """A limiter shared with valid users is a way to lock them out (a known incident)."""
    world(world.server.jwt())
    in_twenty_threads(world, made_up(world, 100))
    assert {world(world.server.jwt()) for _ in range(20)} == {"let in"}
    world.clock.turn(600)
    world.server.rotate_keys()
    assert world(world.server.jwt()) == "let in", "nor does a routine fetch ask the budget"


def test_a_made_up_kid_that_comes_again_costs_nothing_for_a_minute(world: World) -> None:
    world(world.server.jwt())
    (token,) = made_up(world, 1)
    for _ in range(59):
        assert world(token) == "401 key_unknown"
        world.clock.turn(1)
    assert world.keys_asked() == 1 + 1
    world.clock.turn(1)
    assert world(token) == "401 key_unknown"
    assert world.keys_asked() == 1 + 2


def test_a_token_without_kid_under_no_published_key_costs_the_same_budget(world: World) -> None:
    world(world.server.jwt())
    tokens = [world.server.jwt(kid=None, key=world.server.foreign_key()) for _ in range(10)]
    assert {world(token) for token in tokens} == {"401 key_unknown"}
    assert world.keys_asked() == 1 + 2


def test_a_cold_guard_settles_an_unknown_kid_with_its_first_fetch(world: World) -> None:
    assert in_twenty_threads(world, made_up(world, 20)) == {"401 key_unknown"}
    assert world.keys_asked() <= 1 + 2
    (token,) = made_up(world, 1, "later")
    fresh = World()
    assert fresh(token) == "401 key_unknown"
    assert fresh.keys_asked() == 1
    fresh.guard.close()


@pytest.mark.parametrize("outage", [503, 500, 404])
def test_while_the_issuer_fails_an_unknown_kid_is_503_and_never_401(
    world: World, outage: int
) -> None:
    """It may be the new key of a good token: nobody can tell."""
    world(world.server.jwt())
    world.server.override(JWKS, status=outage)
    world.server.rotate_keys()
    token = world.server.jwt()
    for _ in range(120):
        assert world(token) == "503 key_set_unusable"
        world.clock.turn(0.5)
    world.server.clear_overrides()
    world.clock.turn(30)
    assert world(token) == "let in"


def test_the_budget_is_spent_before_sending_whatever_comes_of_it(
    new_world: Callable[..., World],
) -> None:
    world = new_world(upstream=UpstreamPolicy(retries=0, back_off=0))
    world(world.server.jwt())
    world.server.override(JWKS, status=500)
    for token in made_up(world, 50):
        assert world(token) == "503 key_set_unusable"
    assert world.keys_asked() == 1 + 2
    world.clock.turn(30)
    for token in made_up(world, 50):
        world(token)
    assert world.keys_asked() == 1 + 4


def test_a_fetch_that_is_lost_costs_its_budget_too(new_world: Callable[..., World]) -> None:
    upstream = UpstreamPolicy(connect_timeout=0.05, timeout=0.05, retries=0, back_off=0)
    world = new_world(upstream=upstream, key_set=KeySetPolicy(forced_fetches=1))
    world.server.http_client()
    token = world.server.jwt()
    while world(token) != "let in":  # a busy machine may need longer for the first
        world.clock.turn(1)
    asked = world.keys_asked()
    with world.server.held(JWKS):
        for token in made_up(world, 3):
            assert world(token) == "503 upstream_timeout"
        assert world.keys_asked() == asked + 1


def test_the_budget_and_the_memory_are_settings(new_world: Callable[..., World]) -> None:
    policy = KeySetPolicy(forced_fetches=0)
    world = new_world(key_set=policy)
    world(world.server.jwt())
    assert world(made_up(world, 1)[0]) == "401 key_unknown"
    assert world.keys_asked() == 1
