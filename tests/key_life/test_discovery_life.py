"""Metadata lives as keys do: fresh, asked for again, used in an outage, gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bearer_guard import Guard, Issuer, UpstreamPolicy
from bearer_guard.testing import AuthorizationServer, HandClock
from key_life.world import ISSUER, JWKS, OAUTH, OPENID, TEMPLATE, World, all_landed, verdict

LONG = {"Cache-Control": "max-age=86400"}
MOVED = "/moved-jwks"


def no_metadata(world: World, status: int = 503) -> None:
    for place in (OPENID, OAUTH):
        world.server.override(place, status=status)


def move_keys(world: World) -> None:
    """The key set is at another address from now on, and the metadata says so."""
    keys = world.server.http_client().get(world.server.url(JWKS)).json()
    world.server.reset_counts()
    metadata = {**world.server.metadata(), "jwks_uri": f"{ISSUER}moved-jwks"}
    for place in (OPENID, OAUTH):
        world.server.override(place, body=metadata)
    world.server.override(MOVED, body=keys)
    world.server.override(JWKS, status=404)


def test_metadata_that_names_another_place_is_followed_when_it_is_read_again(world: World) -> None:
    world(world.server.jwt())
    world.server.rotate_keys()
    move_keys(world)
    world.clock.turn(600)
    assert world(world.server.jwt()) == "let in"
    assert (world.server.count(OPENID), world.server.count(MOVED), world.keys_asked()) == (1, 1, 0)


def test_keys_that_moved_are_found_though_the_metadata_is_fresh_for_a_day(world: World) -> None:
    """A key set that is not where it was says more than a promise of yesterday."""
    world.server.override(OPENID, headers=LONG)
    world(world.server.jwt())
    world.server.rotate_keys()
    move_keys(world)
    token = world.server.jwt(expires_in=100_000)
    for seconds in (1, 29):
        assert world(token) == "503 key_set_unusable"
        world.clock.turn(seconds)
    assert world(token) == "let in", "with the next fetch that the budget allows"
    assert (world.keys_asked(), world.server.count(OPENID), world.server.count(MOVED)) == (2, 1, 1)


def test_one_failed_fetch_asks_for_no_metadata(world: World) -> None:
    world(world.server.jwt())
    world.server.rotate_keys()
    world.server.override(JWKS, status=500, times=1)
    token = world.server.jwt()
    assert world(token) == "503 key_set_unusable"
    world.clock.turn(1)
    assert world(token) == "let in"
    assert world.server.count(OPENID) == 1


def test_a_new_key_at_a_new_place_is_found_while_the_old_place_answers_on(world: World) -> None:
    """An issuer that moves may leave the old key set where it was, for a while."""
    world.server.override(OPENID, headers=LONG)
    world(world.server.jwt())
    old = world.server.http_client().get(world.server.url(JWKS)).json()
    world.server.rotate_keys()
    token = world.server.jwt(expires_in=100_000)
    move_keys(world)
    world.server.override(JWKS, body=old)
    world.clock.turn(60)
    assert world(token) == "401 key_unknown"
    assert (world.keys_asked(), world.server.count(OPENID)) == (1, 0)
    world.clock.turn(60)
    assert world(token) == "let in", "the memory of the unknown key is over, and so is the trust"
    assert (world.server.count(OPENID), world.server.count(MOVED)) == (1, 1)


def test_made_up_kids_have_metadata_read_once_a_minute_at_most(world: World) -> None:
    world(world.server.jwt())
    counts = []
    for _ in range(8):
        world.clock.turn(15)
        for _ in range(3):
            world(world.server.jwt(key=world.server.foreign_key(), kid=f"x{world.clock.time()}"))
        counts.append(world.server.count(OPENID))
    assert counts == [1, 1, 1, 1, 2, 2, 2, 2]


def test_in_an_outage_old_metadata_leads_to_the_keys_with_a_warning_that_names_its_age(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    token = world.server.jwt(expires_in=100_000)
    world(token)
    no_metadata(world)
    world.clock.turn(601)
    world.server.rotate_keys(keep_old=True)
    assert world(world.server.jwt()) == "let in"
    (record,) = caplog.records
    assert (record.reason, record.details) == (
        "metadata_unusable",
        {"issuer": f"'{ISSUER}'", "status": "503", "metadata": "'still used, 1 s past fresh'"},
    )


@pytest.mark.parametrize("says", ["nothing", "another issuer"])
def test_old_metadata_is_used_an_hour_past_fresh_and_no_longer(world: World, says: str) -> None:
    """Or else whoever breaks the one document keeps a withdrawn address alive for ever."""
    token = world.server.jwt(expires_in=100_000)
    world(token)
    if says == "nothing":
        no_metadata(world)
    else:
        for place in (OPENID, OAUTH):
            world.server.override(place, body={**world.server.metadata(), "issuer": "https://x/"})
    world.clock.turn(4199)
    assert world(token) == "let in"
    assert world.keys_asked() == 2
    world.clock.turn(600)
    assert world(token) == "let in", "the keys have an hour of their own"
    world.clock.turn(3600)
    reason = "metadata_unusable" if says == "nothing" else "metadata_issuer_mismatch"
    assert world(token) == f"503 {reason}"
    assert world.keys_asked() == 2
    world.server.clear_overrides()
    world.clock.turn(30)
    assert world(token) == "let in"


def test_metadata_that_is_still_fresh_and_doubted_is_said_to_be_fresh(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world(world.server.jwt())
    world.server.rotate_keys()
    world.server.override(JWKS, status=500)
    token = world.server.jwt()
    for seconds in (1, 30):
        world(token)
        world.clock.turn(seconds)
    world.server.clear_overrides()
    no_metadata(world)
    assert world(token) == "let in"
    assert caplog.records[-1].details["metadata"] == "'still fresh'"


def test_metadata_whose_server_hangs_does_not_take_the_time_of_the_keys() -> None:
    clock = HandClock()
    policy = UpstreamPolicy(timeout=2, connect_timeout=2)
    with AuthorizationServer(clock=clock.time) as server:
        issuer = Issuer(server.issuer, upstream=policy)
        with Guard(audience=server.audience, issuers=[issuer], clock=clock) as guard:
            assert verdict(guard, server.jwt()) == "let in"
            clock.turn(700)
            server.rotate_keys()
            with server.held(OPENID):
                assert verdict(guard, server.jwt()) == "let in"
            all_landed()
            assert (server.count(OPENID), server.count(JWKS)) == (2, 2)


def test_metadata_that_was_read_counts_though_the_keys_were_not_had(world: World) -> None:
    world.server.override(JWKS, status=500, times=1)
    token = world.server.jwt()
    assert world(token) == "503 key_set_unusable"
    world.clock.turn(1)
    assert world(token) == "let in"
    assert world.server.count(OPENID) == 1


SLOW = 0.8
"""Seconds an answer takes, of the 1.4 that a request waits."""


@contextmanager
def slow_server() -> Iterator[tuple[AuthorizationServer, Guard, HandClock]]:
    """Two answers one after the other take longer than a request waits."""
    clock = HandClock()
    policy = UpstreamPolicy(timeout=1.4, connect_timeout=1.4, retries=0)
    with AuthorizationServer(clock=clock.time) as server:
        issuer = Issuer(server.issuer, upstream=policy)
        with Guard(audience=server.audience, issuers=[issuer], clock=clock) as guard:
            yield server, guard, clock


def test_a_server_too_slow_for_two_answers_at_once_is_learnt_from_step_by_step() -> None:
    with slow_server() as (server, guard, clock):
        server.answer_slowly(SLOW)
        token = server.jwt()
        assert verdict(guard, token) == "503 upstream_timeout"
        all_landed()
        clock.turn(1)
        assert verdict(guard, token) == "let in"
        assert (server.count(OPENID), server.count(JWKS)) == (1, 2)


def test_nor_do_its_keys_grow_old_because_its_metadata_cannot_be_read() -> None:
    with slow_server() as (server, guard, clock):
        old = server.jwt(expires_in=100_000)
        while verdict(guard, old) != "let in":  # a busy machine may need longer for the first
            clock.turn(1)
        server.answer_slowly(SLOW)
        clock.turn(700)
        assert verdict(guard, old) == "let in", "with the keys at hand"
        all_landed()
        server.rotate_keys()
        new = server.jwt()
        clock.turn(1)
        assert verdict(guard, new) == "let in", "the next fetch leaves the metadata aside"


def test_a_withdrawn_key_stops_for_the_issuers_of_a_template_too(
    new_world: Callable[..., World],
) -> None:
    world = new_world(TEMPLATE)
    tokens = [world.server.jwt(application=name, expires_in=100_000) for name in "ab"]
    assert [world(token) for token in tokens] == ["let in", "let in"]
    world.server.rotate_keys()
    assert world(world.server.jwt(application="a")) == "let in"
    assert [world(token) for token in tokens] == ["401 key_unknown", "let in"]
    world.clock.turn(600)
    assert [world(token) for token in tokens] == ["401 key_unknown", "401 key_unknown"]
