"""Where it is kept what was heard of tokens.

The store is behind a small interface, so that another one can stand in its place. The key is a
keyed digest of the token; the token itself is kept nowhere (RFC 9700 section 4.9.3).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from bearer_guard._core.answers import AnswerLife, Kept, Outcome, Refused
from bearer_guard._running.forgetting import Epoch, is_of
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock


class AnswerStore(Protocol):
    """Keeps answers for a bounded time, and no more of them than it has room for.

    Called on the path of each request, by threads and event loops, and under a lock: it never
    waits for anybody.
    """

    def get(self, key: bytes) -> Kept | None:
        """What is kept, while its time lasts."""
        ...

    def put(self, key: bytes, value: Kept, seconds: float) -> None:
        """Keep it for ``seconds``, in place of what was kept before."""
        ...

    def discard(self, key: bytes) -> None:
        """Keep it no longer; what is not there is no error."""
        ...

    def discard_where(self, unwanted: Callable[[Kept], bool]) -> None:
        """Keep none of those any longer of which ``unwanted`` says so. Looks at each."""
        ...

    def __len__(self) -> int:
        """How many are kept."""
        ...


class Answers:
    """One issuer's answers: kept, found while they serve, and forgotten."""

    def __init__(self, store: AnswerStore, life: AnswerLife, clock: Clock, epoch: Epoch) -> None:
        self._store = store
        self._life = life
        self._time, self._monotonic = clock.time, clock.monotonic
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._store)

    def fresh(self, digest: bytes, at_most: float) -> Outcome | None:
        """What was heard of a token ``at_most`` seconds ago; of a refusal, its own time ago."""
        kept = self._store.get(digest)
        if kept and self._life.is_fresh(kept, at_most, self._monotonic(), self._time()):
            return kept.outcome
        return None

    def in_grace(self, digest: bytes, at_most: float) -> tuple[AccessToken, float] | None:
        """What may serve while nobody can be asked, and its age in seconds."""
        kept = self._store.get(digest)
        if kept is None or not isinstance(kept.outcome, AccessToken):
            return None
        monotonic = self._monotonic()
        if not self._life.is_in_grace(kept, at_most, monotonic, self._time()):
            return None
        return kept.outcome, monotonic - kept.asked_at

    def keep(self, digest: bytes, kept: Kept, asked_in: int) -> None:
        """Keep it, unless something was forgotten since it was asked for, in epoch ``asked_in``."""
        seconds = self._life.seconds(kept, self._monotonic(), self._time())
        if seconds > 0:
            self._epoch.act(asked_in, partial(self._store.put, digest, kept, seconds))
        else:
            # What was heard before it is not true any more, and must not serve in grace.
            self._store.discard(digest)

    def forget(self, digest: bytes) -> None:
        """All that was heard of one token."""
        self._store.discard(digest)

    def forget_subject(self, issuer: str, subject: str) -> None:
        """All that was heard of a subject's tokens. A refusal does not say whose token it was,
        so every refusal goes."""

        def may_be_theirs(kept: Kept) -> bool:
            outcome = kept.outcome
            return isinstance(outcome, Refused) or is_of(outcome, issuer, subject)

        self._store.discard_where(may_be_theirs)

    def forget_all(self) -> None:
        """All that was heard."""
        self._store.discard_where(lambda _: True)
