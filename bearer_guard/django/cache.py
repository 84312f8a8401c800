"""Django's configured cache as the store that workers share: ``Shared(DjangoCache(), ...)``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core.cache import caches

from bearer_guard.shared import StoreFailure

_Found = TypeVar("_Found")


class DjangoCache:
    """One of ``CACHES``, by its name. Of use where all workers see the same one: Redis,
    Memcached, a database; ``locmem`` is each worker's own.

    Its calls take as long as the cache takes: set its own time-out low.
    """

    def __init__(self, alias: str = "default") -> None:
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
