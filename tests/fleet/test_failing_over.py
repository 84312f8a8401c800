"""A primary that goes, and a replica that takes its place: the workers' address stays."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import NamedTuple

import pytest
import redis

from bearer_guard import Guard
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.health import StoreHealth
from bearer_guard.settings.shared import Shared
from bearer_guard.shared import StoreFailure, StoreTakesNothing
from fleet.conftest import SECRET
from fleet.forwarder import Forwarder
from fleet.servers import Server, follow, promote, replicated
from fleet.workers import INTROSPECT, JWKS, OPENID, Workers, refuses, verdict
from patience import eventually, soon

AT_ONCE = ("--repl-diskless-sync-delay", "0")
"""Else the primary waits for more replicas before it sends what it has."""


class Pair(NamedTuple):
    """What an operator runs."""

    primary: Server
    replica: Server


@pytest.fixture
def pair(new_server: Callable[..., Server]) -> Pair:
    made = Pair(*(new_server(*AT_ONCE) for _ in range(2)))
    follow(made.replica, made.primary)
    return made


@pytest.fixture
def new_address(pair: Pair) -> Iterator[Callable[[], Forwarder]]:
    """One that leads to the primary."""
    with ExitStack() as stack:

        def made() -> Forwarder:
            address = Forwarder(pair.primary.port)
            stack.callback(address.close)
            return address

        yield made


@pytest.fixture
def address(new_address: Callable[[], Forwarder]) -> Forwarder:
    return new_address()


@pytest.fixture
def shared(address: Forwarder) -> Shared:
    """On a busy machine, too, a time-out is a fault."""
    return Shared(address.url, secret=SECRET, pause=1, timeout=5, revocations_every=0.02)


def act_as_one(workers: Workers, guards: list[Guard]) -> bool:
    """Whether the first's answer serves the others."""
    asked, token = workers.server.count(INTROSPECT), workers.server.opaque()
    assert [verdict(guard, token) for guard in guards] == ["let in"] * len(guards)
    return workers.server.count(INTROSPECT) == asked + 1


def are_by_themselves(workers: Workers, guards: list[Guard]) -> bool:
    """Whether each asks for itself."""
    asked, token = workers.server.count(INTROSPECT), workers.server.opaque()
    assert [verdict(guard, token) for guard in guards] == ["let in"] * len(guards)
    return workers.server.count(INTROSPECT) == asked + len(guards)


def back_as_one(workers: Workers, guards: list[Guard]) -> bool:
    """Whether they act as one again after a pause; after two, where a call failed late."""

    def back() -> bool:
        workers.clock.turn(1)
        return act_as_one(workers, guards)

    return soon(back)


def miss_it(guards: list[Guard]) -> None:
    """Wait until each of them has found by itself, by its thread, that the store is gone: from
    then on nothing of theirs is under way that could still fail."""
    for guard in guards:
        eventually(lambda guard=guard: told(guard).state == "away")  # type: ignore[misc]


def told(guard: Guard) -> StoreHealth:
    health = guard.health().store
    assert health is not None
    return health


def test_while_the_primary_is_gone_each_asks_by_itself_and_then_they_act_as_one(
    workers: Workers, pair: Pair, address: Forwarder
) -> None:
    guards = workers.new(2)
    assert act_as_one(workers, guards)
    forged = workers.server.jwt(key=workers.server.foreign_key())
    pair.primary.stop()
    miss_it(guards)
    assert are_by_themselves(workers, guards)
    for guard in guards:
        assert verdict(guard, forged) == "401 signature_invalid"
        assert verdict(guard, "opaque-of-nobody") == "401 token_inactive"
        health = told(guard)
        assert (health.state, health.next_try_in) == ("away", 1)
        assert health.last_error is not None
        assert health.last_error.reason == "ConnectionError"
    promote(pair.replica)
    address.switch(pair.replica.port)
    workers.clock.turn(1)
    assert act_as_one(workers, guards)
    counted = [workers.server.count(path) for path in (OPENID, JWKS)]
    # One of them fetched the keys for itself, to judge the forged token: the other had them kept.
    assert counted == [2, 2]
    assert {told(guard).state for guard in guards} == {"reached"}
    token = workers.server.jwt()
    assert guards[0].revoke(token)
    assert soon(refuses(guards[1], token))


