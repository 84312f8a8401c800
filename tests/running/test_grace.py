"""While the endpoint is down, a positive answer may serve a bounded time past its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from bearer_guard import Introspection, UpstreamPolicy
from bearer_guard.testing import AuthorizationServer
from key_life.world import World, all_landed, bearer, verdict_async

Run = Callable[..., Any]
PATH = "/introspect"


def granting(**options: Any) -> Callable[[AuthorizationServer], Introspection]:
    return lambda server: Introspection(
        **server.introspection_settings(**{"grace_for": 300, **options})
    )


@pytest.fixture
def graceful(new_world: Callable[..., World]) -> World:
    """Answers are kept for a minute, and serve five more while the endpoint is down."""
    upstream = UpstreamPolicy(retries=0, back_off=1, back_off_at_most=1)
    return new_world(introspects=granting(failures_to_suspend=1000), upstream=upstream)


def asked(world: World) -> int:
    return world.server.count(PATH)


def known(world: World, age: float = 0, **grant: Any) -> str:
    """A token that was let in so many seconds ago."""
    token = world.server.opaque(**{"expires_in": 3600, **grant})
    assert world(token) == "let in"
    world.clock.turn(age)
    return token


def test_an_answer_past_its_time_serves_while_the_endpoint_is_down(graceful: World) -> None:
    token = known(graceful)
    graceful.server.go_down()
    for _ in range(6):
        graceful.clock.turn(59)
        assert graceful(token) == "let in"
    graceful.clock.turn(5.9)
    assert graceful(token) == "let in"
    graceful.clock.turn(0.1)
    assert graceful(token) == "503 upstream_unreachable"


def test_without_the_option_nothing_serves_past_its_time(new_world: Callable[..., World]) -> None:
    world = new_world(introspects=granting(grace_for=0))
    token = known(world, age=60)
    world.server.go_down()
    assert world(token) == "503 upstream_unreachable"


def test_a_token_that_nobody_has_seen_has_no_grace(graceful: World) -> None:
    known(graceful)
    graceful.server.go_down()
    assert graceful(graceful.server.opaque()) == "503 upstream_unreachable"


def test_it_ends_with_the_token_and_no_leeway_stretches_that(graceful: World) -> None:
    token = known(graceful, age=99.9, expires_in=100)
    graceful.server.go_down()
    assert graceful(token) == "let in"
    graceful.clock.turn(0.1)
    assert graceful(token) == "503 upstream_unreachable"


def test_while_the_endpoint_is_well_the_fresh_answer_decides(graceful: World) -> None:
    token = known(graceful, age=60)
    graceful.server.revoke(token)
    assert graceful(token) == "401 token_inactive"
    assert asked(graceful) == 2


def test_when_it_comes_back_the_fresh_answer_decides(graceful: World) -> None:
    token = known(graceful, age=60)
    graceful.server.go_down()
    assert graceful(token) == "let in"
    graceful.server.revoke(token)
    graceful.server.come_back()
    assert graceful(token) == "401 token_inactive"
    graceful.server.go_down()
    graceful.clock.turn(60)
    assert graceful(token) == "503 upstream_unreachable", "a refusal ends the grace for good"


def test_a_refusal_that_is_not_kept_ends_it_too(new_world: Callable[..., World]) -> None:
    world = new_world(introspects=granting(cache_inactive_for=0))
    token = known(world, age=60)
    world.server.revoke(token)
    assert world(token) == "401 token_inactive"
    world.server.go_down()
    assert world(token) == "503 upstream_unreachable"


def test_an_answer_that_lets_in_no_more_ends_it_too(graceful: World) -> None:
    token = known(graceful, age=60)
    answer = {"active": True, "aud": graceful.server.audience, "nbf": graceful.clock.time() + 61}
    graceful.server.introspection_answer(token, answer)
    assert graceful(token) == "401 not_yet_valid"
    graceful.server.go_down()
    assert graceful(token) == "503 upstream_unreachable"


def test_a_refusal_has_no_grace(graceful: World) -> None:
    assert graceful("dead-token") == "401 token_inactive"
    graceful.server.go_down()
    graceful.clock.turn(10)
    assert graceful("dead-token") == "503 upstream_unreachable"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_an_endpoint_that_fails_is_down(graceful: World, status: int) -> None:
    token = known(graceful, age=60)
    graceful.server.override(PATH, status=status)
    assert graceful(token) == "let in"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "introspection_credentials_refused"),
        (403, "introspection_credentials_refused"),
        (400, "introspection_unusable"),
        (404, "introspection_unusable"),
    ],
)
def test_an_endpoint_that_refuses_us_or_answers_oddly_is_up(
    graceful: World, status: int, reason: str
) -> None:
    token = known(graceful, age=60)
    graceful.server.override(PATH, status=status)
    assert graceful(token) == f"503 {reason}"


def test_a_function_that_brings_no_token_is_a_fault_of_ours(
    new_world: Callable[..., World],
) -> None:
    given: list[Any] = ["may-introspect"]
    world = new_world(
        introspects=lambda server: Introspection(server.url(PATH), token=given.pop, grace_for=300)
    )
    token = known(world, age=60)
    assert world(token) == "503 introspection_credentials_unavailable"


def test_while_it_is_suspended_nobody_waits_for_grace(new_world: Callable[..., World]) -> None:
    world = new_world(
        introspects=granting(failures_to_suspend=1), upstream=UpstreamPolicy(retries=0)
    )
    token = known(world, age=60)
    world.server.override(PATH, status=500)
    assert [world(token) for _ in range(50)] == ["let in"] * 50
    assert asked(world) == 2
    world.clock.turn(1)
    assert [world(token) for _ in range(50)] == ["let in"] * 50
    assert asked(world) == 3


def test_suspended_since_it_refuses_us_it_is_up_still(new_world: Callable[..., World]) -> None:
    world = new_world(introspects=granting(failures_to_suspend=1))
    token = known(world, age=60)
    world.server.override(PATH, status=403)
    assert world(token) == "503 introspection_credentials_refused"
    assert world(token) == "503 introspection_suspended"


def test_an_endpoint_that_has_no_room_for_a_question_is_down(
    new_world: Callable[..., World],
) -> None:
    world = new_world(
        introspects=granting(concurrent_calls=1, waiting_calls=0),
        upstream=UpstreamPolicy(connect_timeout=0.2, timeout=0.2),
    )
    token = known(world, age=60)
    with world.server.held(PATH):
        assert world(world.server.opaque()) == "503 upstream_timeout"
        assert world(token) == "let in"
    all_landed()


def test_when_patience_runs_out_grace_serves(new_world: Callable[..., World], run: Run) -> None:
    upstream = UpstreamPolicy(connect_timeout=0.1, timeout=0.1)
    world = new_world(introspects=granting(), upstream=upstream)
    token = known(world, age=60)
    with world.server.held(PATH):
        assert world(token) == "let in"
        assert run(verdict_async, world.guard, token) == "let in"
    world.landed()


def test_each_use_is_logged_with_reason_and_age(
    graceful: World, caplog: pytest.LogCaptureFixture
) -> None:
    token = known(graceful, age=75)
    assert caplog.records == []
    graceful.server.go_down()
    assert graceful(token) == "let in"
    record = caplog.records[-1]
    assert (record.levelno, record.reason) == (logging.WARNING, "upstream_unreachable")
    assert record.details == {"issuer": repr(graceful.server.issuer), "age": "'75 s'"}
    assert record.getMessage().startswith("let in by grace: upstream_unreachable")
    assert token not in caplog.text


def test_an_answer_that_is_asked_for_each_time_has_its_grace(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=granting(cache_for=0))
    token = known(world)
    assert world(token) == "let in"
    assert asked(world) == 2
    world.server.go_down()
    world.clock.turn(299.9)
    assert world(token) == "let in"
    world.clock.turn(0.1)
    assert world(token) == "503 upstream_unreachable"


def test_scopes_are_checked_in_grace_as_ever(graceful: World) -> None:
    token = known(graceful, age=60, scope="orders:read")
    graceful.server.go_down()
    assert graceful.guard.authenticate(bearer(token)).scopes == {"orders:read"}
