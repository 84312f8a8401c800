"""``Guard.warm_up()``: fail early, for those who want to; and how a guard heals without it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from bearer_guard import (
    AuthorizationServerUnavailable,
    Guard,
    Introspection,
    Issuer,
    KeySetPolicy,
    UpstreamPolicy,
)
from bearer_guard.testing import AuthorizationServer, HandClock
from key_life.world import ISSUER, JWKS, OAUTH, OPENID, TEMPLATE, World, at_once, verdict

Warm = Callable[[Guard], None]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def warm(request: pytest.FixtureRequest) -> Warm:
    """Warm a guard up, in each of the ways."""
    if request.param == "sync":
        return lambda guard: guard.warm_up()
    import anyio

    return lambda guard: anyio.run(guard.warm_up_async, backend=request.param)


@pytest.fixture
def opaque(new_world: Callable[..., World]) -> World:
    """One whose issuer introspects, at an endpoint that its metadata names."""

    def introspection(server: AuthorizationServer) -> Introspection:
        return Introspection(**{**server.introspection_settings(), "endpoint": None})  # type: ignore[arg-type]

    return new_world(introspects=introspection)


def failure(warm: Warm, guard: Guard) -> AuthorizationServerUnavailable:
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        warm(guard)
    return caught.value


def test_metadata_and_keys_are_there_before_the_first_request(world: World, warm: Warm) -> None:
    warm(world.guard)
    assert [request.endpoint for request in world.server.seen] == [OPENID, JWKS]
    assert world.guard.health().issuers[0].state == "fresh"
    assert world(world.server.jwt()) == "let in"
    assert len(world.server.seen) == 2


def test_so_is_the_introspection_endpoints_address(opaque: World, warm: Warm) -> None:
    warm(opaque.guard)
    asked = len(opaque.server.seen)
    assert opaque.server.count("/introspect") == 0, "there is no token to ask about"
    assert opaque(opaque.server.opaque()) == "let in"
    assert [request.endpoint for request in opaque.server.seen[asked:]] == ["/introspect"]


def test_an_endpoint_that_the_settings_name_is_not_looked_for(
    new_world: Callable[..., World],
) -> None:
    world = new_world(
        introspects=lambda server: Introspection(server.url("/introspect"), token="t"),
    )
    world.guard.warm_up()
    assert [request.endpoint for request in world.server.seen] == [OPENID, JWKS]


def test_what_is_fresh_is_not_fetched_again(opaque: World, warm: Warm) -> None:
    warm(opaque.guard)
    asked = len(opaque.server.seen)
    for _ in range(5):
        warm(opaque.guard)
    assert len(opaque.server.seen) == asked


def test_templates_have_nothing_to_fetch_beforehand(
    new_world: Callable[..., World], warm: Warm
) -> None:
    world = new_world(TEMPLATE)
    warm(world.guard)
    assert world.server.seen == []


def test_many_that_warm_up_at_once_make_one_fetch(opaque: World) -> None:
    assert at_once([opaque.guard.warm_up] * 12) == [None] * 12
    assert opaque.server.count(JWKS) == 1
    assert opaque.server.count(OPENID) == 2, "once for the keys and once for the endpoint"


def test_it_shares_the_flight_of_a_request(world: World) -> None:
    token = world.server.jwt()
    results: list[str] = []
    waiting = threading.Thread(target=lambda: results.append(world(token)))
    with world.server.held(JWKS):
        waiting.start()
        world.server.wait_until_asked(JWKS)
        warming = threading.Thread(target=world.guard.warm_up)
        warming.start()
    waiting.join()
    warming.join()
    assert results == ["let in"]
    assert world.server.count(JWKS) == 1


def test_a_server_that_is_down_is_an_error_that_says_which_and_why(
    world: World, warm: Warm
) -> None:
    world.server.go_down()
    error = failure(warm, world.guard)
    assert (error.reason, error.retry_after) == ("upstream_unreachable", 1)
    assert error.details == {"issuers": {ISSUER: "upstream_unreachable"}}
    assert error.__notes__ == [f"{ISSUER}: upstream_unreachable error='ConnectError'"]
    assert error.__cause__ is error.__context__ is None
    assert ISSUER in "".join(traceback.format_exception(error)), "whoever sees it crash, sees it"


def test_all_issuers_are_tried_and_all_that_failed_are_named() -> None:
    with ExitStack() as running:
        servers = [running.enter_context(AuthorizationServer()) for _ in range(4)]
        servers[0].go_down()
        servers[2].override(JWKS, body={"keys": []})
        issuers = [Issuer(server.issuer, alias=f"{at}") for at, server in enumerate(servers)]
        guard = running.enter_context(Guard(audience=servers[0].audience, issuers=issuers))
        error = failure(Guard.warm_up, guard)
        assert error.details == {
            "issuers": {
                servers[0].issuer: "upstream_unreachable",
                servers[2].issuer: "key_set_unusable",
            }
        }
        assert [note.partition(": ")[2] for note in error.__notes__] == [
            "upstream_unreachable error='ConnectError'",
            "key_set_unusable problem='not a set of keys'",
        ]
        states = [issuer.state for issuer in guard.health().issuers]
        assert states == ["nothing", "fresh", "nothing", "fresh"]


@pytest.mark.parametrize("waits", [(3, 7), (7, 3)])
def test_of_several_that_ask_for_time_the_longest_counts(waits: tuple[int, int]) -> None:
    with ExitStack() as running:
        servers = [running.enter_context(AuthorizationServer()) for _ in waits]
        for server, wait in zip(servers, waits, strict=True):
            server.override(JWKS, status=503, headers={"Retry-After": str(wait)})
        issuers = [Issuer(server.issuer, alias=f"{at}") for at, server in enumerate(servers)]
        guard = running.enter_context(
            Guard(audience=servers[0].audience, issuers=issuers, clock=HandClock())
        )
        assert failure(Guard.warm_up, guard).retry_after == 7


def test_what_a_server_writes_of_itself_stays_on_its_line(world: World) -> None:
    forged = {**world.server.metadata(), "issuer": "x\nTraceback: forged"}
    for place in (OPENID, OAUTH):
        world.server.override(place, body=forged)
    (note,) = failure(Guard.warm_up, world.guard).__notes__
    assert "\n" not in note
    assert note.startswith(f"{ISSUER}: metadata_issuer_mismatch expected='{ISSUER}' named='x\\n")


def test_an_issuer_that_has_just_failed_is_not_pressed(world: World, warm: Warm) -> None:
    world.server.go_down()
    failure(warm, world.guard)
    world.server.come_back()
    assert failure(warm, world.guard).reason == "upstream_unreachable"
    assert world.server.seen == []
    world.clock.turn(1)
    warm(world.guard)
    assert world.server.count(JWKS) == 1


def test_an_endpoint_that_cannot_be_found_is_an_error_too(opaque: World, warm: Warm) -> None:
    metadata = {**opaque.server.metadata()}
    del metadata["introspection_endpoint"]
    for place in (OPENID, OAUTH):
        opaque.server.override(place, body=metadata)
    error = failure(warm, opaque.guard)
    assert error.reason == "introspection_endpoint_unknown"
    assert opaque.guard.health().issuers[0].state == "fresh", "its keys are there"
    last = opaque.guard.health().issuers[0].introspection.last_error
    assert last.reason == "introspection_endpoint_unknown"


def suspended(world: World) -> None:
    world.server.override("/introspect", status=500)
    for _ in range(6):
        world(world.server.opaque())
    assert world.guard.health().issuers[0].introspection.breaker == "open"


def test_an_endpoint_that_is_left_alone_is_not_looked_for(opaque: World, warm: Warm) -> None:
    suspended(opaque)
    asked = len(opaque.server.seen)
    assert failure(warm, opaque.guard).reason == "introspection_suspended"
    assert [request.endpoint for request in opaque.server.seen[asked:]] == [OPENID, JWKS]


def test_nor_is_one_for_which_no_thread_is_free(new_world: Callable[..., World]) -> None:
    def narrow(server: AuthorizationServer) -> Introspection:
        given = server.introspection_settings(concurrent_calls=1, waiting_calls=0, endpoint=None)
        return Introspection(**given)  # type: ignore[arg-type]

    world = new_world(introspects=narrow)
    token = world.server.opaque()
    with world.server.held("/introspect"):
        waiting = threading.Thread(target=world, args=(token,))
        waiting.start()
        world.server.wait_until_asked("/introspect")
        error = failure(Guard.warm_up, world.guard)
    waiting.join()
    assert error.details == {"issuers": {ISSUER: "introspection_busy"}}
    assert error.__cause__ is error.__context__ is None


def test_an_issuer_of_referential_tokens_alone_needs_no_keys(opaque: World, warm: Warm) -> None:
    metadata = {**opaque.server.metadata()}
    del metadata["jwks_uri"]
    for place in (OPENID, OAUTH):
        opaque.server.override(place, body=metadata)
    warm(opaque.guard)
    warm(opaque.guard)
    assert opaque.server.count(OPENID) == 2, "and it is not asked again while it backs off"
    assert opaque(opaque.server.opaque()) == "let in"


def test_an_issuer_without_keys_that_does_not_introspect_is_an_error(world: World) -> None:
    metadata = {**world.server.metadata()}
    del metadata["jwks_uri"]
    for place in (OPENID, OAUTH):
        world.server.override(place, body=metadata)
    assert failure(Guard.warm_up, world.guard).reason == "metadata_unusable"


def test_a_server_that_hangs_is_waited_for_no_longer_than_its_deadline() -> None:
    hasty = UpstreamPolicy(connect_timeout=0.2, timeout=0.2)
    with AuthorizationServer() as server:
        introspection = Introspection(**server.introspection_settings())
        issuer = Issuer(server.issuer, upstream=hasty, introspection=introspection)
        with Guard(audience=server.audience, issuers=[issuer]) as guard, server.held(OPENID):
            error = failure(Guard.warm_up, guard)
    assert error.reason == "upstream_timeout"


class Stuck:
    """A client whose calls go on until the test ends, whatever deadline they were given."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def stream(self, *_arguments: Any, **_options: Any) -> Any:
        assert self.go_on.wait(10)
        raise OSError

    def close(self) -> None: ...


