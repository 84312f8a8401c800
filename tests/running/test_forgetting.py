"""What a guard remembers of tokens, it can be told to forget."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import anyio
import pytest

from bearer_guard import Introspection
from bearer_guard._running.forgetting import Epoch
from bearer_guard.clock import SystemClock
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, World, bearer, verdict_async

PATH = "/introspect"
Forget = Callable[[World, str], None]


def by_token(world: World, token: str) -> None:
    world.guard.forget(token)


def by_subject(world: World, _token: str) -> None:
    world.guard.forget_subject(world.server.issuer, "alice")


def by_all(world: World, _token: str) -> None:
    world.guard.forget_all()


WAYS = pytest.mark.parametrize("forget", [by_token, by_subject, by_all])


def asked(world: World) -> int:
    return world.server.count(PATH)


def remembered(world: World) -> int:
    return len(world.guard._authenticator._verified.recent)


def kept(world: World) -> int:
    (introspector,) = world.guard._authenticator._introspectors.values()
    return len(introspector.answers._store)  # type: ignore[arg-type]


@WAYS
def test_a_revoked_token_is_refused_at_once(opaque: World, forget: Forget) -> None:
    token = opaque.server.opaque(subject="alice")
    assert opaque(token) == "let in"
    opaque.server.revoke(token)
    assert opaque(token) == "let in"
    forget(opaque, token)
    assert kept(opaque) == 0
    assert opaque(token) == "401 token_inactive"
    assert asked(opaque) == 2


@WAYS
def test_a_refused_token_is_asked_about_anew(opaque: World, forget: Forget) -> None:
    """A refusal does not say whose token it was, so every refusal goes with any subject."""
    token = opaque.server.opaque(subject="alice")
    opaque.server.introspection_answer(token, {"active": False})
    assert opaque(token) == "401 token_inactive"
    opaque.server.introspection_answer(token, None)
    assert opaque(token) == "401 token_inactive"
    forget(opaque, token)
    assert opaque(token) == "let in"


@WAYS
def test_grace_is_forgotten_too(new_world: Callable[..., World], forget: Forget) -> None:
    world = new_world(
        introspects=lambda server: Introspection(**server.introspection_settings(grace_for=600))
    )
    token = world.server.opaque(subject="alice", expires_in=3600)
    world(token)
    world.clock.turn(60)
    world.server.go_down()
    assert world(token) == "let in"
    forget(world, token)
    assert world(token) == "503 upstream_unreachable"


@WAYS
def test_a_verified_signature_is_forgotten(world: World, forget: Forget) -> None:
    token = world.server.jwt(subject="alice")
    assert world(token) == "let in"
    assert remembered(world) == 1
    forget(world, token)
    assert remembered(world) == 0
    assert world(token) == "let in", "it does not revoke: the signature is good still"
    assert world.keys_asked() == 1, "and the keys are kept"


def test_one_token_of_a_subject_leaves_the_others(opaque: World) -> None:
    one, other = (opaque.server.opaque(subject="alice") for _ in range(2))
    jwt = opaque.server.jwt(subject="alice")
    for token in (one, other, jwt):
        assert opaque(token) == "let in"
    opaque.guard.forget(one)
    assert (kept(opaque), remembered(opaque)) == (1, 1)
    assert opaque(other) == "let in"
    assert asked(opaque) == 2


def test_a_subject_is_one_of_its_issuer_alone(opaque: World) -> None:
    """RFC 7519 section 4.1.2: unique within its issuer."""
    alice, bob = (opaque.server.opaque(subject=name) for name in ("alice", "bob"))
    jwts = [opaque.server.jwt(subject=name) for name in ("alice", "bob")]
    for token in (alice, bob, *jwts):
        assert opaque(token) == "let in"
    opaque.guard.forget_subject("https://other.example.com/", "alice")
    opaque.guard.forget_subject(opaque.server.issuer, "alic")
    assert (kept(opaque), remembered(opaque)) == (2, 2)
    opaque.guard.forget_subject(opaque.server.issuer, "alice")
    assert (kept(opaque), remembered(opaque)) == (1, 1)
    assert opaque(bob) == "let in"
    assert asked(opaque) == 2


@pytest.mark.parametrize("token", ["", "unheard-of", "not a token", "é", "Bearer x"])
def test_what_was_never_known_is_forgotten_without_an_error(opaque: World, token: str) -> None:
    opaque.guard.forget(token)
    opaque.guard.forget_subject("", "")
    opaque.guard.forget_all()


def test_a_guard_without_introspection_forgets_as_well(world: World) -> None:
    world.guard.forget("a")
    world.guard.forget_subject("a", "b")
    world.guard.forget_all()


@WAYS
def test_what_is_in_the_air_is_not_kept_and_serves_nobody_who_comes_after(
    opaque: World, forget: Forget
) -> None:
    """It was asked for before; the token may have been revoked in between."""
    token = opaque.server.opaque(subject="alice")
    before: list[str] = []
    after: list[str] = []

    async def one(verdicts: list[str]) -> None:
        verdicts.append(await verdict_async(opaque.guard, token))

    async def main() -> None:
        with ExitStack() as hold:
            hold.enter_context(opaque.server.held(PATH))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one, before)
                await anyio.to_thread.run_sync(lambda: opaque.server.wait_until_asked(PATH))
                forget(opaque, token)
                for _ in range(2):
                    tasks.start_soon(one, after)
                await anyio.to_thread.run_sync(
                    lambda: opaque.server.wait_until_asked(PATH, times=2)
                )
                # The first question is answered as before the revocation, the second as after it.
                hold.close()

    anyio.run(main)
    assert (before, after) == (["let in"], ["let in"] * 2)
    assert asked(opaque) == 2, "those who came after share a flight of their own"
    assert kept(opaque) == 1


@WAYS
def test_an_answer_that_lands_after_it_is_not_kept(opaque: World, forget: Forget) -> None:
    token = opaque.server.opaque(subject="alice")
    verdicts: list[str] = []

    async def one() -> None:
        verdicts.append(await verdict_async(opaque.guard, token))

    async def main() -> None:
        with ExitStack() as hold:
            hold.enter_context(opaque.server.held(PATH))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one)
                await anyio.to_thread.run_sync(lambda: opaque.server.wait_until_asked(PATH))
                forget(opaque, token)
                hold.close()

    anyio.run(main)
    assert verdicts == ["let in"]
    assert kept(opaque) == 0
    opaque.server.revoke(token)
    assert opaque(token) == "401 token_inactive"


@WAYS
def test_a_signature_that_is_being_verified_is_not_remembered_after_it(
    world: World, forget: Forget
) -> None:
    """What goes with it may have changed: the scopes that the application's function adds."""
    token = world.server.jwt(subject="alice")
    verdicts: list[str] = []

    async def one() -> None:
        verdicts.append(await verdict_async(world.guard, token))

    async def main() -> None:
        with ExitStack() as hold:
            hold.enter_context(world.server.held(JWKS))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one)
                await anyio.to_thread.run_sync(lambda: world.server.wait_until_asked(JWKS))
                forget(world, token)
                hold.close()

    anyio.run(main)
    assert verdicts == ["let in"]
    assert remembered(world) == 0
    assert world(token) == "let in"
    assert remembered(world) == 1


