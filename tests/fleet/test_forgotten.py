"""A guard with a shared store that is merely forgotten."""

from __future__ import annotations

import gc
import threading
import weakref

from bearer_guard import Guard, Issuer
from bearer_guard.settings.shared import Shared
from bearer_guard.testing import AuthorizationServer
from key_life.world import verdict
from patience import eventually


def test_it_leaves_no_thread_and_no_connection_to_the_store(shared: Shared) -> None:
    server = AuthorizationServer(issuer="https://login.example.com/")
    before = set(threading.enumerate())
    guard = Guard(
        audience=server.audience,
        issuers=[Issuer(server.issuer)],
        http_client=server.http_client(),
        shared=shared,
    )
    assert verdict(guard, server.jwt()) == "let in"
    assert len(set(threading.enumerate()) - before) == 2
    store = guard._authenticator.equipment._store
    assert store is not None
    gone = weakref.ref(guard)
    del guard
    gc.collect()
    assert gone() is None
    eventually(lambda: set(threading.enumerate()) <= before)
    assert store._client._held is None
