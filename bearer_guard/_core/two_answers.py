"""A self-contained token of which its server was asked as well: the stricter of the two wins.

The token passed here already, by its signature and its claims. What the server says may take
from it, and never adds to it.
"""

from __future__ import annotations

import json
from typing import Any

from bearer_guard._core.claims_rules import ClaimsRules
from bearer_guard._core.introspection import Answer
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import InvalidToken

_ABSENT = object()


def stricter(verified: AccessToken, answer: Answer, rules: ClaimsRules, now: float) -> AccessToken:
    """What both say. Raises ``InvalidToken`` where the answer refuses the token, or contradicts
    it: then one of the two is not about this token."""
    claims = answer.claims
    own = verified.claims
    # Servers repeat the token's claims in their answer: those were judged where they are signed.
    rules.check_addition(
        {name: value for name, value in claims.items() if own.get(name, _ABSENT) != value}, now
    )
    for claim, name in (("iss", verified.issuer), ("sub", verified.subject)):
        if claim in claims and claims[claim] != name:
            raise InvalidToken("introspection_disagrees", claim=claim)
    return AccessToken(
        verified.issuer,
        verified.subject,
        verified.client_id,
        _audience(verified, claims, rules),
        _scopes(verified, claims, rules),
        _stricter(min, verified.expires_at, claims.get("exp")),
        _stricter(max, verified.not_before, claims.get("nbf")),
        # The signed claims: what the answer adds to them is nobody's proof.
        json.dumps(own),
    )


def _audience(verified: AccessToken, claims: dict[str, Any], rules: ClaimsRules) -> tuple[str, ...]:
    """RFC 7519 section 4.1.3: the names that both give, and we are among them."""
    if "aud" not in claims:
        return verified.audience
    named = claims["aud"]
    names = [named] if type(named) is str else named
    common = tuple(name for name in verified.audience if name in names)
    # A token without audience passed by its client: then the answer alone has to name us.
    if not rules.names_us(common if verified.audience else names):
        raise InvalidToken("introspection_disagrees", claim="aud")
    return common


def _scopes(verified: AccessToken, claims: dict[str, Any], rules: ClaimsRules) -> frozenset[str]:
    """``scope`` is optional in an answer (RFC 7662 section 2.2): left out, it takes nothing."""
    if not rules.tells_scopes(claims):
        return verified.scopes
    return verified.scopes & rules.scopes(claims)


def _stricter(choose: Any, ours: float | None, theirs: float | None) -> float | None:
    """The one that is there, or the one of both that ``choose`` takes."""
    found = [moment for moment in (ours, theirs) if moment is not None]
    return choose(found) if found else None