def test_scopes_that_the_settings_add_are_worked_out_anew(new_world: Callable[..., World]) -> None:
    added = ["a"]
    options = {"expand_scopes": lambda _: list(added)}
    world = new_world(introspects=True, guard_options=options)
    tokens = world.server.jwt(scope="x"), world.server.opaque(scope="x")
    for token in tokens:
        assert world.guard.authenticate(bearer(token)).scopes == {"x", "a"}
    added[:] = ["b"]
    world.guard.forget_all()
    for token in tokens:
        assert world.guard.authenticate(bearer(token)).scopes == {"x", "b"}


def test_to_forget_leaves_nothing_behind(opaque: World) -> None:
    """There is no index that grows: what is not remembered is not known."""
    tokens = [opaque.server.opaque(subject=f"user-{number}") for number in range(50)]
    assert set(opaque.many(tokens)) == {"let in"}
    for number in range(50):
        opaque.guard.forget_subject(opaque.server.issuer, f"user-{number}")
    assert kept(opaque) == 0


def test_nothing_is_forgotten_between_the_look_at_the_epoch_and_what_is_done_in_it() -> None:
    epoch, held = Epoch(SystemClock()), []
    epoch.act(0, lambda: held.append(epoch._lock.locked()))
    assert held == [True]
    epoch.turn()
    epoch.act(0, lambda: held.append("an epoch too late"))
    epoch.act(1, lambda: held.append(epoch._lock.locked()))
    assert held == [True, True]


def test_a_forked_process_has_a_lock_that_nobody_holds(opaque: World) -> None:
    epoch: Any = opaque.guard._authenticator._epoch
    with epoch._lock:
        epoch.after_fork()
        opaque.guard.forget_all()


def introspecting(server: AuthorizationServer) -> Introspection:
    return Introspection(**server.introspection_settings())


@WAYS
def test_an_introspected_jwt_is_forgotten_by_both_its_memories(
    new_world: Callable[..., World], forget: Forget
) -> None:
    world = new_world(introspects=introspecting, introspect_jwts_every=600)
    token = world.server.jwt(subject="alice", expires_in=3600)
    assert world(token) == "let in"
    assert (kept(world), remembered(world)) == (1, 1)
    world.server.revoke(token)
    assert world(token) == "let in"
    forget(world, token)
    assert (kept(world), remembered(world)) == (0, 0)
    assert world(token) == "401 token_inactive"
