"""The self-contained tokens that were verified: remembered, and forgotten."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress

from bearer_guard._core.needs import Verified
from bearer_guard._running.forgetting import Epoch, is_of
from bearer_guard._upstream.stores import RecentlyUsed
from bearer_guard.clock import Clock

Digests = tuple[bytes, bytes]
"""A token's, keyed: of the whole, and of what ``signed_part`` leaves of it. That is its name: the
same however the signature is spelled, so what is to be forgotten or revoked goes by it."""


class VerifiedTokens:
    """At most ``size`` tokens, by the digest of the whole: nothing else is at hand on the path of
    each request. A signature that is good stays good; whose key made it, and the time, are looked
    at whenever it counts.

    What is to be forgotten goes by its name. So that nobody has to look through ten thousand for
    each token that is revoked, nor verify all of them anew, it is written down which one has it,
    where that is not its own: one spelling of each is remembered. Nothing is remembered whose name
    is not written down.
    """

    def __init__(self, size: int, clock: Clock, epoch: Epoch) -> None:
        self.recent: RecentlyUsed[Verified] = RecentlyUsed(size, size // 2)
        """Where they are, for the one who looks at key and time by itself."""
        self._by_name: OrderedDict[bytes, bytes] = OrderedDict()
        # Names stay behind those that were used least and went; twice as many is a bound that
        # tokens in use hardly reach.
        self._names = 2 * size
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

    def remember(self, digests: Digests, verified: Verified, begun_in: int) -> None:
        """Keep it, unless something was forgotten since its request began."""
        if verified.key is not None:
            self._epoch.act(begun_in, self._keep, digests, verified)

    def _keep(self, digests: Digests, verified: Verified) -> None:
        """One at a time, under the epoch's lock; others may forget meanwhile, and each line is one
        step of the interpreter. Hence the order: remembered first, then written down."""
        whole, name = digests
        self.recent.put(whole, verified)
        if name == whole:
            return
        other = self._by_name.pop(name, whole)
        self._by_name[name] = whole
        if other != whole:
            self.recent.discard(other)
        if len(self._by_name) > self._names:
            with suppress(KeyError):  # emptied by another thread between the two lines
                self.recent.discard(self._by_name.popitem(last=False)[1])

    def forget(self, name: bytes) -> None:
        """One token, by its name."""
        self.recent.discard(self._by_name.pop(name, name))

    def forget_subject(self, issuer: str, subject: str) -> None:
        """All tokens of a subject."""
        self.recent.discard_where(lambda known: is_of(known.access_token, issuer, subject))

    def forget_all(self) -> None:
        """All tokens."""
        self._by_name.clear()
        self.recent.discard_where(lambda _: True)
