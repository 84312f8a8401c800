"""Everything at once: rotations, refreshes, strangers, opaque tokens, one guard."""

from __future__ import annotations

from collections.abc import Callable

from key_life.world import World, at_once


def test_in_a_storm_every_good_token_is_let_in_and_nothing_hangs(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=True)
    server = world.server
    old = server.jwt(expires_in=1_000_000)
    assert world(old) == "let in"
    strangers: set[str] = set()
    for hour in range(10):
        world.clock.turn(31 if hour % 2 else 500)
        server.rotate_keys(keep_old=True)
        new, opaque = server.jwt(), server.opaque()
        stranger = server.jwt(key=server.foreign_key(), kid=f"made-up-{hour}")
        calls = [lambda token=token: world(token) for token in [old, new, opaque] * 8]
        *good, strange = at_once([*calls, lambda token=stranger: world(token)])
        assert set(good) == {"let in"}
        strangers.add(strange)
    assert strangers == {"401 key_unknown"}
    assert server.count("/introspect") == 10