def test_threads_that_are_cut_off_in_mid_use_hear_no_wrong_verdict(
    workers: Workers, pair: Pair, address: Forwarder
) -> None:
    first, second = workers.new(2)
    forged = workers.server.jwt(key=workers.server.foreign_key())
    numbers, over, wrong = itertools.count(), threading.Event(), []
    rounds = dict.fromkeys(range(4), 0)

    def use(thread: int, guard: Guard) -> None:
        while not over.is_set():
            expected = {
                workers.server.opaque(): "let in",
                f"opaque-of-nobody-{next(numbers)}": "401 token_inactive",
                workers.server.jwt(): "let in",
                forged: "401 signature_invalid",
            }
            heard = {token: verdict(guard, token) for token in expected}
            wrong.extend([heard] if heard != expected else [])
            rounds[thread] += 1

    def have_gone_on() -> bool:
        before = dict(rounds)
        return soon(lambda: all(rounds[each] > before[each] + 3 for each in rounds))

    threads = [
        threading.Thread(target=use, args=(number, (first, second)[number % 2]))
        for number in rounds
    ]
    for thread in threads:
        thread.start()
    try:
        assert have_gone_on()
        address.switch(pair.primary.port)
        workers.clock.turn(1)
        assert have_gone_on()
        pair.primary.stop()
        promote(pair.replica)
        assert have_gone_on()
        address.switch(pair.replica.port)
        workers.clock.turn(1)
        assert have_gone_on()
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)
    assert back_as_one(workers, [first, second])


def test_what_was_revoked_and_replicated_holds_for_who_comes_after(
    workers: Workers, pair: Pair, address: Forwarder
) -> None:
    tokens = [workers.server.jwt() for _ in range(3)]
    (first,) = workers.new()
    assert all(first.revoke(token) for token in tokens)
    assert replicated(pair.primary)
    pair.primary.stop()
    promote(pair.replica)
    address.switch(pair.replica.port)
    (late,) = workers.new()
    assert verdict(late, workers.server.jwt()) == "let in"
    assert all(soon(refuses(late, token)) for token in tokens)
    assert all(verdict(first, token) == "401 token_revoked" for token in tokens)


def test_a_replica_that_is_not_promoted_yet_is_only_read(
    workers: Workers, pair: Pair, address: Forwarder
) -> None:
    first, second = guards = workers.new(2)
    revoked = workers.server.jwt()
    assert verdict(first, revoked) == "let in"
    assert first.revoke(revoked)
    assert act_as_one(workers, guards)
    assert replicated(pair.primary)
    pair.primary.stop()
    miss_it(guards)
    address.switch(pair.replica.port)
    workers.clock.turn(1)
    assert are_by_themselves(workers, guards)
    health = told(second)
    assert (health.state, health.next_try_in) == ("away", 1)
    assert health.last_error is not None
    assert health.last_error.reason == "ReadOnlyError"
    token = workers.server.jwt()
    assert not first.revoke(token)
    assert verdict(first, token) == "401 token_revoked"
    (late,) = workers.new()
    assert verdict(late, workers.server.opaque()) == "let in"
    assert soon(refuses(late, revoked))
    assert workers.server.count(JWKS) == 1, "the keys that one fetched before"
    promote(pair.replica)
    assert back_as_one(workers, [*guards, late])


def test_who_stays_connected_to_a_demoted_primary_leaves_it(
    workers: Workers, pair: Pair, address: Forwarder
) -> None:
    """As when a name gets another address: nothing ends the connections that there are."""
    guards = workers.new(2)
    assert act_as_one(workers, guards)
    promote(pair.replica)
    follow(pair.primary, pair.replica)
    address.lead_newcomers(pair.replica.port)
    assert are_by_themselves(workers, guards)
    assert back_as_one(workers, guards)


def open_some(store: RedisStore, number: int) -> None:
    """As so many threads at once do."""
    each_holds_one = [store._client.ready().pipeline() for _ in range(number)]
    for each in each_holds_one:
        each.watch("a name")
    for each in each_holds_one:
        each.reset()


def test_of_many_connections_that_fell_silent_one_is_waited_for(
    new_server: Callable[..., Server],
) -> None:
    gone, other = new_server(), new_server()
    with (
        closing(Forwarder(gone.port)) as address,
        closing(RedisStore(address.url, "t", 1)) as store,
    ):
        open_some(store, 20)
        address.fall_silent()
        address.lead_newcomers(other.port)
        with pytest.raises(StoreFailure, match="TimeoutError"):
            store.put("a", b"1", 60)
        open_some(store, 20)
        store.put("a", b"1", 60)
        with other.client() as client:
            assert client.get("t:a") == b"1"


