"""One issuer's metadata over time: it has the same life as the keys that it leads to.

Fresh, it is taken as it is. Past its time it is asked for again, and still leads to the keys while
none can be had. Past the hard limit it is gone: or else whoever breaks the one document would keep
an address alive that the issuer has withdrawn.
"""

from __future__ import annotations

import math

from bearer_guard._core.metadata import Metadata
from bearer_guard.exchange import UpstreamFailure
from bearer_guard.settings.policies import KeySetPolicy, UpstreamPolicy


class MetadataSource:
    """What is known of one issuer's metadata. No lock and no clock of its own."""

    __slots__ = ("_doubted", "_failures", "_next_try", "fresh_until", "metadata")

    def __init__(self) -> None:
        self.metadata: Metadata | None = None
        self.fresh_until = self._next_try = -math.inf
        self._failures = 0
        self._doubted = False

    def known(self, now: float, policy: KeySetPolicy) -> Metadata | None:
        """The metadata, unless there is none or it is past the hard limit."""
        return self.metadata if now < self.fresh_until + policy.usable_stale_for else None

    def is_to_be_read(self, now: float) -> bool:
        """Whether to ask for it (again) before it is used."""
        return (self._doubted or now >= self.fresh_until) and now >= self._next_try

    def doubt(self) -> None:
        """The keys may have moved, long before its time is over: it is to be read anew."""
        self._doubted = True

    def doubt_unless_new(self, now: float, policy: KeySetPolicy) -> None:
        """The same, where strangers can bring it about: not more often than they would at the
        shortest time for which metadata can be fresh."""
        if self.metadata is not None:
            read_at = self.fresh_until - self.metadata.fresh_for
            self._doubted |= now - read_at >= policy.fresh_at_least

    def land(self, found: Metadata, now: float) -> bool:
        """It was read. Returns whether it names another place for the keys than before."""
        moved = self.metadata is not None and self.metadata.jwks_uri != found.jwks_uri
        self.metadata = found
        self.fresh_until = now + found.fresh_for
        self._failures, self._next_try, self._doubted = 0, -math.inf, False
        return moved

    def fail(self, failure: UpstreamFailure, now: float, policy: UpstreamPolicy) -> None:
        """It could not be read. It is left alone for twice as long as the keys are, so that every
        other fetch of keys has all the time to itself, where its server is slow."""
        self._failures += 1
        self._next_try = now + 2 * policy.wait_after(self._failures, failure.retry_after)
