"""A slow introspection endpoint takes its own threads and its own queue, and then nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

import anyio
import httpx
import pytest

from bearer_guard import (
    AuthorizationServerUnavailable,
    Guard,
    Introspection,
    Issuer,
    UpstreamPolicy,
)
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, World, all_landed, bearer, verdict, verdict_async
from patience import eventually

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
        transport = guard._authenticator.equipment._caller._clients.ready()._transport  # type: ignore[attr-defined]
        assert isinstance(transport, httpx.BaseTransport)
        pool = transport._pool  # type: ignore[attr-defined]
        introspections, template, exact = 200 + 64, 8, 3
        assert pool._max_connections == introspections + template + exact
        assert pool._max_keepalive_connections == introspections + template + 3


def test_ten_thousand_issuers_keep_no_more_idle_connections_than_a_few_do() -> None:
    """Open files are few: 1024 in most systems."""
    issuers = [Issuer(f"https://i{number}.example/") for number in range(10_000)]
    with Guard(audience="a", issuers=issuers) as guard:
        connections, kept = guard._authenticator.equipment._connections()
    assert (connections, kept) == (10_000, 8)


def hanging(server: AuthorizationServer, tenants: int) -> list[Issuer]:
    """Issuers that all live on one server, as tenants do."""
    jwks_uri = server.url(JWKS)
    patient = UpstreamPolicy(timeout=60)
    return [
        Issuer(f"{server.issuer}/tenant-{number}", jwks_uri=jwks_uri, upstream=patient)
        for number in range(tenants)
    ]


def test_issuers_on_a_server_that_hangs_take_no_thread_from_issuers_elsewhere(
    authorization_server: AuthorizationServer,
) -> None:
    """As many as a server has threads, and more: without threads of its own the issuer that is
    well would wait until theirs have timed out."""
    well = authorization_server
    with AuthorizationServer() as slow, ExitStack() as hold:
        tenants = hanging(slow, 20)
        issuers = [*tenants, Issuer(well.issuer)]
        guard = hold.enter_context(Guard(audience=well.audience, issuers=issuers))
        hold.enter_context(slow.held(JWKS))
        waiting = [
            threading.Thread(target=verdict, args=(guard, slow.jwt(claims={"iss": tenant.issuer})))
            for tenant in tenants
        ]
        for thread in waiting:
            thread.start()
        slow.wait_until_asked(JWKS, times=8)
        assert verdict(guard, well.jwt()) == "let in"
        assert all(thread.is_alive() for thread in waiting), "they wait still"
        assert slow.count(JWKS) == 8, "no more than eight threads for one server"
        hold.close()
        for thread in waiting:
            thread.join()


def key_threads() -> int:
    return sum(each.name.startswith("bearer_guard-keys") for each in threading.enumerate())


def test_the_threads_of_hundreds_of_servers_do_not_pile_up() -> None:
    """Each server has threads of its own, while there is something to fetch."""
    keys = AuthorizationServer(issuer="https://login.example.com/")
    others = key_threads()
    issuers = [
        Issuer(f"https://i{number}.example/", jwks_uri=f"https://i{number}.example/jwks")
        for number in range(300)
    ]
    document = keys.http_client().get(keys.url(JWKS)).content
    client = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=document))
    )
    with Guard(audience=keys.audience, issuers=issuers, http_client=client) as guard:
        guard.warm_up()
        assert {issuer.state for issuer in guard.health().issuers} == {"fresh"}
        flights = guard._authenticator.equipment._key_flights
        # Those whose last flight has just landed may have a few steps to go.
        eventually(lambda: key_threads() - others <= 8)
        eventually(lambda: len(list(flights)) <= 8)
    eventually(lambda: key_threads() <= others)
