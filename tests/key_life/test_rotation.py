"""New keys, withdrawn keys, and requests that come in the middle of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bearer_guard._core import story
from bearer_guard._core.needs import MissingKeyNeeded
from key_life.world import JWKS, World


def test_the_first_token_after_a_rotation_is_let_in_seconds_after_a_fetch(world: World) -> None:
    old = world.server.jwt()
    assert world(old) == "let in"
    world.clock.turn(3)
    world.server.rotate_keys()
    assert world(world.server.jwt()) == "let in"
    assert world.keys_asked() == 2
    assert {world(world.server.jwt()) for _ in range(50)} == {"let in"}
    assert world.keys_asked() == 2


def test_a_key_may_rotate_twice_in_thirty_seconds(world: World) -> None:
    for _ in range(3):
        assert world(world.server.jwt()) == "let in"
        world.server.rotate_keys()
        world.clock.turn(1)
    assert world.keys_asked() == 3


def test_routine_fetches_leave_the_budget_alone(world: World) -> None:
    token = world.server.jwt(expires_in=100_000)
    for _ in range(5):
        world(token)
        world.clock.turn(600)
    assert world.keys_asked() == 5
    for _ in range(2):
        world.server.rotate_keys()
        assert world(world.server.jwt()) == "let in"
        world.clock.turn(1)


def test_two_hundred_at_once_after_a_rotation_cost_one_fetch(world: World) -> None:
    world(world.server.jwt())
    world.clock.turn(5)
    world.server.rotate_keys()
    tokens = [world.server.jwt() for _ in range(200)]
    assert world.many(tokens) == ["let in"] * 200
    assert world.keys_asked() == 2


def test_a_withdrawn_key_stops_remembered_tokens_at_the_next_refresh(world: World) -> None:
    token = world.server.jwt(expires_in=100_000)
    assert {world(token) for _ in range(3)} == {"let in"}
    world.server.rotate_keys()
    assert world(token) == "let in"
    world.clock.turn(600)
    assert world(token) == "401 key_unknown"
    assert world(world.server.jwt()) == "let in"


def test_or_as_soon_as_a_token_with_the_new_key_comes(world: World) -> None:
    token = world.server.jwt(expires_in=100_000)
    world(token)
    world.server.rotate_keys()
    assert world(world.server.jwt()) == "let in"
    assert world(token) == "401 key_unknown"


def test_an_overlap_lets_both_generations_in(world: World) -> None:
    old = world.server.jwt()
    world(old)
    world.server.rotate_keys(keep_old=True)
    assert world(world.server.jwt()) == "let in"
    assert world(old) == "let in"
    assert world.keys_asked() == 2


def test_tokens_under_a_key_that_stays_are_not_verified_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bearer_guard._core.key_set import VerificationKey

    token = world.server.jwt(expires_in=100_000)
    world(token)
    world.server.rotate_keys(keep_old=True)
    assert world(world.server.jwt()) == "let in"
    monkeypatch.setattr(VerificationKey, "verifies", None)
    assert world(token) == "let in"


def test_a_forged_signature_under_a_known_kid_costs_no_fetch(world: World) -> None:
    world(world.server.jwt())
    assert world(world.server.tampered(world.server.jwt())) == "401 signature_invalid"
    assert world(world.server.jwt(key=world.server.foreign_key())) == "401 signature_invalid"
    assert world.keys_asked() == 1


def test_a_kid_that_the_issuer_publishes_unfit_is_said_so_without_a_fetch(world: World) -> None:
    world.server.add_jwk({"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"})
    assert world(world.server.jwt()) == "let in", "one bad apple leaves the basket good"
    assert world(world.server.jwt(kid="symmetric")) == "401 key_unfit"
    assert world.keys_asked() == 1


def test_two_keys_under_one_kid_are_both_tried(new_world: Callable[..., World]) -> None:
    world, other = new_world(), new_world()
    (jwk,) = other.server.http_client().get(other.server.url(JWKS)).json()["keys"]
    kid = world.server.signing_key().kid
    world.server.add_jwk({**jwk, "kid": kid})
    assert world(world.server.jwt()) == "let in"
    assert world(other.server.jwt(kid=kid)) == "let in"
    assert world.keys_asked() == 1


def missing(world: World, token: str) -> MissingKeyNeeded:
    """What a request asks for that read the keys at hand and did not find its own: stepped by
    hand, so that it stands still there."""
    authenticator = world.guard._authenticator
    told = story.of_token(token.encode(), authenticator._trust, world.clock, {})
    need = next(told)
    assert isinstance(need, MissingKeyNeeded)
    return need


def test_a_request_overtaken_by_the_fetch_that_brings_its_key_is_let_in(world: World) -> None:
    """It read the old keys; before it could ask for more, another request's fetch took off and
    landed. The key is there now: to say ``key_unknown`` would throw a good token away."""
    world(world.server.jwt())
    world.server.rotate_keys()
    need = missing(world, world.server.jwt())
    assert world(world.server.jwt()) == "let in"
    found = world.guard._authenticator._keeper.missing_key(need)
    assert found.knows(need.kid)
    assert world.keys_asked() == 2


def test_a_request_overtaken_by_a_refresh_costs_no_fetch(world: World) -> None:
    """The same when the refresh had taken off before it came, and landed meanwhile."""
    token = world.server.jwt(expires_in=3000)
    world(token)
    world.clock.turn(500)
    world.server.rotate_keys()
    with world.server.held(JWKS):
        world(token)
        world.server.wait_until_asked(JWKS, times=2)
        need = missing(world, world.server.jwt())
    world.landed()
    found = world.guard._authenticator._keeper.missing_key(need)
    assert found.knows(need.kid)
    assert world.keys_asked() == 2


def test_a_request_that_comes_during_a_refresh_waits_for_it_and_not_for_another(
    world: World,
) -> None:
    token = world.server.jwt(expires_in=3000)
    world(token)
    world.clock.turn(500)
    world.server.rotate_keys()
    with world.server.held(JWKS):
        world(token)
        world.server.wait_until_asked(JWKS, times=2)
        waiting = world.guard._authenticator._keeper.missing_key(missing(world, world.server.jwt()))
    assert waiting.result(timeout=5) is None
    assert world(world.server.jwt()) == "let in"
    assert world.keys_asked() == 2
