"""How a guard does, as values: what ``Guard.health()`` returns.

Nothing in here is a secret, a claim, a key id or part of a token. All of it was known already:
to ask for it asks nobody else. Counts are those of one process since its guard was made. They
are counted without a lock: where threads race, one may be lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

KeySetState = Literal["nothing", "fresh", "ageing", "stale", "gone"]
"""``nothing`` was fetched yet. ``fresh`` keys are used; ``ageing`` ones too, while new ones are
fetched behind the requests. ``stale`` ones are used only if the issuer cannot be reached.
``gone`` ones are used no more."""
StoreState = Literal["unused", "reached", "away"]
"""``unused`` by this process so far; ``reached`` when it was needed last; ``away``: it did not
answer then, or took nothing."""
BreakerState = Literal["closed", "half_open", "open"]
"""Calls are made; one is made, to try; none are made for the moment."""
_BEST_FIRST: tuple[KeySetState, ...] = ("fresh", "ageing", "stale", "gone", "nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """What went wrong last, whether or not it went well since."""

    reason: str
    """A word of ``docs/reasons.md``."""
    seconds_ago: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheHealth:
    """A bounded memory."""

    entries: int
    capacity: int
    hits: int
    misses: int
    """Good tokens that had to be verified; or tokens that had to be asked about."""
    hit_rate: float | None
    """Hits among both, from 0 to 1; ``None`` before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySetHealth:
    """The keys of one issuer."""

    state: KeySetState
    age: float | None
    """Seconds since the issuer last published or confirmed them; ``None`` before the first."""
    keys: int
    """How many can be used."""
    unfit: int
    """How many more it publishes that cannot: too weak, for encryption, of an unknown type."""
    last_error: LastError | None
    next_try_in: float
    """Seconds after which a request may have the issuer asked again; 0 is the next request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateHealth:
    """The issuers that a template stands for, as far as they have shown keys and are among the
    thousand that were used last."""

    issuers: int
    states: Mapping[KeySetState, int]
    """How many of them are in which state."""
    oldest: float | None
    """Seconds since the one that was confirmed least recently was confirmed."""
    last_error: LastError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionHealth:
    """The introspection of one issuer."""

    breaker: BreakerState
    next_try_in: float
    """Seconds after which calls are made again; 0 where they are made."""
    answers: CacheHealth
    last_error: LastError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerHealth:
    """One issuer of the settings."""

    issuer: str
    alias: str
    ready: bool
    """``False`` while requests that need it are turned away with 503, and it is not even asked:
    it has failed, there are no keys to go on with, and the next try is still to come."""
    key_set: KeySetHealth | None
    """``None`` for a template."""
    template: TemplateHealth | None
    introspection: IntrospectionHealth | None

    @property
    def state(self) -> KeySetState:
        """That of the key set; of a template's key sets the best one."""
        if self.key_set is not None:
            return self.key_set.state
        states = self.template.states if self.template is not None else {}
        for state in _BEST_FIRST:
            if states.get(state):
                return state
        return "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """The store that workers share. Without it each goes on by itself, and is as ready as with
    it; what was revoked elsewhere meanwhile is heard of when it is back."""

    state: StoreState
    next_try_in: float
    """Seconds for which a store that failed is left alone, and one that takes nothing (it is full,
    or a replica) is only read; 0 where the next need asks it."""
    last_error: LastError | None
    """Its reason is the name of what the store's client raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The whole guard."""

    issuers: tuple[IssuerHealth, ...]
    """In the order of the settings."""
    signatures: CacheHealth
    """The remembered signatures of self-contained tokens."""
    template_issuers: int
    """How many issuers behind templates are remembered, of all templates."""
    store: StoreHealth | None
    """``None`` where workers share none."""

    def is_ready(self, aliases: Collection[str] | None = None, *, fetched: bool = False) -> bool:
        """Whether this process should be sent requests: every issuer is ready.

        An issuer that nobody has needed yet is ready. With ``fetched`` it is not before its keys
        were there once (templates aside), as after ``Guard.warm_up()``. ``aliases`` are those
        of the issuers that count; ``None`` means all.
        """
        return all(
            issuer.ready and not (fetched and issuer.key_set and issuer.state == "nothing")
            for issuer in self.issuers
            if aliases is None or issuer.alias in aliases
        )

    def states(self) -> dict[str, dict[str, str]]:
        """In short, by alias: the state of the keys and that of the introspection's breaker."""
        return {
            issuer.alias: {"keys": issuer.state}
            | ({"introspection": issuer.introspection.breaker} if issuer.introspection else {})
            for issuer in self.issuers
        }

    def as_dict(self) -> dict[str, Any]:
        """The same in plain data, as JSON holds it."""
        return asdict(self)


__all__ = [
    "BreakerState",
    "CacheHealth",
    "Health",
    "IntrospectionHealth",
    "IssuerHealth",
    "KeySetHealth",
    "KeySetState",
    "LastError",
    "StoreHealth",
    "StoreState",
    "TemplateHealth",
]
