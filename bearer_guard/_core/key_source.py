"""One issuer's keys over time: what is known, and whether to use, to fetch, or to give up.

    nothing ── fetch ──▶ fresh ── 80 % ──▶ ageing ──▶ stale ── hard limit ──▶ gone
                          use               use, and     ask first; when the    503
                                            refresh      issuer is away, use
                                            behind

A ``KeySource`` has no lock and no clock: whoever calls it holds the one and brings the other
(monotonic seconds). Its decisions are values, so tests turn time by hand.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple

from bearer_guard._core.budget import Budget
from bearer_guard._core.key_set import KeySet, VerificationKey
from bearer_guard._core.metadata import Metadata
from bearer_guard._core.metadata_source import MetadataSource
from bearer_guard.exchange import UpstreamFailure
from bearer_guard.settings.policies import KeySetPolicy, UpstreamPolicy

_NO_KEYS: frozenset[VerificationKey] = frozenset()


class Step(Enum):
    """What to do for a request that needs keys."""

    USE = "use the keys at hand"
    USE_AND_REFRESH = "use the keys at hand, and fetch behind the request"
    FETCH = "fetch, and wait for it"
    UNKNOWN = "the issuer does not publish this key"
    UNAVAILABLE = "nobody can tell now"


class Fetched(NamedTuple):
    """What a fetch brought. ``key_set`` is ``None`` when the issuer said: not modified."""

    key_set: KeySet | None
    fresh_for: float | None
    """``None`` when a confirmation does not say: as long as before."""
    etag: str | None

    def aged(self, age: float) -> Fetched:
        """The same, heard ``age`` seconds ago by another worker: it is fresh for so much less."""
        return self._replace(fresh_for=max(0.001, (self.fresh_for or 0) - age))


class KeySource:
    """What is known of one issuer's keys."""

    __slots__ = (
        *("attend_at", "etag", "failed_at", "failure", "failures", "fresh_until", "heard"),
        *("key_set", "keys", "landed", "landed_at", "last_reason", "metadata", "next_try"),
        *("refresh_at", "taken_off", "_forced", "_fresh_for", "_missed"),
    )

    def __init__(self) -> None:
        self.key_set: KeySet | None = None
        self.keys: frozenset[VerificationKey] = _NO_KEYS
        """The current keys: a remembered signature counts only under one of these."""
        self.attend_at = -math.inf
        """Until this moment a request with a known key needs no decision at all."""
        self.refresh_at = self.fresh_until = self.next_try = -math.inf
        self.failures = 0
        self.failure: UpstreamFailure | None = None
        """Why the last attempt failed; ``None`` when it did not."""
        self.last_reason: str | None = None
        """Why an attempt failed last, at ``failed_at``, whatever came later."""
        self.landed_at = self.failed_at = -math.inf
        self.heard: str | None = None
        """Which hearing in the fleet brought the current keys."""
        self.etag: str | None = None
        self.metadata = MetadataSource()
        """Where the keys are, unless the settings say so."""
        self._fresh_for = 0.0
        self.taken_off = self.landed = 0
        """How many fetches have started; the number of the last one that brought keys."""
        self._forced: Budget | None = None
        self._missed: dict[str, float] | None = None

    def usable(self, now: float, policy: KeySetPolicy) -> KeySet | None:
        """The keys, unless there are none or they are past the hard limit."""
        if self.key_set is not None and now < self.fresh_until + policy.usable_stale_for:
            return self.key_set
        return None

    def plan(self, now: float, policy: KeySetPolicy) -> Step:
        """For a request that needs this issuer's keys, whichever they are."""
        self.attend_at = self._next_decision(now, policy)
        if now < self.refresh_at:
            return Step.USE
        if now < self.fresh_until or (self.failure and self.usable(now, policy)):
            # Past fresh, and the issuer is known to be away: nobody waits to hear it again.
            return Step.USE if now < self.next_try else Step.USE_AND_REFRESH
        return Step.UNAVAILABLE if now < self.next_try else Step.FETCH

    def _next_decision(self, now: float, policy: KeySetPolicy) -> float:
        if now < self.refresh_at:
            return self.refresh_at
        if not self.usable(now, policy):
            return -math.inf
        # Until then a refresh is on its way (its landing sets a new moment), or pointless.
        hard_limit = self.fresh_until + policy.usable_stale_for
        if self.failure is not None:
            return min(max(self.next_try, now), hard_limit)
        return self.fresh_until

    def plan_unknown(
        self, kid: str | None, asked: int, in_air: bool, now: float, policy: KeySetPolicy
    ) -> Step:
        """For a request whose key is not in the set. ``asked`` is ``taken_off`` as it was when
        the request came: a fetch that started later answers it for good. While one is
        ``in_air``, its answer is waited for, at no cost.

        Routine fetches and known keys never come here, so a stranger who makes up key ids
        spends nothing but this budget (RFC 8725 section 3.10).
        """
        if kid is not None and self._is_remembered(kid, now):
            return Step.UNKNOWN
        if self.landed > asked:
            self._remember(kid, now, policy)
            self.metadata.doubt_unless_new(now, policy)
            return Step.UNKNOWN
        if in_air:
            return Step.FETCH
        if now < self.next_try:
            return Step.UNAVAILABLE
        limit, window = policy.forced_fetches, policy.forced_fetch_window
        self._forced = self._forced or Budget()
        if not self._forced.has(limit, window, now):
            return Step.UNAVAILABLE if self.failure else Step.UNKNOWN
        return Step.FETCH

    def _is_remembered(self, kid: str, now: float) -> bool:
        return self._missed is not None and self._missed.get(kid, -math.inf) > now

    def _remember(self, kid: str | None, now: float, policy: KeySetPolicy) -> None:
        if kid is None or not policy.unknown_kids:
            return
        missed = self._missed = self._missed or {}
        missed.pop(kid, None)
        while len(missed) >= policy.unknown_kids:
            del missed[next(iter(missed))]
        missed[kid] = now + policy.unknown_kid_memory

    def spend(self, now: float) -> None:
        """Take one forced fetch from the budget: before it is sent, whatever comes of it."""
        self._forced = self._forced or Budget()
        self._forced.spend(now)

    def spare(self, forced: bool) -> None:
        """Give back what was spent on a fetch that asked the issuer nothing."""
        if forced and self._forced is not None:
            self._forced.give_back()

    def take_off(self) -> int:
        """A fetch starts; its number."""
        self.taken_off += 1
        return self.taken_off

    def land(self, number: int, fetched: Fetched, now: float, jittered: float) -> None:
        """Fetch ``number`` brought keys. ``jittered`` is the share of the fresh time after
        which they age."""
        self.landed = max(self.landed, number)
        self.failures, self.failure, self.next_try = 0, None, -math.inf
        if fetched.fresh_for is not None:
            self._fresh_for = fetched.fresh_for
        self.landed_at, self.fresh_until = now, now + self._fresh_for
        self.attend_at = self.refresh_at = now + self._fresh_for * jittered
        self.etag = fetched.etag
        if fetched.key_set is not None:
            if fetched.key_set.keys != self.keys:
                self._missed = None
            self.key_set = fetched.key_set
            self.keys = fetched.key_set.keys

    def land_metadata(self, found: Metadata, now: float) -> None:
        """It counts from now on, whatever comes of the keys."""
        if self.metadata.land(found, now):
            # A validator does not move house with the keys.
            self.etag = None

    def fail(self, failure: UpstreamFailure, now: float, policy: UpstreamPolicy) -> None:
        """A fetch failed: what is known stays, and the next attempt waits, longer each time, and
        at least as long as the server asks for."""
        self.failure = failure
        self.last_reason, self.failed_at = failure.reason, now
        self.failures += 1
        self.next_try = now + policy.wait_after(self.failures, failure.retry_after)
        self.attend_at = -math.inf
        # A validator may have been the trouble, and one answer in full costs little.
        self.etag = None
        if self.failures > 1:
            # Once is an accident. Twice, and the keys may be elsewhere by now.
            self.metadata.doubt()

    def retry_after(self, now: float) -> int:
        """Whole seconds after which a client may find things better (RFC 9110 §10.2.3)."""
        return max(1, math.ceil(min(self.next_try - now, 3600))) if self.next_try > now else 1
