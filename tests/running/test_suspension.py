"""An endpoint that fails is left alone for a while; one probe finds out when it is back."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import anyio
import pytest

from bearer_guard import AuthorizationServerUnavailable, Introspection, UpstreamPolicy
from bearer_guard._core.breaker import Circuit
from bearer_guard.exchange import UpstreamFailure
from bearer_guard.testing import AuthorizationServer
from key_life.world import OAUTH, OPENID, World, all_landed, bearer, verdict_async

PATH = "/introspect"
SUSPENDED = "503 introspection_suspended"
DOWN = "503 upstream_unreachable"


def failing_at(number: int, **options: Any) -> Callable[[AuthorizationServer], Introspection]:
    return lambda server: Introspection(
        **server.introspection_settings(failures_to_suspend=number, **options)
    )


@pytest.fixture
def brittle(new_world: Callable[..., World]) -> World:
    """Its endpoint is left alone after three failures, for 1, 2, 4 and then 5 seconds."""
    upstream = UpstreamPolicy(retries=0, back_off=1, back_off_at_most=5)
    return new_world(introspects=failing_at(3), upstream=upstream)


def asked(world: World) -> int:
    return world.server.count(PATH)


def fail(world: World, times: int = 3, status: int = 500) -> None:
    world.server.override(PATH, status=status)
    for _ in range(times):
        assert world(world.server.opaque()) == "503 introspection_unusable"


def new(world: World) -> str:
    """The verdict on a token that nobody has seen."""
    return world(world.server.opaque())


def retry_after(world: World) -> str:
    with pytest.raises(AuthorizationServerUnavailable) as refused:
        world.guard.authenticate(bearer(world.server.opaque()))
    return dict(world.guard.refusal(refused.value).headers)["retry-after"]


def test_after_so_many_failures_in_a_row_nothing_is_sent(brittle: World) -> None:
    fail(brittle)
    assert asked(brittle) == 3
    assert {new(brittle) for _ in range(100)} == {SUSPENDED}
    brittle.clock.turn(0.99)
    assert new(brittle) == SUSPENDED
    assert asked(brittle) == 3


def test_an_answer_in_between_begins_the_count_anew(brittle: World) -> None:
    for _ in range(5):
        fail(brittle, times=2)
        brittle.server.clear_overrides()
        assert new(brittle) == "let in"
        fail(brittle, times=1)
        brittle.server.clear_overrides()
        assert brittle("dead-token-" + os.urandom(4).hex()) == "401 token_inactive"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408, 401, 403, 302, 204])
def test_whatever_is_no_answer_counts(brittle: World, status: int) -> None:
    brittle.server.override(PATH, status=status)
    verdicts = [new(brittle) for _ in range(4)]
    assert SUSPENDED not in verdicts[:3]
    assert verdicts[3] == SUSPENDED
    assert asked(brittle) == 3


@pytest.mark.parametrize("body", ["<html>Down for maintenance</html>", "[]", b"\xff"])
def test_what_cannot_be_read_counts_too(brittle: World, body: Any) -> None:
    brittle.server.override(PATH, body=body)
    assert [new(brittle) for _ in range(4)] == ["503 introspection_unusable"] * 3 + [SUSPENDED]


def test_a_server_that_cannot_be_reached_counts(brittle: World) -> None:
    brittle.server.go_down()
    assert [new(brittle) for _ in range(5)] == [DOWN] * 3 + [SUSPENDED] * 2


@pytest.mark.parametrize("status", [400, 404, 405, 413, 414, 422])
def test_what_one_odd_token_may_bring_about_suspends_nothing(brittle: World, status: int) -> None:
    """Else whoever finds a token that the server calls a bad request shuts everybody out. Nor
    does it end the count of true failures, or he could have a broken server asked for ever."""
    fail(brittle, times=10, status=status)
    fail(brittle, times=2)
    fail(brittle, times=10, status=status)
    fail(brittle, times=1)
    assert new(brittle) == SUSPENDED


@pytest.mark.parametrize("status", [400, 404])
def test_a_probe_with_an_odd_token_decides_nothing(brittle: World, status: int) -> None:
    fail(brittle)
    brittle.clock.turn(1)
    fail(brittle, times=5, status=status)
    assert asked(brittle) == 8
    fail(brittle, times=1)
    assert new(brittle) == SUSPENDED
    brittle.clock.turn(2)
    fail(brittle, times=5, status=status)
    brittle.server.clear_overrides()
    assert [new(brittle) for _ in range(3)] == ["let in"] * 3


def test_a_dead_token_is_an_answer(brittle: World) -> None:
    fail(brittle, times=2)
    brittle.server.clear_overrides()
    assert brittle("dead-token") == "401 token_inactive"
    fail(brittle, times=2)
    brittle.server.clear_overrides()
    assert new(brittle) == "let in"


def test_when_its_time_is_up_one_request_goes_and_all_others_are_sent_away(brittle: World) -> None:
    fail(brittle)
    brittle.server.clear_overrides()
    brittle.clock.turn(1)
    verdicts: list[str] = []

    async def one(token: str) -> None:
        verdicts.append(await verdict_async(brittle.guard, token))

    async def main() -> None:
        with ExitStack() as hold:
            hold.enter_context(brittle.server.held(PATH))
            probe = brittle.server.opaque()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one, probe)
                await anyio.to_thread.run_sync(
                    lambda: brittle.server.wait_until_asked(PATH, times=4)
                )
                for _ in range(100):
                    assert await verdict_async(brittle.guard, brittle.server.opaque()) == SUSPENDED
                tasks.start_soon(one, probe)
                await anyio.wait_all_tasks_blocked()
                assert verdicts == [], "who brings the probe's own token waits for it"
                hold.close()

    anyio.run(main)
    assert verdicts == ["let in"] * 2
    assert asked(brittle) == 4
    assert [new(brittle) for _ in range(10)] == ["let in"] * 10


def test_a_hundred_at_once_when_its_time_is_up_are_one_call_while_it_fails(
    brittle: World,
) -> None:
    """Some may have boarded before the probe took off: they find it gone."""
    fail(brittle)
    brittle.clock.turn(1)
    verdicts = brittle.many([brittle.server.opaque() for _ in range(100)])
    assert sorted(set(verdicts)) == [SUSPENDED, "503 introspection_unusable"]
    assert verdicts.count("503 introspection_unusable") == 1
    assert asked(brittle) == 4


def test_each_failed_probe_doubles_the_time_up_to_the_bound(brittle: World) -> None:
    fail(brittle)
    calls = 3
    for wait in (1, 2, 4, 5, 5):
        brittle.clock.turn(wait - 0.01)
        assert new(brittle) == SUSPENDED
        assert asked(brittle) == calls
        brittle.clock.turn(0.01)
        assert new(brittle) == "503 introspection_unusable"
        calls += 1
        assert asked(brittle) == calls
    brittle.server.clear_overrides()
    brittle.clock.turn(5)
    assert new(brittle) == "let in"
    fail(brittle)
    assert retry_after(brittle) == "1"


def test_the_client_is_told_how_long(brittle: World) -> None:
    fail(brittle)
    brittle.clock.turn(1)
    assert retry_after(brittle) == "2", "the failed probe's own client as well"
    brittle.clock.turn(1)
    assert retry_after(brittle) == "1"
    brittle.clock.turn(1)
    assert retry_after(brittle) == "4"


def test_a_probe_is_one_call_and_not_a_call_and_its_repetitions(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=failing_at(1), upstream=UpstreamPolicy(retries=5))
    fail(world, times=1, status=503)
    assert asked(world) == 6
    world.clock.turn(1)
    assert new(world) == "503 introspection_unusable"
    assert asked(world) == 7


def test_calls_in_the_air_repeat_nothing_once_others_had_it_suspended(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=failing_at(1), upstream=UpstreamPolicy(retries=1))
    verdicts: list[str] = []

    async def one(token: str) -> None:
        verdicts.append(await verdict_async(world.guard, token))

    async def main() -> None:
        with ExitStack() as hold:
            hold.enter_context(world.server.held(PATH))
            world.server.override(PATH, status=503, times=1)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one, world.server.opaque())
                await anyio.to_thread.run_sync(lambda: world.server.wait_until_asked(PATH))
                suspend(world)
                hold.close()

    anyio.run(main)
    assert verdicts == ["503 introspection_unusable"]
    assert asked(world) == 1


def suspend(world: World) -> None:
    """As another call's failure would."""
    ((_, introspector),) = world.guard._authenticator._introspectors.items()
    endpoint = introspector._endpoint
    permit = endpoint._breaker.take_off(0, 5)
    assert permit is not None
    endpoint._fail(permit, UpstreamFailure("upstream_unreachable"))
    assert endpoint._breaker.circuit(0) is Circuit.OPEN


