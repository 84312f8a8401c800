"""Which verified tokens are remembered when there are more than there is room for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from key_life.world import World


def verified(world: World) -> int:
    return world.guard.health().signatures.misses


@pytest.mark.parametrize("room", [2, 5, 8])
def test_a_token_in_use_is_verified_once_however_many_others_come_and_go(
    new_world: Callable[..., World], room: int
) -> None:
    world = new_world(guard_options={"remembered_tokens": room})
    used = world.server.jwt()
    assert world(used) == "let in"
    for others in range(1, 3 * room):
        assert world(world.server.jwt()) == "let in"
        assert world(used) == "let in"
        assert verified(world) == 1 + others


def test_the_token_that_was_used_least_lately_is_verified_anew(
    new_world: Callable[..., World],
) -> None:
    world = new_world(guard_options={"remembered_tokens": 3})
    first, second, third, fourth = (world.server.jwt() for _ in range(4))
    for token in (first, second, third, first, fourth):
        assert world(token) == "let in"
    assert verified(world) == 4
    for token in (first, third, fourth):
        assert world(token) == "let in"
    assert verified(world) == 4
    assert world(second) == "let in"
    assert verified(world) == 5
