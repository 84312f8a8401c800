"""Who listens to a guard at work. Internal: ``bearer_guard.otel`` is made of it.

What is told is safe to tell anybody: no token, no secret, no claim, no key id. Words and aliases
come from the code and from the settings, so there are only so many of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from bearer_guard.exchange import CallKind, Ended

Result = TypeVar("Result")

Outcome = Literal["let_in", "refused", "unavailable"]
"""The token is good; it is not, or there is none; or nobody can tell now."""


class Observer(Protocol):
    """Called in the thread where it happens. It must not raise, block or keep what it hears."""

    def decided(self, outcome: Outcome, reason: str, alias: str) -> None:
        """A request was judged. ``alias`` is that of the issuer, empty where none is known;
        ``reason`` is empty for a request that is let in."""
        ...

    def calling(self, kind: CallKind, alias: str, method: str, url: str) -> Ended:
        """An authorization server is asked. The answer is called when that is over."""
        ...

    def carry(self, job: Callable[[], Result]) -> Callable[[], Result]:
        """``job`` runs in another thread, for whoever asks now: the way to go along with it."""
        ...
