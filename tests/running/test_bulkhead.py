"""A slow introspection endpoint takes its own threads and its own queue, and then nobody waits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import anyio
import httpx
import pytest

from bearer_guard import AuthorizationServerUnavailable, Guard, Introspection, Issuer
from bearer_guard.testing import AuthorizationServer
from key_life.world import World, all_landed, bearer, verdict, verdict_async

PATH = "/introspect"


@pytest.fixture
def narrow(new_world: Callable[..., World]) -> World:
    """Two calls at once, and three that wait for their turn."""
    return new_world(introspects=settings(concurrent_calls=2, waiting_calls=3))


def settings(**options: int) -> Callable[[AuthorizationServer], Introspection]:
    return lambda server: Introspection(**server.introspection_settings(**options))


def while_waiting(world: World, tokens: list[str], look: Callable[[], object]) -> list[str]:
    """The verdicts of requests that all wait for the endpoint while ``look`` is called."""
    verdicts: list[str] = []

    async def one(token: str) -> None:
        verdicts.append(await verdict_async(world.guard, token))

    async def main() -> None:
        with ExitStack() as hold:
            hold.enter_context(world.server.held(PATH))
            async with anyio.create_task_group() as tasks:
                for token in tokens:
                    tasks.start_soon(one, token)
                await anyio.wait_all_tasks_blocked()
                assert verdicts == []
                look()
                assert verdicts == []
                hold.close()

    anyio.run(main)
    return verdicts


def test_so_many_calls_go_at_once_so_many_wait_and_the_rest_is_sent_away(narrow: World) -> None:
    def look() -> None:
        narrow.server.wait_until_asked(PATH, times=2)
        for _ in range(20):
            assert narrow(narrow.server.opaque()) == "503 introspection_busy"
        assert narrow.server.count(PATH) == 2, "no more than two at once, whoever waits"

    tokens = [narrow.server.opaque() for _ in range(5)]
    assert while_waiting(narrow, tokens, look) == ["let in"] * 5
    assert narrow.server.count(PATH) == 5
    assert narrow(narrow.server.opaque()) == "let in"


def test_who_is_sent_away_is_told_when_to_come_back(narrow: World) -> None:
    def look() -> None:
        with pytest.raises(AuthorizationServerUnavailable) as refused:
            narrow.guard.authenticate(bearer("one-more"))
        assert refused.value.details == {"issuer": narrow.server.issuer}
        refusal = narrow.guard.refusal(refused.value)
        headers = dict(refusal.headers)
        assert (refusal.status, headers["retry-after"]) == (503, "1")
        assert "www-authenticate" not in headers

    while_waiting(narrow, [narrow.server.opaque() for _ in range(5)], look)


def test_to_join_a_flight_takes_no_place(narrow: World) -> None:
    def look() -> None:
        assert narrow(narrow.server.opaque()) == "503 introspection_busy"

    tokens = [narrow.server.opaque() for _ in range(5)]
    assert while_waiting(narrow, tokens * 40, look) == ["let in"] * 200
    assert narrow.server.count(PATH) == 5


def test_kept_answers_are_served_while_it_is_full(narrow: World) -> None:
    known = narrow.server.opaque()
    assert narrow(known) == "let in"

    def look() -> None:
        assert narrow(known) == "let in"
        assert narrow(narrow.server.jwt()) == "let in", "keys have threads of their own"

    while_waiting(narrow, [narrow.server.opaque() for _ in range(5)], look)


def test_a_full_bulkhead_says_nothing_of_the_endpoint(new_world: Callable[..., World]) -> None:
    world = new_world(
        introspects=settings(concurrent_calls=1, waiting_calls=0, failures_to_suspend=1)
    )

    def look() -> None:
        for _ in range(10):
            assert world(world.server.opaque()) == "503 introspection_busy"

    assert while_waiting(world, [world.server.opaque()], look) == ["let in"]
    assert world(world.server.opaque()) == "let in"


def test_a_hanging_endpoint_takes_nothing_from_another_issuers() -> None:
    """Neither threads nor connections: each has as many as it may use at once."""
    with AuthorizationServer() as slow, AuthorizationServer() as well:
        issuers = [
            Issuer(
                server.issuer,
                introspection=Introspection(**server.introspection_settings(concurrent_calls=60)),
                introspect_jwts_every=0,
            )
            for server in (slow, well)
        ]
        with Guard(audience=well.audience, issuers=issuers, opaque_issuer=slow.issuer) as guard:
            assert verdict(guard, slow.jwt()) == verdict(guard, well.jwt()) == "let in"

            async def main() -> list[str]:
                verdicts: list[str] = []

                async def one() -> None:
                    verdicts.append(await verdict_async(guard, well.jwt()))

                async with anyio.create_task_group() as tasks:
                    for _ in range(60):
                        tasks.start_soon(verdict_async, guard, slow.opaque())
                    await anyio.to_thread.run_sync(
                        lambda: slow.wait_until_asked(PATH, times=1 + 60)
                    )
                    async with anyio.create_task_group() as others:
                        for _ in range(60):
                            others.start_soon(one)
                    tasks.cancel_scope.cancel()
                return verdicts

            with slow.held(PATH):
                assert anyio.run(main) == ["let in"] * 60
            all_landed()


def test_there_is_a_connection_for_every_thread() -> None:
    introspection = Introspection("https://a.example/i", token="t", concurrent_calls=200)
    plain = Introspection("https://b.example/i", token="t")
    issuers = [
        Issuer("https://a.example/", introspection=introspection),
        Issuer("https://b.example/", introspection=plain, introspect_jwts_every=60),
        Issuer("https://c.example/", introspection=plain),
        Issuer("https://d.example/{t}"),
    ]
    with Guard(audience="a", issuers=issuers, opaque_issuer="https://a.example/") as guard:
        assert guard._authenticator.equipment._caller._connections == 200 + 64 + 2 * 8
        transport = guard._authenticator.equipment._caller._ready_client()._transport  # type: ignore[attr-defined]
        assert isinstance(transport, httpx.BaseTransport)
        assert transport._pool._max_connections == 280  # type: ignore[attr-defined]
