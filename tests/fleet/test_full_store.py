"""A store that is full: it tells what it keeps, and takes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis

from bearer_guard._running.fleet import Fleet
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.exchange import Reply
from bearer_guard.health import LastError, StoreHealth
from bearer_guard.settings.shared import Shared
from bearer_guard.shared import StoreTakesNothing
from bearer_guard.testing import HandClock
from fleet.conftest import SECRET, new_log
from fleet.servers import Server
from fleet.workers import INTROSPECT, JWKS, OPENID, Workers, refuses, verdict
from patience import soon

MEGABYTE = 1 << 20
FULL = "OutOfMemoryError"


class Room:
    """What a server has of it."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._filling: list[str] = []

    def fill(self) -> None:
        """Until it takes nothing. Then it is left still less, so that no ended connection's
        buffers make room by chance."""
        room = self._client.info("memory")["used_memory"] + 2 * MEGABYTE
        self._client.config_set("maxmemory-policy", "noeviction")
        self._client.config_set("maxmemory", room)
        while self._takes(name := f"filling {len(self._filling)}", b"x" * 50_000):
            self._filling.append(name)
        self._client.config_set("maxmemory", room - MEGABYTE)

    def make(self) -> None:
        """Some servers free it in a thread."""
        self._client.delete(*self._filling)
        assert soon(lambda: self._takes("a word", b""))

    def _takes(self, name: str, value: bytes) -> bool:
        try:
            return bool(self._client.set(name, value))
        except redis.OutOfMemoryError:
            return False


@pytest.fixture
def server(new_server: Callable[..., Server]) -> Server:
    return new_server()


@pytest.fixture
def room(server: Server) -> Iterator[Room]:
    with server.client() as client:
        yield Room(client)


@pytest.fixture
def shared(server: Server) -> Shared:
    """On a busy machine, too, a time-out is a fault."""
    return Shared(server.url, secret=SECRET, pause=1, timeout=5, revocations_every=0.02)


def test_the_store_says_that_it_takes_nothing_and_tells_what_it_keeps(
    store: RedisStore, room: Room
) -> None:
    store.put("a", b"1", 60)
    store.put("b", b"2", 60)
    room.fill()
    for write in (
        lambda: store.put("a", b"2", 60),
        lambda: store.add("new", b"1", 60),
        lambda: store.count("n", 60),
    ):
        with pytest.raises(StoreTakesNothing, match=FULL):
            write()
    store.delete("b")
    assert store.get(["a", "b", "new"]) == [b"1", None, None]


def test_each_worker_judges_right_and_asks_by_itself(workers: Workers, room: Room) -> None:
    room.fill()
    issuing, began = workers.server, time.monotonic()
    good, forged = issuing.jwt(), issuing.jwt(key=issuing.foreign_key())
    opaque, unknown = issuing.opaque(), "opaque-of-nobody"
    for guard in workers.new(2):
        for _ in range(2):
            assert verdict(guard, good) == "let in"
            assert verdict(guard, forged) == "401 signature_invalid"
            assert verdict(guard, opaque) == "let in"
            assert verdict(guard, unknown) == "401 token_inactive"
    counted = (issuing.count(OPENID), issuing.count(JWKS), issuing.count(INTROSPECT))
    assert counted == (2, 2, 4)
    # To follow a leader that is none would take each of the eight calls some three seconds.
    assert time.monotonic() - began < 20


