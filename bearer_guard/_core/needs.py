"""What the story of a request cannot know by itself. It ``yield``s one of these."""

from __future__ import annotations

from typing import NamedTuple

from bearer_guard._core.key_set import KeySet
from bearer_guard._core.trust import IssuerRules, TrustedIssuer


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
    """What a token's authorization server says of it. Answer: ``AccessToken``."""

    rules: IssuerRules
    token: bytes


Need = IssuerNeeded | KeysNeeded | MissingKeyNeeded | AnswerNeeded


def rules_of(need: Need) -> IssuerRules:
    """The rules of the issuer that is asked."""
    return need.rules if isinstance(need, AnswerNeeded | IssuerNeeded) else need.issuer.rules
