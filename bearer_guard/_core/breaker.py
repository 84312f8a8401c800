"""One endpoint's circuit breaker: whether to call it now, or to leave it alone for a while.

    closed ── so many failures in a row ──▶ open ── its time is up ──▶ half-open
       ▲                                     ▲                             │
       │                                     └── the probe fails: longer ──┤
       └───────────────────── the probe is answered ───────────────────────┘

A ``Breaker`` has no lock and no clock: whoever calls it holds the one and brings the other
(monotonic seconds), as with a ``KeySource``. It is ours since what is known did not fit:
pybreaker 1.4 holds its lock for as long as the call takes, so that one call goes at a time, and
reads the wall clock; circuitbreaker 2.1 has no lock, and when half-open it lets everybody call.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple

from bearer_guard.exchange import UpstreamFailure
from bearer_guard.settings.policies import UpstreamPolicy


class Circuit(Enum):
    """The state of a breaker, for those who look at it."""

    CLOSED = "every call goes"
    OPEN = "no call goes"
    HALF_OPEN = "one call goes, to see how it is"


class Permit(NamedTuple):
    """A call that may go. What it brings counts while the breaker is where it was."""

    number: int
    is_probe: bool


class Breaker:
    """What is known of one endpoint's failures."""

    __slots__ = ("_number", "_probing_until", "failure", "failures", "open_until", "openings")

    def __init__(self) -> None:
        self.failures = 0
        """How many calls failed in a row."""
        self.failure: UpstreamFailure | None = None
        """Why the last one did; ``None`` when it did not."""
        self.openings = 0
        """How often in a row it opened: 0 while it is closed."""
        self.open_until = self._probing_until = -math.inf
        self._number = 0

    def circuit(self, now: float) -> Circuit:
        """The state that it is in."""
        if not self.openings:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self.open_until else Circuit.HALF_OPEN

    def refuses(self, now: float) -> bool:
        """Whether no call may go now: it is open, or its one probe is in the air."""
        return bool(self.openings) and now < max(self.open_until, self._probing_until)

    def take_off(self, now: float, patience: float) -> Permit | None:
        """A permit for one call, or ``None``. A probe that is not heard of for ``patience``
        seconds is lost (its process was forked away), and another may go."""
        if self.refuses(now):
            return None
        if self.openings:
            self._number += 1
            self._probing_until = now + patience
        return Permit(self._number, bool(self.openings))

    def lets(self, permit: Permit, now: float) -> bool:
        """Whether this call, of several requests or repeated, may send another one."""
        return self._holds(permit) or not self.refuses(now)

    def _holds(self, permit: Permit) -> bool:
        """Whether the breaker is still where it was when this call took off."""
        return permit.number == self._number

    def land(self, permit: Permit) -> None:
        """The endpoint answered. While it is open that is not heard: the probe decides."""
        if self._holds(permit):
            self.failures = self.openings = 0
            self.failure = None
            self.open_until = self._probing_until = -math.inf

    def pass_over(self, permit: Permit) -> None:
        """It answered in a way that says nothing of it: a probe's place is free again."""
        if self._holds(permit):
            self._probing_until = -math.inf

    def fail(
        self,
        permit: Permit,
        failure: UpstreamFailure,
        now: float,
        failures_to_open: int,
        policy: UpstreamPolicy,
    ) -> float | None:
        """It did not. The seconds for which it opened, or ``None`` when it did not open.

        An endpoint that asks for time (``Retry-After``) is given it at once, within the bounds
        of the policy: neither a slip nor malice over there silences us for a day.
        """
        if not self._holds(permit):
            return None
        self.failures += 1
        # Without its traceback, which would keep a token alive.
        self.failure = UpstreamFailure(failure.reason, **failure.details)
        if self.failures < failures_to_open and failure.retry_after is None and not self.openings:
            return None
        self._number += 1
        self.openings += 1
        # The exponent has a bound too: an outage may last for days.
        wait: float = policy.back_off * 2 ** min(self.openings - 1, 30)
        wait = min(max(wait, failure.retry_after or 0), policy.back_off_at_most)
        self.open_until, self._probing_until = now + wait, -math.inf
        return wait

    def retry_after(self, now: float) -> int:
        """Whole seconds after which a client may find things better (RFC 9110 §10.2.3)."""
        return max(1, math.ceil(self.open_until - now)) if self.openings else 1