def test_health_and_log_tell_of_it(
    workers: Workers, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.fill()
    (guard,) = workers.new()
    assert verdict(guard, workers.server.opaque()) == "let in"
    full = StoreHealth(
        state="away", next_try_in=1, last_error=LastError(reason=FULL, seconds_ago=0)
    )
    assert guard.health().store == full
    assert guard.health().is_ready()
    told = [record for record in caplog.records if record.name == "bearer_guard"]
    assert [(record.reason, record.details) for record in told] == [
        ("shared_store_unavailable", {"problem": repr(FULL)})
    ]
    # That it is read, all the while, does not make it one that takes something.
    workers.clock.turn(3)
    health = guard.health().store
    assert health is not None
    assert (health.state, health.next_try_in) == ("away", 0)


def test_what_it_keeps_serves_those_who_come_when_it_is_full(workers: Workers, room: Room) -> None:
    jwt, opaque = workers.server.jwt(), workers.server.opaque()
    first, late = workers.new(2)
    assert [verdict(first, token) for token in (jwt, opaque)] == ["let in"] * 2
    room.fill()
    assert verdict(late, workers.server.opaque()) == "let in"
    assert workers.server.count(INTROSPECT) == 2
    assert late.health().store.state == "away"  # type: ignore[union-attr]
    assert [verdict(late, token) for token in (jwt, opaque)] == ["let in"] * 2
    counted = [workers.server.count(path) for path in (OPENID, JWKS, INTROSPECT)]
    assert counted == [1, 1, 2]


def test_what_was_revoked_before_is_heard_when_it_is_full(workers: Workers, room: Room) -> None:
    token = workers.server.jwt()
    first, late = workers.new(2)
    assert first.revoke(token)
    room.fill()
    # It has found out that the store takes nothing, and has no other reason to look again.
    assert verdict(late, workers.server.opaque()) == "let in"
    assert late.health().store.state == "away"  # type: ignore[union-attr]
    assert soon(refuses(late, token))


def test_a_revocation_that_it_does_not_take_is_this_workers_own(
    workers: Workers, room: Room
) -> None:
    token = workers.server.jwt()
    first, other = workers.new(2)
    assert [verdict(guard, token) for guard in (first, other)] == ["let in"] * 2
    room.fill()
    assert not first.revoke(token)
    assert not first.revoke_subject("https://nobody.example.com/", "alice")
    assert verdict(first, token) == "401 token_revoked"
    assert verdict(other, token) == "let in"


def test_nobody_follows_a_leader_that_could_not_leave_its_answer(
    shared: Shared, store: RedisStore, room: Room, hand_clock: HandClock
) -> None:
    fleet = Fleet(shared, store, hand_clock, new_log(hand_clock))

    def send() -> Reply:
        assert store.get(["keys:a:lead"]) == [b"1"]
        room.fill()
        return Reply(200, {}, b"body")

    heard = fleet.once("keys:a", time.monotonic() + 60, lambda _: 60, send)
    assert heard.reply.body == b"body"
    assert store.get(["keys:a", "keys:a:lead"]) == [None, None]


def test_after_room_is_made_they_act_as_one_again(workers: Workers, room: Room) -> None:
    first, second = workers.new(2)
    room.fill()
    for guard in (first, second):
        assert verdict(guard, workers.server.opaque()) == "let in"
    room.make()
    token = workers.server.jwt()
    assert not first.revoke(token), "left alone for a second"
    workers.clock.turn(1)
    asked = workers.server.count(INTROSPECT)
    opaque = workers.server.opaque()
    assert [verdict(guard, opaque) for guard in (first, second)] == ["let in"] * 2
    assert workers.server.count(INTROSPECT) == asked + 1
    health = first.health().store
    assert health is not None
    assert (health.state, health.next_try_in) == ("reached", 0)
    assert health.last_error == LastError(reason=FULL, seconds_ago=1)
    assert first.revoke(token)
    assert soon(refuses(second, token))
    workers.server.rotate_keys()
    fetched = workers.server.count(JWKS)
    rotated = workers.server.jwt()
    assert [verdict(guard, rotated) for guard in (first, second)] == ["let in"] * 2
    assert workers.server.count(JWKS) == fetched + 1


def test_a_store_that_is_still_full_is_tried_once_in_a_pause(
    shared: Shared, store: RedisStore, room: Room, hand_clock: HandClock
) -> None:
    room.fill()
    fleet = Fleet(replace(shared, pause=5), store, hand_clock, new_log(hand_clock))
    for seconds, next_try_in in ((0, 5), (4, 1), (1, 5), (2, 3)):
        hand_clock.turn(seconds)
        fleet.put("a", {}, 60)
        assert fleet.state().unwritten_until - hand_clock.monotonic() == next_try_in
