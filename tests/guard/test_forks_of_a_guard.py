"""A guard in forked processes, as under gunicorn's preload."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from bearer_guard import Guard, Introspection, Issuer
from bearer_guard._upstream import forks
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, verdict

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_a_child(work: Callable[[], object]) -> str:
    """What *work* returns in a forked process, which is killed when it hangs."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # CPython 3.12 and newer warn of a fork with threads: that is the very case here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(10)
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return result or "it hung, or raised"


@pytest.fixture
def guard(authorization_server: AuthorizationServer) -> Iterator[Guard]:
    introspection = Introspection(**authorization_server.introspection_settings())
    issuer = Issuer(authorization_server.issuer, introspection=introspection)
    with Guard(audience=authorization_server.audience, issuers=[issuer]) as guard:
        yield guard


def test_a_guard_made_before_the_fork_works_in_every_worker(
    guard: Guard, authorization_server: AuthorizationServer
) -> None:
    tokens = authorization_server.jwt(), authorization_server.opaque()
    for _ in range(2):
        worker = in_a_child(lambda: [verdict(guard, token) for token in tokens])
        assert worker == str(["let in", "let in"])
    assert authorization_server.count(JWKS) == 2


def test_so_does_one_that_was_used_before_the_fork(
    guard: Guard, authorization_server: AuthorizationServer
) -> None:
    server = authorization_server
    remembered, kept = server.jwt(), server.opaque()
    assert [verdict(guard, token) for token in (remembered, kept)] == ["let in"] * 2
    server.rotate_keys(keep_old=True)
    asked = len(server.seen)
    assert in_a_child(lambda: [verdict(guard, token) for token in (remembered, kept)]) == str(
        ["let in"] * 2
    )
    assert len(server.seen) == asked, "what was known stays known"
    new, opaque = server.jwt(), server.opaque()
    for work in (lambda: verdict(guard, new), lambda: verdict(guard, opaque)):
        assert in_a_child(work) == "let in"
        assert work() == "let in"


def test_the_parents_connections_are_not_spoken_on(
    guard: Guard, authorization_server: AuthorizationServer
) -> None:
    verdict(guard, authorization_server.jwt())
    token = authorization_server.opaque()
    parents = guard._authenticator.equipment._caller._clients.ready()

    def client_changes() -> bool:
        clients = guard._authenticator.equipment._caller._clients
        assert clients._held is None
        assert verdict(guard, token) == "let in"
        return clients._held is not None and clients._held.client is not parents

    assert in_a_child(client_changes) == "True"
    assert verdict(guard, authorization_server.opaque()) == "let in"


def test_a_flight_of_the_parent_is_not_waited_for(
    guard: Guard, authorization_server: AuthorizationServer
) -> None:
    server = authorization_server
    token = server.jwt()
    results: list[str] = []
    waiting = threading.Thread(target=verdict, args=(guard, token))
    with server.held(JWKS):
        waiting.start()
        server.wait_until_asked(JWKS)

        def ask() -> str:
            return verdict(guard, token)

        # The child's own fetch is held too; what it shows is that it takes off at all.
        child = threading.Thread(target=lambda: results.append(in_a_child(ask)))
        child.start()
        server.wait_until_asked(JWKS, times=2)
    waiting.join()
    child.join()
    assert results == ["let in"]


def test_locks_that_were_held_at_the_fork_are_free_in_the_child(
    guard: Guard, authorization_server: AuthorizationServer
) -> None:
    locks = [thing._lock for thing in list(forks._told) if hasattr(thing, "_lock")]
    assert len(locks) >= 6
    token, opaque = authorization_server.jwt(), authorization_server.opaque()
    with ExitStack() as held:
        for lock in locks:
            held.enter_context(lock)
        result = in_a_child(lambda: [verdict(guard, token), verdict(guard, opaque)])
    assert result == str(["let in"] * 2)


def test_a_child_closes_its_own_and_nothing_of_the_parents(
    guard: Guard, authorization_server: AuthorizationServer
) -> None:
    verdict(guard, authorization_server.jwt())
    token = authorization_server.opaque()

    def close() -> str:
        before = verdict(guard, token)
        guard.close()
        return before

    assert in_a_child(close) == "let in"
    assert verdict(guard, authorization_server.opaque()) == "let in"


def test_a_child_of_a_child_works_too(
    guard: Guard, authorization_server: AuthorizationServer
) -> None:
    token = authorization_server.jwt()

    def child() -> str:
        return in_a_child(lambda: verdict(guard, token)) + ", " + verdict(guard, token)

    assert in_a_child(child) == "let in, let in"
