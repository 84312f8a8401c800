"""What the workers of a fleet keep in common, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks
from bearer_guard.shared import SharedStore

SCHEMES = ("redis://", "rediss://", "unix://", "valkey://", "valkeys://")
_SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Shared:
    """A store that all workers of an API have in common, on one machine or on many.

    Key sets, introspection answers, the budget for unknown key ids and revocations are then
    the fleet's: one fetch, one introspection, one memory of what was revoked. Each worker has
    its own caches in front, and goes on with them alone while the store is away.

    Raises ``SettingsError`` when it is made with a store or a secret that will not do.
    """

    store: str | SharedStore = field(repr=False)
    """The URL of a Redis or Valkey (``rediss://:password@host:6379/0``), or a store."""
    secret: str = field(kw_only=True, repr=False)
    """At least 32 characters, the same for all workers, known to nobody else: who can write to
    the store, and does not know it, can make nobody pass."""
    prefix: str = field(default="bearer_guard", kw_only=True)
    """Begins every name in the store."""
    timeout: float = field(default=0.25, kw_only=True)
    """Seconds for one call to the store."""
    pause: float = field(default=1, kw_only=True)
    """Seconds for which a store that failed is left alone."""
    revocations_every: float = field(default=0.5, kw_only=True)
    """Seconds between two looks for new revocations."""
    revocations: int = field(default=10_000, kw_only=True)
    """How many revocations are remembered at most; then those that end first are dropped."""

    def __post_init__(self) -> None:
        example = 'write for example "redis://localhost:6379/0"'
        if isinstance(self.store, str):
            if not self.store.startswith(SCHEMES):
                raise SettingsError(f"store must be the URL of a Redis: {example}")
        elif not isinstance(self.store, SharedStore):
            raise SettingsError(f"store must be a URL or a SharedStore: {example}")
        if len(checks.secret("secret", self.secret)) < _SHORTEST_SECRET:
            raise SettingsError(
                "secret is too short: write at least 32 characters that nobody can guess, "
                "the same for all workers"
            )
        checks.text("prefix", self.prefix, '"orders-api"')
        checks.number("timeout", self.timeout, low=0.001, high=5)
        checks.number("pause", self.pause, low=0, high=60)
        checks.number("revocations_every", self.revocations_every, low=0.01, high=60)
        checks.count("revocations", self.revocations, low=1, high=1_000_000)