def test_of_many_connections_to_a_demoted_primary_one_is_refused(
    pair: Pair, address: Forwarder
) -> None:
    with closing(RedisStore(address.url, "t", 5)) as store:
        open_some(store, 20)
        promote(pair.replica)
        follow(pair.primary, pair.replica)
        address.lead_newcomers(pair.replica.port)
        with pytest.raises(StoreTakesNothing, match="ReadOnlyError"):
            store.count("n", 60)
        assert store.count("n", 60) == 1


def test_a_store_that_is_still_loading_is_away(
    workers: Workers, pair: Pair, address: Forwarder, new_server: Callable[..., Server]
) -> None:
    revoked = workers.server.jwt()
    guards = workers.new(2)
    assert guards[0].revoke(revoked)
    assert act_as_one(workers, guards)
    with pair.primary.client() as client:
        # What slows it down counts for each key, and for each so many octets it answers.
        for number in range(3000):
            client.set(f"filling {number}", b"x" * 2000)
        client.save()
        room = client.config_get("dir")["dir"]
    pair.primary.stop()
    miss_it(guards)
    slowly = ("--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024")
    loading = new_server("--dir", room, "--rdbcompression", "no", *slowly)
    address.switch(loading.port)
    workers.clock.turn(1)
    assert are_by_themselves(workers, guards)
    health = told(guards[0])
    assert health.last_error is not None
    assert (health.state, health.last_error.reason) == ("away", "BusyLoadingError")
    assert not guards[0].revoke(workers.server.jwt())
    with loading.client() as client:
        client.config_set("key-load-delay", 0)
        assert soon(lambda: has_loaded(client))
    (late,) = workers.new()
    assert back_as_one(workers, [*guards, late])
    assert soon(refuses(late, revoked))


def has_loaded(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.exceptions.BusyLoadingError:
        return False


def test_an_empty_primary_takes_nothing_from_what_a_worker_has_learnt(
    workers: Workers, pair: Pair, address: Forwarder
) -> None:
    first, second = guards = workers.new(2)
    opaque, jwt = workers.server.opaque(), workers.server.jwt()
    tokens = [workers.server.jwt() for _ in range(3)]
    for guard in guards:
        assert [verdict(guard, token) for token in (opaque, jwt, *tokens)] == ["let in"] * 5
    assert all(first.revoke(token) for token in tokens)
    assert soon(refuses(second, tokens[-1]))
    promote(pair.replica)
    with pair.replica.client() as client:
        client.flushall()
    address.switch(pair.replica.port)
    workers.clock.turn(1)
    for guard in guards:
        assert {verdict(guard, token) for token in tokens} == {"401 token_revoked"}
    asked = workers.server.count(INTROSPECT), workers.server.count(JWKS)
    for guard in guards:
        assert [verdict(guard, token) for token in (opaque, jwt)] == ["let in"] * 2
    assert (workers.server.count(INTROSPECT), workers.server.count(JWKS)) == asked
    assert back_as_one(workers, guards)


@pytest.mark.parametrize("forgets", ["everything", "the last of it"])
def test_a_new_primary_that_numbers_anew_is_read_anew_though_its_counter_caught_up(
    workers: Workers,
    pair: Pair,
    address: Forwarder,
    new_address: Callable[[], Forwarder],
    forgets: str,
) -> None:
    """A worker that is cut off for a while cannot see the counter fall behind."""
    slow_address = new_address()
    first, other = workers.new(2)
    (slow,) = workers.new(shared=replace(workers.shared, store=slow_address.url))
    tokens = iter([workers.server.jwt() for _ in range(12)])
    before = [next(tokens) for _ in range(2)]
    assert all(first.revoke(token) for token in before)
    assert verdict(slow, workers.server.jwt()) == "let in"
    assert replicated(pair.primary)
    promote(pair.replica)
    lost = [next(tokens) for _ in range(2)]
    assert all(first.revoke(token) for token in lost)
    assert all(soon(refuses(slow, token)) for token in (*before, *lost))
    if forgets == "everything":
        with pair.replica.client() as client:
            client.flushall()
    pair.primary.stop()
    miss_it([slow])
    address.switch(pair.replica.port)
    workers.clock.turn(1)
    after = list(tokens)
    assert all(other.revoke(token) for token in after)
    # Its address leads nowhere still.
    eventually(lambda: told(slow).next_try_in == 1)
    slow_address.switch(pair.replica.port)
    workers.clock.turn(1)
    assert all(soon(refuses(slow, token)) for token in after)
    assert {verdict(slow, token) for token in (*before, *lost)} == {"401 token_revoked"}
