"""What may be answered to a token, sent and answered at known moments. Everything else is wrong.

A change takes effect at a moment between the one at which it was made and the one at which every
worker must have seen it (``numbers.SETTLED``): in between, both answers are right. 503 is right
only where nobody can tell: while an authorization server is away, or was just now, and the worker
that says so never let in a token of that key before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from soak import numbers
from soak.authorities import Authority, Key, Outage, Token

# Bad by themselves: nobody needs to be asked.
BAD = {
    "no token": 401,
    "two tokens": 400,
    "octets": 400,
    "junk": 401,
    "expired": 401,
    "another audience": 401,
    "unknown issuer": 401,
}
FORGED = frozenset({"forged", "made-up key", "opaque junk"})
"""Bad, but only the authorization server's keys or answers tell so."""


@dataclass(frozen=True)
class Answered:
    """One request: what was sent, and what came back."""

    server: str
    token: Token
    began: float
    ended: float
    status: int | None
    """``None``: no answer."""
    worker: int = 0
    says: tuple[str, str] | None = None
    """Subject and issuer, as the application was told."""


class Judge:
    """Knows of all requests, since what one worker once did says what it can do."""

    def __init__(self, answered: Iterable[Answered], killed: Mapping[str, Sequence[float]]) -> None:
        """``killed`` are the moments at which workers of each server were."""
        self._killed = killed
        self._has: dict[tuple[int, str], float] = {}
        """Since when a worker surely has a key: it has let in a token of it."""
        for each in answered:
            if each.status == 200 and each.token.key is not None:
                which = each.worker, each.token.key.kid
                self._has[which] = min(each.ended, self._has.get(which, each.ended))

    def is_right(self, answered: Answered) -> bool:
        """Whether this may be answered."""
        token = answered.token
        if answered.status is None:
            moments = self._killed[answered.server]
            return any(answered.began - 1 <= moment <= answered.ended for moment in moments)
        if answered.status not in self.allowed(answered):
            return False
        if answered.status != 200:
            return True
        # Nobody may be taken for somebody else.
        return token.authority is not None and answered.says == (
            token.subject,
            token.authority.issuer,
        )

    def allowed(self, answered: Answered) -> set[int]:
        """The statuses that are right for a request at that time."""
        token, began, ended = answered.token, answered.began, answered.ended
        if token.kind in BAD:
            return {BAD[token.kind]}
        assert token.authority is not None, "all others name one"
        unsure = {503} if _is_felt(token.authority, began, ended) else set()
        if token.kind in FORGED:
            return {401} | unsure
        if token.key is None:
            return _of_opaque(token, began, ended) | unsure
        right = _of_key(token.key, token.authority, began, ended)
        return right if self._has_key(answered, token.key) else right | unsure

    def _has_key(self, answered: Answered, key: Key) -> bool:
        """Whether the worker had the key before, and has it still."""
        since = self._has.get((answered.worker, key.kid), float("inf"))
        return since < answered.began and (key.withdrawn_at or answered.ended) >= answered.ended


def _of_key(key: Key, authority: Authority, began: float, ended: float) -> set[int]:
    right = set()
    if key.published_at <= ended and began < _dead_everywhere(key, authority.outages):
        right.add(200)
    if key.withdrawn_at is not None and key.withdrawn_at <= ended:
        right.add(401)
    return right


def _dead_everywhere(key: Key, outages: Iterable[Outage]) -> float:
    """When no worker takes it any more. While its issuer is away, nobody can learn of it."""
    if key.withdrawn_at is None:
        return float("inf")
    moment = key.withdrawn_at + numbers.SETTLED
    for outage in outages:
        ended = float("inf") if outage.ended is None else outage.ended
        if outage.began <= moment and key.withdrawn_at < ended:
            moment = ended + numbers.SETTLED
    return moment


def _of_opaque(token: Token, began: float, ended: float) -> set[int]:
    if token.revoked_at is None:
        return {200}
    right = set()
    # An answer is kept for so long; what was asked just before may be on its way.
    if began < token.revoked_at + numbers.ANSWERS_KEPT + numbers.SETTLED:
        right.add(200)
    if token.revoked_at <= ended:
        right.add(401)
    return right


def _is_felt(authority: Authority, began: float, ended: float) -> bool:
    """Whether a request may feel that its issuer is away, or was just now."""
    return any(
        outage.began <= ended and (outage.ended is None or began < outage.ended + numbers.RECOVERED)
        for outage in authority.outages
    )
