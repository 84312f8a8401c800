"""ECDSA has two good signatures for each one: what is said of a token holds for both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bearer_guard import Introspection
from bearer_guard._core.signatures import signed_part
from bearer_guard.testing import AuthorizationServer
from key_life.world import World
from running.twins import ECDSA, twin

ALGORITHMS = pytest.mark.parametrize("algorithm", ECDSA)
REVOKED = "401 token_revoked"


def both(world: World, algorithm: str, **options: object) -> tuple[str, str]:
    token = world.server.jwt(algorithm=algorithm, **options)  # type: ignore[arg-type]
    return token, twin(token, algorithm)


def remembered(world: World) -> int:
    return len(world.guard._authenticator._verified.recent)


def introspecting(server: AuthorizationServer) -> Introspection:
    return Introspection(**server.introspection_settings())


@ALGORITHMS
@pytest.mark.parametrize("seen", [(), (0,), (1,), (0, 1), (1, 0)], ids=str)
@pytest.mark.parametrize("revoked", [0, 1])
def test_a_revoked_token_is_refused_in_both_spellings_of_its_signature(
    world: World, algorithm: str, seen: tuple[int, ...], revoked: int
) -> None:
    """Whichever of the two was revoked, and whichever was let in and remembered before."""
    tokens = both(world, algorithm)
    others = both(world, algorithm)
    assert tokens[0] != tokens[1]
    for each in (*seen, *seen):
        assert world(tokens[each]) == "let in"
    assert world(others[0]) == "let in"
    world.guard.revoke(tokens[revoked])
    assert [world(token) for token in (*tokens, *tokens)] == [REVOKED] * 4
    assert [world(token) for token in others] == ["let in"] * 2


@ALGORITHMS
@pytest.mark.parametrize("seen", [(), (0,), (1,), (0, 1)], ids=str)
def test_a_revoked_token_that_is_introspected_too_is_refused_in_both_spellings(
    new_world: Callable[..., World], algorithm: str, seen: tuple[int, ...]
) -> None:
    world = new_world(introspects=introspecting, introspect_jwts_every=600)
    tokens = both(world, algorithm)
    for token in tokens:
        world.server.introspection_answer(token, {"active": True, "aud": world.server.audience})
    for each in (*seen, *seen):
        assert world(tokens[each]) == "let in"
    world.guard.revoke(tokens[0])
    assert [world(token) for token in tokens] == [REVOKED] * 2


@ALGORITHMS
def test_a_token_that_is_forgotten_is_forgotten_in_both_spellings(
    world: World, algorithm: str
) -> None:
    tokens = both(world, algorithm)
    for seen, forgotten in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert world(tokens[seen]) == "let in"
        assert remembered(world) == 1
        world.guard.forget(tokens[forgotten])
        assert remembered(world) == 0


def test_one_spelling_of_a_token_is_remembered(world: World) -> None:
    """The holder of one token takes one place, and pushes nobody out."""
    tokens = both(world, "ES256")
    for _ in range(3):
        assert [world(token) for token in tokens] == ["let in"] * 2
        assert remembered(world) == 1


def test_a_token_is_told_from_others_by_what_is_signed() -> None:
    # As long as R and S of ES256 (and of Ed25519), ES384 and ES512 are in base64url.
    for length in (86, 128, 176):
        assert signed_part(b"h.p." + b"s" * length) == b"h.p."
    for whole in (
        b"h.p." + b"s" * 85,
        b"h.p." + b"s" * 342,  # RS256 with the shortest keys
        b"h.p.",
        b"..",
        b"opaque",
        b"a.b" + b"s" * 86,
        b"a.b.c.d." + b"s" * 86,
        b"",
    ):
        assert signed_part(whole) == whole


def test_a_token_without_its_signature_finds_no_answer_that_was_about_the_whole(
    new_world: Callable[..., World],
) -> None:
    """It is opaque then, and asked about by itself."""
    world = new_world(introspects=introspecting, introspect_jwts_every=600)
    token = world.server.jwt()
    assert [world(token), world(token)] == ["let in"] * 2
    signed = token.rpartition(".")[0]
    assert world(signed) == "401 token_inactive"
    assert world(f"{signed}.").startswith("401 ")


def test_tokens_beyond_those_that_are_remembered_can_be_revoked_as_well(
    new_world: Callable[..., World],
) -> None:
    """What is written down of names is bounded, and nothing is let in whose name is not."""
    world = new_world(guard_options={"remembered_tokens": 4})
    lasting = world.server.jwt(algorithm="ES256")
    passing = [world.server.jwt(algorithm="ES256") for _ in range(30)]
    for token in passing:
        assert [world(token), world(lasting)] == ["let in"] * 2
        verified = world.guard._authenticator._verified
        assert len(verified.recent) <= 4
        assert len(verified._by_name) <= 8
        assert set(verified.recent._values) <= set(verified._by_name.values())
    for token in (lasting, *passing):
        world.guard.revoke(token)
    assert {world(token) for token in (lasting, *passing)} == {REVOKED}


def test_what_is_forgotten_altogether_leaves_no_name_behind(world: World) -> None:
    for algorithm in ("ES256", "ES256", "RS256"):
        world(world.server.jwt(algorithm=algorithm))  # type: ignore[arg-type]
    world.guard.forget_all()
    assert (remembered(world), len(world.guard._authenticator._verified._by_name)) == (0, 0)
