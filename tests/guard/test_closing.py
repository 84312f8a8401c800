"""The end of a guard: no thread, no socket, whether it was closed or merely forgotten."""

from __future__ import annotations

import gc
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bearer_guard import Guard, Introspection, Issuer, UpstreamPolicy
from bearer_guard.testing import AuthorizationServer
from key_life.world import OPENID, all_landed, verdict
from patience import eventually


@contextmanager
def nothing_left_open() -> Iterator[None]:
    """Sockets that are not closed warn when they are collected."""
    ignored: list[Any] = []
    before = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: ignored.append(unraisable.exc_value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            yield
            gc.collect()
    finally:
        sys.unraisablehook = before
    assert ignored == []


@pytest.fixture(autouse=True)
def every_test_leaves_nothing_open() -> Iterator[None]:
    _others.clear()
    _others.update(threading.enumerate())
    with nothing_left_open():
        yield


def guard_of(server: AuthorizationServer, **options: Any) -> Guard:
    introspection = Introspection(**server.introspection_settings())
    issuer = Issuer(server.issuer, introspection=introspection, **options)
    return Guard(audience=server.audience, issuers=[issuer])


_others: set[threading.Thread] = set()
"""Threads of guards that other tests left to the collector."""


def threads() -> list[str]:
    ours = set(threading.enumerate()) - _others
    return [each.name for each in ours if each.name.startswith("bearer_guard")]


def use(guard: Guard, server: AuthorizationServer) -> None:
    assert verdict(guard, server.jwt()) == "let in"
    assert verdict(guard, server.opaque()) == "let in"
    assert len(threads()) == 2


def test_a_closed_guard_has_no_thread_and_no_connection(
    authorization_server: AuthorizationServer,
) -> None:
    guard = guard_of(authorization_server)
    use(guard, authorization_server)
    guard.close()
    assert threads() == []
    guard.close()


def test_leaving_its_block_closes_it(authorization_server: AuthorizationServer) -> None:
    with guard_of(authorization_server) as guard:
        use(guard, authorization_server)
    assert threads() == []


def test_a_forgotten_guard_leaves_nothing(authorization_server: AuthorizationServer) -> None:
    guard = guard_of(authorization_server)
    use(guard, authorization_server)
    gone = weakref.ref(guard)
    del guard
    assert gone() is None
    eventually(lambda: threads() == [])


def test_nor_does_one_in_a_cycle(authorization_server: AuthorizationServer) -> None:
    guard = guard_of(authorization_server)
    use(guard, authorization_server)
    guard.application = [guard]
    del guard
    gc.collect()
    eventually(lambda: threads() == [])


def test_nor_does_one_that_a_failure_was_told_to(
    authorization_server: AuthorizationServer,
) -> None:
    authorization_server.unavailable()
    guard = guard_of(authorization_server)
    assert verdict(guard, authorization_server.jwt()) == "503 metadata_unusable"
    assert verdict(guard, authorization_server.opaque()) == "503 introspection_unusable"
    del guard
    eventually(lambda: threads() == [])


def test_one_that_was_never_used_has_nothing_to_close() -> None:
    with Guard(audience="a", issuers=[Issuer("https://login.example.com/")]) as guard:
        pass
    guard.close()


def test_closing_waits_for_a_flight_whose_passengers_have_gone(
    authorization_server: AuthorizationServer,
) -> None:
    upstream = UpstreamPolicy(connect_timeout=0.2, timeout=0.2)
    guard = guard_of(authorization_server, upstream=upstream)
    with authorization_server.held(OPENID):
        assert verdict(guard, authorization_server.jwt()) == "503 upstream_timeout"
        guard.close()
    assert threads() == []


class CollectingClient:
    """A client in whose call the collector runs, as it may in any call of any thread."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def stream(self, *arguments: Any, **options: Any) -> Any:
        assert self.go_on.wait(5)
        gc.collect()
        raise OSError

    def close(self) -> None: ...


def test_a_guard_may_be_collected_in_a_thread_of_its_own() -> None:
    """In a cycle, it goes when the collector happens to run: also in its own pool's thread,
    which cannot wait for itself."""
    server = AuthorizationServer(issuer="https://login.example.com/")
    upstream = UpstreamPolicy(connect_timeout=0.1, timeout=0.1, retries=0)
    client = CollectingClient()
    gc.disable()
    try:
        guard = Guard(
            audience=server.audience,
            issuers=[Issuer(server.issuer, upstream=upstream)],
            http_client=client,
        )
        guard.application = [guard]
        assert verdict(guard, server.jwt()) == "503 upstream_timeout"
        gone = weakref.ref(guard)
        del guard
        with nothing_left_open():
            client.go_on.set()
            all_landed()
            assert gone() is None
    finally:
        gc.enable()


class LockingClient:
    """A client in whose call the thread needs a lock, as whoever writes a log record does."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self.asked = threading.Event()
        self.got_it: list[bool] = []

    def stream(self, *arguments: Any, **options: Any) -> Any:
        self.asked.set()
        self.got_it.append(self._lock.acquire(timeout=5))
        raise OSError

    def close(self) -> None: ...


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
def test_the_collector_may_come_in_a_thread_whose_lock_a_flight_waits_for(kind: str) -> None:
    """Such as a logging handler's: to wait there for the flight would be to wait for ever."""
    server = AuthorizationServer(issuer="https://login.example.com/")
    upstream = UpstreamPolicy(connect_timeout=0.05, timeout=0.05, retries=0)
    introspection = Introspection(server.url("/introspect"), token="t")
    lock = threading.Lock()
    client = LockingClient(lock)
    guard = Guard(
        audience=server.audience,
        issuers=[Issuer(server.issuer, upstream=upstream, introspection=introspection)],
        http_client=client,
    )
    guard.application = [guard]
    with lock:
        assert verdict(guard, getattr(server, kind)()) == "503 upstream_timeout"
        assert client.asked.wait(5)
        gone = weakref.ref(guard)
        del guard
        gc.collect()
        assert gone() is None
        assert client.got_it == [], "the collector did not wait for the flight"
    all_landed()
    assert client.got_it[:1] == [True]
    eventually(lambda: threads() == [])


def test_a_forgotten_guard_closes_its_connections_when_its_last_flight_has_landed(
    authorization_server: AuthorizationServer,
) -> None:
    upstream = UpstreamPolicy(connect_timeout=0.2, timeout=0.2, retries=0)
    guard = guard_of(authorization_server, upstream=upstream)
    own = guard._authenticator.equipment._caller._clients
    with authorization_server.held(OPENID):
        assert verdict(guard, authorization_server.jwt()) == "503 upstream_timeout"
        assert own._held is not None
        client = own._held.client
        del guard
    all_landed()
    eventually(lambda: threads() == [])
    assert client.is_closed  # type: ignore[attr-defined]
    assert own._held is None


def test_a_guard_that_is_used_after_it_was_closed_is_closed_again(
    authorization_server: AuthorizationServer,
) -> None:
    """An application that starts twice, as in tests, closes its guard twice."""
    guard = guard_of(authorization_server)
    for _ in range(2):
        verdict(guard, authorization_server.opaque())
        assert threads() != []
        guard.close()
        assert threads() == []
    use_again = verdict(guard, authorization_server.opaque())
    del guard
    assert use_again == "let in"
    eventually(lambda: threads() == [])
