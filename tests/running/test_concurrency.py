"""Many requests at once: one fetch for all, on threads, asyncio and trio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from bearer_guard import AuthorizationServerUnavailable
from key_life.world import JWKS, OAUTH, OPENID, World, at_once, bearer, verdict_async

Run = Callable[..., Any]


async def all_at_once(world: World, tokens: list[str], held: str) -> list[str]:
    """All have asked and wait before the server says its first word."""
    verdicts: list[str] = []

    async def one(token: str) -> None:
        verdicts.append(await verdict_async(world.guard, token))

    hold = world.server.held(held)
    hold.__enter__()
    async with anyio.create_task_group() as tasks:
        for token in tokens:
            tasks.start_soon(one, token)
        await anyio.wait_all_tasks_blocked()
        await anyio.to_thread.run_sync(lambda: world.server.wait_until_asked(held))
        assert verdicts == []
        hold.__exit__(None, None, None)
    return verdicts


def test_two_hundred_cold_threads_cost_one_fetch(world: World) -> None:
    tokens = [world.server.jwt() for _ in range(200)]
    assert world.many(tokens) == ["let in"] * 200
    assert (world.keys_asked(), world.server.count(OPENID)) == (1, 1)


def test_two_hundred_cold_tasks_cost_one_fetch(world: World, run: Run) -> None:
    tokens = [world.server.jwt() for _ in range(200)]
    assert run(all_at_once, world, tokens, OPENID) == ["let in"] * 200
    assert (world.keys_asked(), world.server.count(OPENID)) == (1, 1)


def test_two_hundred_tasks_after_a_rotation_cost_one_fetch(world: World, run: Run) -> None:
    world(world.server.jwt())
    world.clock.turn(5)
    world.server.rotate_keys()
    tokens = [world.server.jwt() for _ in range(200)]
    world.server.reset_counts()
    assert run(all_at_once, world, tokens, JWKS) == ["let in"] * 200
    assert world.keys_asked() == 1


def test_two_hundred_tasks_with_one_opaque_token_cost_one_introspection(
    new_world: Callable[..., World], run: Run
) -> None:
    world = new_world(introspects=True)
    tokens = [world.server.opaque()] * 200
    assert run(all_at_once, world, tokens, "/introspect") == ["let in"] * 200
    assert world.server.count("/introspect") == 1


def test_two_hundred_tasks_in_an_outage_each_hear_so(world: World, run: Run) -> None:
    world.server.unavailable(500)
    tokens = [world.server.jwt()] * 200
    assert run(all_at_once, world, tokens, OPENID) == ["503 metadata_unusable"] * 200
    assert [request.endpoint for request in world.server.seen] == [OPENID, OAUTH]


def test_each_waiter_gets_an_exception_of_its_own(world: World, run: Run) -> None:
    """One instance raised in many collects their tracebacks."""
    world.server.unavailable()
    errors: list[AuthorizationServerUnavailable] = []

    async def one() -> None:
        try:
            await world.guard.authenticate_async(bearer(world.server.jwt()))
        except AuthorizationServerUnavailable as error:
            errors.append(error)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(one)

    run(main)
    assert len({id(error) for error in errors}) == 20
    assert len({id(error.__traceback__) for error in errors}) == 20
    assert all(error.__cause__ is error.__context__ is None for error in errors)


def test_a_client_that_hangs_up_leaves_the_flight_to_the_others(world: World, run: Run) -> None:
    verdicts: list[str] = []

    async def main() -> None:
        hold = world.server.held(OPENID)
        hold.__enter__()
        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as first:

                async def hang_up() -> None:
                    await anyio.wait_all_tasks_blocked()
                    tasks.start_soon(others)
                    tasks.start_soon(others)
                    first.cancel()

                tasks.start_soon(hang_up)
                await verdict_async(world.guard, world.server.jwt())
            assert first.cancelled_caught
            await anyio.wait_all_tasks_blocked()
            hold.__exit__(None, None, None)

    async def others() -> None:
        verdicts.append(await verdict_async(world.guard, world.server.jwt()))

    run(main)
    assert verdicts == ["let in"] * 2
    assert world.keys_asked() == 1


def test_when_all_hang_up_the_next_finds_what_they_asked_for(world: World, run: Run) -> None:
    async def main() -> None:
        with world.server.held(OPENID):
            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(verdict_async, world.guard, world.server.jwt())
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()

    run(main)
    world.landed()
    assert world(world.server.jwt()) == "let in"
    assert world.keys_asked() == 1


def test_threads_and_loops_share_one_flight(world: World, run: Run) -> None:
    def in_a_loop() -> str:
        return run(verdict_async, world.guard, world.server.jwt())

    calls = [in_a_loop, lambda: world(world.server.jwt())] * 10
    assert at_once(calls) == ["let in"] * 20
    assert world.keys_asked() == 1


def test_a_loop_that_ends_takes_nothing_with_it(world: World, run: Run) -> None:
    """Django's ``async_to_sync`` makes a loop for each call."""
    for turn in range(5):
        assert run(verdict_async, world.guard, world.server.jwt()) == "let in"
        world.clock.turn(600)
        assert world.keys_asked() == turn + 1


def test_the_loop_turns_while_a_flight_is_in_the_air(world: World, run: Run) -> None:
    async def main() -> str:
        hold = world.server.held(OPENID)
        hold.__enter__()
        results: list[str] = []

        async def one() -> None:
            results.append(await verdict_async(world.guard, world.server.jwt()))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            for _ in range(100):
                await anyio.lowlevel.checkpoint()
            assert results == []
            hold.__exit__(None, None, None)
        return results[0]

    assert run(main) == "let in"


def test_a_warm_token_never_gives_the_loop_away(world: World, run: Run) -> None:
    token = world.server.jwt()
    world(token)

    async def main() -> None:
        coroutine = world.guard.authenticate_async(bearer(token))
        with pytest.raises(StopIteration) as done:
            coroutine.send(None)
        assert done.value.value.subject == "user-1"

    run(main)


def test_plain_asyncio_code_needs_no_anyio_of_its_own(world: World) -> None:
    async def main() -> list[Any]:
        calls: list[Awaitable[str]] = [
            verdict_async(world.guard, world.server.jwt()) for _ in range(10)
        ]
        return await asyncio.gather(*calls)

    assert asyncio.run(main()) == ["let in"] * 10
    assert world.keys_asked() == 1
