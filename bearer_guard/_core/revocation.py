"""What was revoked before its time: tokens, and all that a subject was given before a moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bearer_guard.access_token import AccessToken


class Revocation(NamedTuple):
    """One of the two: a token by its digest, or a subject. Times are seconds since the epoch."""

    until: float
    """When it may be forgotten: what it speaks of has expired by then."""
    digest: bytes | None = None
    issuer: str = ""
    subject: str = ""
    before: float = 0
    """Of a subject: tokens issued up to this moment."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        digest = None if self.digest is None else self.digest.hex()
        return {**self._asdict(), "digest": digest}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Revocation:
        """From JSON that a worker sealed, of this version or of a newer one, which may say more.

        Raises ``ValueError`` where it says less.
        """
        try:
            known = {name: document[name] for name in cls._fields}
            digest = known["digest"]
            return cls(**{**known, "digest": digest and bytes.fromhex(digest)})
        except (KeyError, TypeError):
            raise ValueError("no revocation") from None

    def joined(self, other: Revocation) -> Revocation:
        """The stricter of two that speak of the same: later is longer, and covers more."""
        return self._replace(
            until=max(self.until, other.until), before=max(self.before, other.before)
        )


class Revoked:
    """What one worker knows to be revoked, at most ``size`` of it.

    Written by one thread at a time, under a lock of the caller's, read by all without: each look
    is one step of the interpreter.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tokens: dict[bytes, Revocation] = {}
        self._subjects: dict[tuple[str, str], Revocation] = {}
        self.any = False
        """Whether there is anything: what most requests look at, and no further."""

    def add(self, revocation: Revocation, now: float) -> bool:
        """Know of one more, and whether that is news. Those that are over go, and where there are
        too many, those that end first."""
        known: Revocation | None
        if revocation.digest is not None:
            known = self._tokens.get(revocation.digest)
            told = revocation if known is None else revocation.joined(known)
            self._tokens[revocation.digest] = told
        else:
            whose = (revocation.issuer, revocation.subject)
            known = self._subjects.get(whose)
            told = revocation if known is None else revocation.joined(known)
            self._subjects[whose] = told
        self.any = True
        if len(self) > self._size:
            self._tidy(now)
        return told != known

    def covers(self, digest: bytes, token: AccessToken) -> bool:
        """Whether a token that is good by itself was revoked."""
        if digest in self._tokens:
            return True
        by_subject = self._subjects.get((token.issuer, token.subject or ""))
        if by_subject is None:
            return False
        issued = token.claims.get("iat")
        # What does not say when it was issued may have been issued before.
        return not isinstance(issued, int | float) or issued <= by_subject.before

    def __len__(self) -> int:
        return len(self._tokens) + len(self._subjects)

    def _tidy(self, now: float) -> None:
        every = sorted(
            (*self._tokens.values(), *self._subjects.values()), key=lambda one: -one.until
        )
        kept = [one for one in every if one.until > now][: self._size]
        self._tokens = {one.digest: one for one in kept if one.digest is not None}
        self._subjects = {(one.issuer, one.subject): one for one in kept if one.digest is None}