def test_a_call_that_is_about_to_begin_does_not_once_others_had_it_suspended(
    new_world: Callable[..., World],
) -> None:
    """It was let through a moment before, and has waited for a thread since."""
    world = new_world(introspects=failing_at(1))
    suspend(world)
    ((_, introspector),) = world.guard._authenticator._introspectors.items()
    with pytest.raises(UpstreamFailure) as raised:
        introspector._endpoint.ask(world.server.opaque().encode(), math.inf, -math.inf)
    assert raised.value.reason == "introspection_suspended"
    assert asked(world) == 0


def test_kept_answers_are_served_while_it_is_suspended(brittle: World) -> None:
    known = brittle.server.opaque()
    assert brittle(known) == "let in"
    assert brittle("dead-token") == "401 token_inactive"
    fail(brittle)
    assert brittle(known) == "let in"
    assert brittle("dead-token") == "401 token_inactive"
    assert brittle(brittle.server.jwt()) == "let in", "JWTs need no introspection"


@pytest.mark.parametrize(("said", "wait"), [("3", 3), ("3600", 5), ("0", None), ("soon", None)])
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_time_gets_it_at_once_and_within_bounds(
    brittle: World, status: int, said: str, wait: int | None
) -> None:
    brittle.server.override(PATH, status=status, headers={"Retry-After": said})
    assert new(brittle) == "503 introspection_unusable"
    if wait is None:
        assert new(brittle) == "503 introspection_unusable"
        return
    brittle.server.clear_overrides()
    assert (new(brittle), retry_after(brittle)) == (SUSPENDED, str(wait))
    brittle.clock.turn(wait - 0.01)
    assert new(brittle) == SUSPENDED
    assert asked(brittle) == 1
    brittle.clock.turn(0.01)
    assert new(brittle) == "let in"


