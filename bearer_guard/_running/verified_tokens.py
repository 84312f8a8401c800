"""The self-contained tokens that were verified: remembered, and forgotten."""

from __future__ import annotations

from bearer_guard._core.needs import Verified
from bearer_guard._running.forgetting import Epoch, is_of
from bearer_guard._upstream.stores import RecentlyUsed
from bearer_guard.clock import Clock


class VerifiedTokens:
    """At most ``size`` tokens, by their digest. A signature that is good stays good; whose key
    made it, and the time, are looked at whenever it counts."""

    def __init__(self, size: int, clock: Clock, epoch: Epoch) -> None:
        self.recent: RecentlyUsed[Verified] = RecentlyUsed(size, size // 2)
        """Where they are, for the one who looks at key and time by itself."""
        self._clock = clock
        self._epoch = epoch

    def still_good(self, digest: bytes) -> Verified | None:
        """One whose key is still its issuer's and needs no look, and whose time is now."""
        known = self.recent.get(digest)
        if known is None or known.source is None or known.key not in known.source.keys:
            return None
        if self._clock.monotonic() >= known.source.attend_at:
            return None
        now = self._clock.time()
        begun = known.not_before is None or now + known.leeway >= known.not_before
        return known if begun and now - known.leeway < known.expires_at else None

    def remember(self, digest: bytes, verified: Verified, begun_in: int) -> None:
        """Keep it, unless something was forgotten since its request began."""
        if verified.key is not None:
            self._epoch.act(begun_in, self.recent.put, digest, verified)

    def forget(self, digest: bytes) -> None:
        """One token."""
        self.recent.discard(digest)

    def forget_subject(self, issuer: str, subject: str) -> None:
        """All tokens of a subject."""
        self.recent.discard_where(lambda known: is_of(known.access_token, issuer, subject))

    def forget_all(self) -> None:
        """All tokens."""
        self.recent.discard_where(lambda _: True)