def test_nor_is_a_flight_that_does_not_land(warm: Warm) -> None:
    hasty = UpstreamPolicy(connect_timeout=0.1, timeout=0.1, retries=0)
    stuck = Stuck()
    issuer = Issuer(
        ISSUER, upstream=hasty, introspection=Introspection(client_id="a", client_secret="b")
    )
    with Guard(audience="a", issuers=[issuer], http_client=stuck) as guard:
        assert failure(warm, guard).reason == "upstream_timeout"
        stuck.go_on.set()


def test_a_hundred_issuers_are_fetched_eight_at_a_time() -> None:
    """All at once, the last would wait for a thread until their time is up."""
    keys = AuthorizationServer(issuer=ISSUER)
    flying: list[int] = []

    class Watching:
        def __init__(self) -> None:
            self._client = keys.http_client()

        def stream(self, *arguments: Any, **options: Any) -> Any:
            pools = guard._authenticator.equipment._key_flights
            flying.append(sum(len(pool._flying) for pool in pools))
            return self._client.stream(*arguments, **options)

        def close(self) -> None: ...

    issuers = [
        Issuer(f"https://i{number}.example/", jwks_uri=keys.url(JWKS)) for number in range(100)
    ]
    with Guard(audience="a", issuers=issuers, http_client=Watching()) as guard:
        guard.warm_up()
        assert {issuer.state for issuer in guard.health().issuers} == {"fresh"}
    assert keys.count(JWKS) == 100
    assert max(flying) <= 8


