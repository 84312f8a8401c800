"""What can be told of an issuer's keys: their state, their age and their kinds. Never their ids."""

from __future__ import annotations

from typing import NamedTuple

from bearer_guard._core import algorithms
from bearer_guard._core.key_set import VerificationKey
from bearer_guard._core.key_source import KeySource
from bearer_guard.health import KeySetHealth, KeySetState, LastError
from bearer_guard.settings.policies import KeySetPolicy


class KeyFacts(NamedTuple):
    """One usable key (RFC 7517 section 4.1, RFC 7518 section 6)."""

    type: str
    size: str
    """Bits or the name of a curve."""
    algorithms: tuple[str, ...]


def state(source: KeySource, now: float, policy: KeySetPolicy) -> KeySetState:
    """The moment in the key set's life. By age alone: whoever needs no keys has none fetched."""
    if source.key_set is None:
        return "nothing"
    if now < source.refresh_at:
        return "fresh"
    if now < source.fresh_until:
        return "ageing"
    return "stale" if source.usable(now, policy) else "gone"


def is_ready(source: KeySource, now: float, policy: KeySetPolicy) -> bool:
    """Whether a request that needs these keys gets them, or has at least somebody asked.

    It is not enough that there are none: a process that is sent no requests for that reason
    would never fetch any. Between two tries, ``KeySource.plan`` turns requests away unasked.
    Nor is an issuer away whose metadata names no keys: it has none, today and tomorrow.
    """
    if source.usable(now, policy) is not None or now >= source.next_try:
        return True
    return source.failure is not None and source.failure.details.get("member") == "jwks_uri"


def next_try_in(source: KeySource, now: float) -> float:
    """Seconds after which a request may have the issuer asked (again)."""
    return max(0.0, source.refresh_at - now, source.next_try - now)


def age(source: KeySource, now: float) -> float | None:
    """Seconds since the issuer last published or confirmed its keys."""
    return None if source.key_set is None else now - source.landed_at


def last_error(reason: str | None, at: float, now: float) -> LastError | None:
    """What went wrong last, if anything ever did."""
    return None if reason is None else LastError(reason=reason, seconds_ago=now - at)


def key_set_health(source: KeySource, now: float, policy: KeySetPolicy) -> KeySetHealth:
    """All of it."""
    key_set = source.key_set
    return KeySetHealth(
        state=state(source, now, policy),
        age=age(source, now),
        keys=len(source.keys),
        unfit=len(key_set.unfit) if key_set is not None else 0,
        last_error=last_error(source.last_reason, source.failed_at, now),
        next_try_in=next_try_in(source, now),
    )


def facts(key: VerificationKey) -> KeyFacts:
    """The kind of a key."""
    fits = tuple(sorted(key.algorithms))
    for (kty, curve), names in algorithms.BY_CURVE.items():
        if key.algorithms == names:
            return KeyFacts(kty, curve, fits)
    return KeyFacts("RSA", f"{key.key.key_size} bits", fits)
