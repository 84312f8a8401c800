"""Django's cache as the store that workers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.test import override_settings

from bearer_guard import Guard, Issuer, Request, SettingsError
from bearer_guard.django.cache import DjangoCache
from bearer_guard.settings.shared import Shared
from bearer_guard.shared import SharedStore, StoreFailure
from bearer_guard.testing import AuthorizationServer


class AwayCache(LocMemCache):
    """One whose server is away."""

    def get_many(self, *_: object, **__: object) -> dict[str, object]:
        raise ConnectionError("redis://:hunter2@cache.example.com")

    def add(self, *_: object, **__: object) -> bool:
        raise ConnectionError("redis://:hunter2@cache.example.com")


CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "default"},
    "shared": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "shared"},
    "away": {"BACKEND": f"{__name__}.AwayCache", "LOCATION": "away"},
}


@pytest.fixture(autouse=True)
def _caches() -> Iterator[None]:
    with override_settings(CACHES=CACHES):
        yield
        caches["default"].clear()
        caches["shared"].clear()


class Program:
    """What somebody puts into a cache, and runs where it is read."""

    ran = 0

    def __reduce__(self) -> tuple[Callable[[], int], tuple[()]]:
        return run, ()


def run() -> int:
    Program.ran += 1
    return 0


@pytest.mark.parametrize("alias", CACHES)
def test_it_is_not_made_unless_somebody_says_that_the_cache_is_trusted(alias: str) -> None:
    """Sealing does not help: the cache runs what is in it before anybody can look at the seal."""
    caches["default"].set("revocations", Program())
    Program.ran = 0
    assert DjangoCache("default", trusted=True).get(["revocations"]) == [b"0"]
    assert Program.ran == 1
    for made in (lambda: DjangoCache(alias), lambda: DjangoCache(alias, trusted=False)):
        with pytest.raises(SettingsError, match="unpickle") as refused:
            made()
        assert f"DjangoCache('{alias}', trusted=True)" in str(refused.value)
        assert "rediss://" in str(refused.value)


@pytest.mark.parametrize("trusted", ["yes", 1, None])
def test_trust_is_said_plainly(trusted: Any) -> None:
    with pytest.raises(SettingsError, match="trusted"):
        DjangoCache(trusted=trusted)


def test_it_is_a_shared_store() -> None:
    assert isinstance(DjangoCache(trusted=True), SharedStore)


def test_it_keeps_octets_by_name() -> None:
    store = DjangoCache("shared", trusted=True)
    store.put("a", b"\x00\xff", 60)
    store.put("b", b"2", 0.5)
    assert store.get(["a", "b", "c"]) == [b"\x00\xff", b"2", None]
    store.delete("a")
    assert store.get(["a"]) == [None]
    assert DjangoCache(trusted=True).get(["b"]) == [None], "another cache"


def test_of_many_that_add_one_succeeds() -> None:
    assert [DjangoCache(trusted=True).add("a", octets, 60) for octets in (b"1", b"2")] == [
        True,
        False,
    ]
    assert DjangoCache(trusted=True).get(["a"]) == [b"1"]


def test_it_counts() -> None:
    store = DjangoCache(trusted=True)
    assert [store.count("n", 60) for _ in range(3)] == [1, 2, 3]
    assert store.get(["n"]) == [b"3"]


def test_what_an_application_keeps_under_such_a_name_is_nothing() -> None:
    caches["default"].set("a", {"not": "octets"})
    assert DjangoCache(trusted=True).get(["a"]) == [None]


def test_whatever_its_library_raises_is_told_by_its_type() -> None:
    for call in (
        lambda: DjangoCache("away", trusted=True).get(["a"]),
        lambda: DjangoCache("away", trusted=True).count("a", 1),
    ):
        with pytest.raises(StoreFailure) as failed:
            call()
        assert failed.value.reason == "ConnectionError"
        assert failed.value.__cause__ is None
    with pytest.raises(StoreFailure, match="InvalidCacheBackendError"):
        DjangoCache("unknown", trusted=True).get(["a"])


def test_two_workers_fetch_the_keys_once() -> None:
    server = AuthorizationServer(issuer="https://login.example.com/")
    request = Request(headers={"Authorization": f"Bearer {server.jwt()}"})
    shared = Shared(DjangoCache("shared", trusted=True), secret="32 characters that nobody guesses")
    for _ in range(2):
        with (
            server.http_client() as client,
            Guard(
                audience=server.audience,
                issuers=[Issuer(server.issuer)],
                http_client=client,
                shared=shared,
            ) as guard,
        ):
            assert guard.authenticate(request)
    assert server.count("/jwks") == 1
