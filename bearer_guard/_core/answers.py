"""What was heard of a token at introspection, and for how long it may be used (RFC 7662 §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bearer_guard.access_token import AccessToken
from bearer_guard.settings import Introspection


class Refused(NamedTuple):
    """What an ``InvalidToken`` said, to be said again by a new one."""

    reason: str
    details: Mapping[str, object]


Outcome = AccessToken | Refused


class Kept(NamedTuple):
    """What was heard of a token, and when its server was asked for it (monotonic seconds).

    Its age counts from the question: the server looked after it was asked, so what it revoked
    is never seen later than the age says.
    """

    outcome: Outcome
    asked_at: float


class AnswerLife:
    """How old an issuer's answers may be. Each method is told the time by both clocks."""

    __slots__ = ("_grace", "_longest", "_refusals")

    def __init__(self, settings: Introspection, longest: float) -> None:
        """``longest`` is the greatest age at which any request takes an answer."""
        self._refusals = settings.cache_inactive_for
        self._grace = settings.grace_for
        self._longest = longest

    def is_fresh(self, kept: Kept, at_most: float, monotonic: float, now: float) -> bool:
        """Whether it serves a request that takes an answer ``at_most`` seconds old."""
        outcome, asked_at = kept
        if isinstance(outcome, Refused):
            return monotonic - asked_at < self._refusals
        return monotonic - asked_at < at_most and _is_before_end(outcome, now)

    def is_in_grace(self, kept: Kept, at_most: float, monotonic: float, now: float) -> bool:
        """Whether it may serve that request while nobody can be asked. Never a refusal."""
        age = monotonic - kept.asked_at
        return (
            isinstance(kept.outcome, AccessToken)
            and age < at_most + self._grace
            and _is_before_end(kept.outcome, now)
        )

    def seconds(self, kept: Kept, monotonic: float, now: float) -> float:
        """For how long it is worth keeping; 0 or less is not at all."""
        age = monotonic - kept.asked_at
        if isinstance(kept.outcome, Refused):
            # What is not valid yet may be so in a moment.
            return 0 if kept.outcome.reason == "not_yet_valid" else self._refusals - age
        left = self._longest + self._grace - age
        expires_at = kept.outcome.expires_at
        # Compared before it is computed with: an expiry may be any number, of any size.
        return left if expires_at is None else min(expires_at, now + left) - now


def _is_before_end(token: AccessToken, now: float) -> bool:
    """RFC 7662 section 4: no answer is kept past ``exp``. The leeway does not stretch that."""
    return token.expires_at is None or now < token.expires_at