def test_another_status_asks_for_no_time(brittle: World) -> None:
    brittle.server.override(PATH, status=500, headers={"Retry-After": "3"})
    assert [new(brittle) for _ in range(3)] == ["503 introspection_unusable"] * 3


def test_the_client_hears_no_more_than_the_bound_of_what_a_server_asks_for(brittle: World) -> None:
    brittle.server.override(PATH, status=429, headers={"Retry-After": "9999999999"})
    assert retry_after(brittle) == "5"


def test_refused_credentials_are_tried_again_now_and_then(brittle: World) -> None:
    """Waiting does not mend them; the operator does, and nobody has to restart the API."""
    brittle.server.change_credentials(client_secret="new", introspection_token="new")
    assert [new(brittle) for _ in range(10)] == (
        ["503 introspection_credentials_refused"] * 3 + [SUSPENDED] * 7
    )
    secret = "a 100% odd:secret + more"
    brittle.server.change_credentials(client_secret=secret, introspection_token="x")
    assert new(brittle) == SUSPENDED
    brittle.clock.turn(1)
    assert new(brittle) == "let in"
    assert asked(brittle) == 4


def test_a_function_that_brings_no_token_is_not_called_again_and_again(
    new_world: Callable[..., World],
) -> None:
    calls: list[int] = []

    def no_token() -> str:
        calls.append(1)
        raise LookupError

    world = new_world(
        introspects=lambda server: Introspection(
            server.url(PATH), token=no_token, failures_to_suspend=2
        )
    )
    expected = ["503 introspection_credentials_unavailable"] * 2 + [SUSPENDED] * 8
    assert [new(world) for _ in range(10)] == expected
    assert (len(calls), asked(world)) == (2, 0)


