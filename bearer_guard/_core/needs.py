"""What the story of a request cannot know by itself: it ``yield``s one of these. And its end."""

from __future__ import annotations

from typing import NamedTuple

from bearer_guard._core.key_set import KeySet, VerificationKey
from bearer_guard._core.key_source import KeySource
from bearer_guard._core.trust import IssuerRules, TrustedIssuer
from bearer_guard.access_token import AccessToken


class Verified(NamedTuple):
    """How the story ends well; and, for a self-contained token, what is remembered of it."""

    access_token: AccessToken
    source: KeySource | None = None
    """Whose ``key`` verified the signature; both ``None`` where an answer was needed."""
    key: VerificationKey | None = None
    leeway: float = 0
    expires_at: float = 0
    """As in ``access_token``: of a verified JWT it is always known (RFC 9068 section 2.2)."""
    not_before: float | None = None


class IssuerNeeded(NamedTuple):
    """Who is behind an identifier that a template stands for. Answer: ``TrustedIssuer``."""

    identifier: str
    rules: IssuerRules


class KeysNeeded(NamedTuple):
    """An issuer's keys, fetched where those at hand do not serve. Answer: ``KeySet``."""

    issuer: TrustedIssuer


class MissingKeyNeeded(NamedTuple):
    """A key that the key set at hand has not. Answer: a newer ``KeySet``.

    ``asked`` is how many fetches had started when the request came: one that starts later
    and does not bring the key settles that the issuer does not publish it. ``tried`` is the
    set that has not the key: a newer one, which another request brought meanwhile, may.
    """

    issuer: TrustedIssuer
    kid: str | None
    asked: int
    tried: KeySet


class AnswerNeeded(NamedTuple):
    """What a token's authorization server says of it. Answer: ``AccessToken``.

    It may be ``at_most`` seconds old. ``verified`` is there for a self-contained token, which
    has passed here by itself: the answer is then the stricter of the two.
    """

    rules: IssuerRules
    token: bytes
    at_most: float
    verified: Verified | None = None


Need = IssuerNeeded | KeysNeeded | MissingKeyNeeded | AnswerNeeded


def rules_of(need: Need) -> IssuerRules:
    """The rules of the issuer that is asked."""
    return need.rules if isinstance(need, AnswerNeeded | IssuerNeeded) else need.issuer.rules