def test_keys_that_are_stale_and_serve_are_enough(new_world: Callable[..., World]) -> None:
    world = new_world(key_set=KeySetPolicy(jitter=0))
    world.guard.warm_up()
    world.server.go_down()
    world.clock.turn(700)
    world.guard.warm_up()
    assert world.guard.health().issuers[0].state == "stale"


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
def test_a_guard_that_starts_while_its_server_is_down_heals_by_itself(
    new_world: Callable[..., World], kind: str
) -> None:
    """Nobody warms it up, nobody restarts it; the requests alone."""
    world = new_world(introspects=True)
    token = getattr(world.server, kind)(expires_in=100_000)
    world.server.go_down()
    for _ in range(3):
        assert verdict(world.guard, token) == "503 upstream_unreachable"
    world.clock.turn(3600)
    assert verdict(world.guard, token) == "503 upstream_unreachable"
    world.server.come_back()
    world.clock.turn(30)
    assert verdict(world.guard, token) == "let in"
    assert world.guard.health().is_ready()


def test_a_real_server_that_starts_after_the_guard_is_found() -> None:
    server = AuthorizationServer()
    with server:
        issuer, token = server.issuer, server.jwt()
        server.go_down()
        back_off = UpstreamPolicy(back_off=0)
        with Guard(audience=server.audience, issuers=[Issuer(issuer, upstream=back_off)]) as guard:
            assert failure(Guard.warm_up, guard).details["issuers"] == {
                issuer: "upstream_unreachable"
            }
            assert verdict(guard, token) == "503 upstream_unreachable"
            server.come_back()
            assert verdict(guard, token) == "let in"
