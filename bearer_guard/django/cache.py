"""Django's configured cache as the store that workers share, where nobody else writes to it:
``Shared(DjangoCache(trusted=True), ...)``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core.cache import caches

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks
from bearer_guard.shared import StoreFailure

_Found = TypeVar("_Found")


class DjangoCache:
    """One of ``CACHES``, by its name. Of use where all workers see the same one: Redis,
    Memcached, a database; ``locmem`` is each worker's own.

    DANGER: Django's caches unpickle what they read, before anybody can look whether it is sealed:
    whoever can write to the cache runs code in every worker. ``trusted=True`` says that nobody can
    but the workers. A store given by its URL, ``Shared("rediss://…", …)``, needs no such trust: of
    it octets are read and nothing else.

    Its calls take as long as the cache takes: set its own time-out low.

    Raises ``SettingsError`` without ``trusted=True``.
    """

    def __init__(self, alias: str = "default", *, trusted: bool = False) -> None:
        checks.flag("trusted", trusted)
        if not trusted:
            # Of any backend: which of them unpickle, and with which options, changes with
            # versions, and the settings may not be complete yet when this is made in them.
            raise SettingsError(
                "trusted is False: Django's caches unpickle what they read, so whoever can write "
                'to this one runs code in your workers. Write Shared("rediss://…", …), which '
                f"reads octets alone; or, where nobody else can write to it, "
                f"DjangoCache({alias!r}, trusted=True)"
            )
        self._alias = alias

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """``get_many``. A counter comes in decimal digits."""
        found = self._do(lambda cache: cache.get_many(names))
        return [_octets(found.get(name)) for name in names]

    def put(self, name: str, value: bytes, seconds: float) -> None:
        """``set``."""
        self._do(lambda cache: cache.set(name, value, math.ceil(seconds)))

    def add(self, name: str, value: bytes, seconds: float) -> bool:
        """``add``: one step where the cache has one."""
        return bool(self._do(lambda cache: cache.add(name, value, math.ceil(seconds))))

    def count(self, name: str, seconds: float) -> int:
        """``add`` and ``incr``."""

        def counted(cache: Any) -> int:
            cache.add(name, 0, math.ceil(seconds))
            return int(cache.incr(name))

        return self._do(counted)

    def delete(self, name: str) -> None:
        """``delete``."""
        self._do(lambda cache: cache.delete(name))

    def _do(self, work: Callable[[Any], _Found]) -> _Found:
        try:
            return work(caches[self._alias])
        except Exception as error:  # noqa: BLE001 - whatever the cache's own library raises, told by its type
            raise StoreFailure(type(error).__name__) from None


def _octets(value: object) -> bytes | None:
    if isinstance(value, int):
        return str(value).encode()
    return value if isinstance(value, bytes) else None


__all__ = ["DjangoCache"]