def test_metadata_that_names_no_endpoint_is_not_asked_for_again_and_again(
    new_world: Callable[..., World],
) -> None:
    world = new_world(
        introspects=lambda _: Introspection(token="may-introspect", failures_to_suspend=2)
    )
    metadata = {**world.server.metadata(), "introspection_endpoint": None}
    for place in (OPENID, OAUTH):
        world.server.override(place, body=metadata)
    verdicts = [new(world) for _ in range(10)]
    assert verdicts == ["503 introspection_endpoint_unknown"] * 2 + [SUSPENDED] * 8
    assert world.server.count(OPENID) + world.server.count(OAUTH) <= 4


def test_the_rest_of_a_call_is_not_sent_once_others_had_it_suspended(
    new_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    """The endpoint's address was asked for, and by the time it is known nothing may be sent. That
    is no failure of the authorization server's."""
    world = new_world(
        introspects=lambda _: Introspection(token="may-introspect", failures_to_suspend=1)
    )
    verdicts: list[str] = []

    async def one(token: str) -> None:
        verdicts.append(await verdict_async(world.guard, token))

    async def main() -> None:
        with ExitStack() as hold:
            hold.enter_context(world.server.held(OPENID))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one, world.server.opaque())
                await anyio.to_thread.run_sync(lambda: world.server.wait_until_asked(OPENID))
                suspend(world)
                hold.close()

    anyio.run(main)
    assert verdicts == [SUSPENDED]
    assert asked(world) == 0
    assert [record.reason for record in caplog.records] == [
        "upstream_unreachable",
        "introspection_suspended",
    ]
    assert caplog.records[-1].getMessage().startswith("refused: ")
    (issuer,) = world.guard.health().issuers
    assert issuer.introspection is not None
    assert issuer.introspection.last_error is not None
    assert issuer.introspection.last_error.reason == "upstream_unreachable"
    world.clock.turn(1)
    assert new(world) == "let in"
    assert (world.server.count(OPENID), asked(world)) == (1, 1)


def test_each_issuer_has_a_breaker_of_its_own(new_world: Callable[..., World]) -> None:
    down, well = new_world(introspects=failing_at(1)), new_world(introspects=failing_at(1))
    down.server.go_down()
    assert [new(down), new(down), new(well)] == [DOWN, SUSPENDED, "let in"]


def test_the_log_says_when_and_for_how_long_and_what_went_wrong_last(
    brittle: World, caplog: pytest.LogCaptureFixture
) -> None:
    fail(brittle)
    assert new(brittle) == SUSPENDED
    upstream = [each for each in caplog.records if "authorization server" in each.getMessage()]
    assert ["suspended_for" in each.details for each in upstream] == [False, False, True]
    assert upstream[2].details["suspended_for"] == "'1 s'"
    refused = caplog.records[-1]
    assert (refused.levelno, refused.reason) == (logging.WARNING, "introspection_suspended")
    assert refused.details == {
        "issuer": repr(brittle.server.issuer),
        "last": "'introspection_unusable'",
        "status": "500",
    }


def test_a_call_that_waited_for_a_thread_all_its_time_is_not_sent_and_tells_nothing(
    new_world: Callable[..., World],
) -> None:
    world = new_world(
        introspects=failing_at(2, concurrent_calls=1, waiting_calls=5),
        upstream=UpstreamPolicy(connect_timeout=0.2, timeout=0.2),
    )
    with world.server.held(PATH):
        tokens = [world.server.opaque() for _ in range(6)]
        assert world.many(tokens) == ["503 upstream_timeout"] * 6
    all_landed()
    assert asked(world) == 1
    assert new(world) == "let in"


def test_a_forked_process_has_a_lock_that_nobody_holds(brittle: World) -> None:
    ((_, introspector),) = brittle.guard._authenticator._introspectors.items()
    endpoint = introspector._endpoint
    with endpoint._lock:
        endpoint.after_fork()
        assert endpoint.suspension() is None
