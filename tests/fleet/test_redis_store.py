"""The store, as Redis and Valkey are spoken to."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bearer_guard import SettingsError
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.settings.shared import Shared
from bearer_guard.shared import SharedStore, StoreFailure
from fleet.servers import Server


def test_it_is_a_shared_store(store: RedisStore) -> None:
    assert isinstance(store, SharedStore)


def test_it_keeps_octets_by_name(store: RedisStore) -> None:
    store.put("a", b"\x00\xff", 60)
    store.put("b", b"2", 60)
    store.put("b", b"3", 60)
    assert store.get(["a", "b", "c"]) == [b"\x00\xff", b"3", None]
    store.delete("a")
    assert store.get(["a"]) == [None]


def test_each_has_its_time(store: RedisStore, valkey: Server) -> None:
    store.put("a", b"1", 60)
    with valkey.client() as client:
        (name,) = [key for key in client.keys("*") if key.endswith(b":a") and b"test-" in key][-1:]
        assert 0 < client.pttl(name) <= 60_000


def test_less_than_a_millisecond_is_one(store: RedisStore) -> None:
    """Of nought the server would make an error, and the store would be left alone."""
    store.put("a", b"1", 0.0001)
    assert store.add("b", b"1", 0.0001)
    assert store.count("n", 0.0001) == 1


def test_of_many_that_add_one_succeeds(store: RedisStore) -> None:
    assert [store.add("a", octets, 60) for octets in (b"1", b"2", b"3")] == [True, False, False]
    assert store.get(["a"]) == [b"1"]


def test_it_counts(store: RedisStore) -> None:
    assert [store.count("n", 60) for _ in range(3)] == [1, 2, 3]
    assert store.get(["n"]) == [b"3"]


def test_to_count_on_does_not_make_a_counter_last_longer(
    store: RedisStore, shared: object, valkey: Server
) -> None:
    store.count("n", 60)
    store.count("n", 6000)
    with valkey.client() as client:
        lasts = client.pttl(f"{shared.prefix}:n")  # type: ignore[attr-defined]
    assert 0 < lasts <= 60_000


def test_two_prefixes_share_nothing(store: RedisStore, valkey: Server) -> None:
    other = RedisStore(valkey.url, "another prefix", 1)
    store.put("a", b"1", 60)
    assert other.get(["a"]) == [None]
    other.close()


def test_a_url_may_say_valkey(store: RedisStore, valkey: Server) -> None:
    by_its_name = RedisStore(valkey.url.replace("redis:", "valkey:"), "test-v", 1)
    by_its_name.put("a", b"1", 60)
    assert by_its_name.get(["a"]) == [b"1"]
    by_its_name.close()


def test_after_a_fork_it_has_connections_of_its_own(store: RedisStore) -> None:
    store.put("a", b"1", 60)
    store._client.after_fork()
    assert store.get(["a"]) == [b"1"]


def test_closed_it_opens_again_when_it_is_used(store: RedisStore) -> None:
    store.close()
    store.close()
    store.put("a", b"1", 60)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://:hunter2@127.0.0.1:{listener.getsockname()[1]}"


def test_one_that_says_nothing_is_left_in_time(silent: str) -> None:
    with pytest.raises(StoreFailure) as failed:
        RedisStore(silent, "test", 0.05).get(["a"])
    assert failed.value.reason == "TimeoutError"
    assert "hunter2" not in repr(failed.value)
    assert failed.value.__cause__ is None


def test_one_that_is_not_there_fails_at_once() -> None:
    with pytest.raises(StoreFailure, match="ConnectionError"):
        RedisStore("redis://127.0.0.1:1", "test", 1).put("a", b"", 1)


def test_a_url_that_cannot_be_read_is_not_shown() -> None:
    with pytest.raises(SettingsError, match="no URL that redis-py understands") as refused:
        RedisStore("redis://:hunter2@host:port/x?socket_timeout=y", "test", 1)
    assert "hunter2" not in str(refused.value)


def test_without_redis_py_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError, match=r"install bearer-guard\[redis\]"):
        RedisStore("redis://localhost", "test", 1)


def test_the_collector_may_let_go_of_it_while_a_call_makes_its_client(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same thread, which holds the lock: where an allocation started the collector."""
    store = RedisStore(str(shared.store), shared.prefix, shared.timeout)
    store.close()
    make = store._client._make

    def collecting() -> Any:
        store.let_go()
        return make()

    monkeypatch.setattr(store._client, "_make", collecting)
    heard: list[object] = []
    thread = threading.Thread(target=lambda: heard.append(store.get(["a"])), daemon=True)
    thread.start()
    thread.join(5)
    assert heard == [[None]]
    assert store._client._held is None, "it is closed once it is not used any more"


def holding_each_connection(store: RedisStore) -> list[Any]:
    """As many calls under way as there are connections, each with its own."""
    steps = [store._client.ready().pipeline() for _ in range(64)]
    for each in steps:
        each.watch("a")
    return steps


def test_more_threads_than_connections_take_their_turn(shared: Shared) -> None:
    """``concurrent_calls`` may be a thousand: a store that is asked by many is not away."""
    store = RedisStore(str(shared.store), shared.prefix, timeout=10)
    held = holding_each_connection(store)
    heard: list[object] = []
    threads = [
        threading.Thread(target=lambda: heard.append(store.get(["a"])), daemon=True)
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    assert heard == []
    for each in held:
        each.reset()
    for thread in threads:
        thread.join(20)
    assert heard == [[None]] * 100
    store.close()


def test_whoever_gets_no_connection_in_time_goes_on_without_the_store(shared: Shared) -> None:
    store = RedisStore(str(shared.store), shared.prefix, timeout=0.05)
    held = holding_each_connection(store)
    with pytest.raises(StoreFailure):
        store.get(["a"])
    for each in held:
        each.reset()
    assert store.get(["a"]) == [None]
    store.close()
