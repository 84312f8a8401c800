"""What the workers of a fleet keep in common, and how such a store is spoken to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


class StoreFailure(Exception):
    """A shared store did not answer, or not in time. ``reason`` is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StoreTakesNothing(StoreFailure):
    """A shared store answered at once that it takes nothing now: it is full, or a replica. What
    it keeps, it still tells."""


@runtime_checkable
class SharedStore(Protocol):
    """A store of octets by name, as Redis is. Called in worker threads only.

    Each call is over within its own short deadline and raises ``StoreFailure`` when it could
    not be done; ``StoreTakesNothing`` only where it would store something. What is stored is
    sealed: the store need not be trusted, as long as octets are read as octets. What unpickles
    them runs the code of whoever wrote them.
    """

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """What is kept under each of ``names``."""
        ...

    def put(self, name: str, value: bytes, seconds: float) -> None:
        """Keep ``value`` for so long, in place of what was kept."""
        ...

    def add(self, name: str, value: bytes, seconds: float) -> bool:
        """Keep ``value`` for so long unless something is kept; whether it was."""
        ...

    def count(self, name: str, seconds: float) -> int:
        """Count one more, and say how many that makes. It is forgotten ``seconds`` after the
        first. ``get`` gives the number in decimal digits."""
        ...

    def delete(self, name: str) -> None:
        """Keep nothing under ``name``."""
        ...


__all__ = ["SharedStore", "StoreFailure", "StoreTakesNothing"]
