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
        """From JSON that a worker of the same version sealed."""
        digest = document["digest"]
        return cls(**{**document, "digest": digest and bytes.fromhex(digest)})


class Revoked:
    """What one worker knows to be revoked, at most ``size`` of it.

    Written by one thread at a time, read by all: each look is one step of the interpreter.
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
        if revocation.digest is not None:
            is_news = self._tokens.get(revocation.digest) != revocation
            self._tokens[revocation.digest] = revocation
        else:
            known = self._subjects.get((revocation.issuer, revocation.subject))
            is_news = known is None or known.before < revocation.before
            if is_news:
                self._subjects[revocation.issuer, revocation.subject] = revocation
        self.any = True
        if len(self) > self._size:
            self._tidy(now)
        return is_news

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
