"""Whether a claims set is an access token's (RFC 8725 sections 3.11 and 3.12).

Where ``typ`` does not say ``at+jwt``, the claims must: an id token carries marks of its own,
an access token carries marks of a grant. Real issuers sign both with one key, for one client.
"""

from __future__ import annotations

from typing import Any, Final

from bearer_guard.errors import InvalidToken

_ID_TOKEN_MARKS: Final = ("nonce", "at_hash", "c_hash", "s_hash")
"""OpenID Connect Core sections 2, 3.3.2.11; FAPI 1.0 for ``s_hash``."""
_OTHER_MARKS: Final = ("events", "token_introspection")
"""Security event and logout tokens (RFC 8417 section 2), introspection answers (RFC 9701 §5)."""
GRANT_MARKS: Final = frozenset(
    {
        *("scope", "scp", "client_id", "cid", "appid", "roles", "permissions", "entitlements"),
        *("authorization_details", "realm_access", "resource_access"),
    }
)
"""Claims of RFC 9068 section 2.2, RFC 9396 section 9.1 and their widespread forerunners."""

KIND_CLAIMS: Final = ("token_use", "typ", "token_type", "tokenName")
"""Claims by which issuers name a token's kind in its body."""
_ACCESS_TOKEN_NAMES: Final = frozenset(
    {
        *("bearer", "access", "access_token", "accesstoken", "at+jwt", "jwt"),
        "urn:ietf:params:oauth:token-type:access_token",
        "urn:ietf:params:oauth:token-type:jwt",
    }
)
_BOUND_NAMES: Final = frozenset({"dpop", "pop", "mac"})


def check_named_kind(claims: dict[str, Any]) -> None:
    """Raises ``InvalidToken`` when a claim names a kind that is not an access token."""
    for claim in KIND_CLAIMS:
        name = claims.get(claim)
        if name is None:
            continue
        kind = name.lower() if isinstance(name, str) else None
        if kind in _BOUND_NAMES:
            raise InvalidToken("token_bound", claim=claim)
        if kind not in _ACCESS_TOKEN_NAMES:
            raise InvalidToken("other_token_kind", mark=claim)


def check_no_other_marks(claims: dict[str, Any]) -> None:
    """Raises ``InvalidToken`` when a claim stands only in other kinds of token."""
    for mark in _ID_TOKEN_MARKS:
        if mark in claims:
            raise InvalidToken("id_token", mark=mark)
    for mark in _OTHER_MARKS:
        if mark in claims:
            raise InvalidToken("other_token_kind", mark=mark)


def check_marks(claims: dict[str, Any], grant_marks: frozenset[str]) -> None:
    """Raises ``InvalidToken`` unless the claims are marked as an access token's alone."""
    check_no_other_marks(claims)
    if grant_marks.isdisjoint(claims):
        raise InvalidToken(
            "grant_unmarked",
            advice="no claim tells this from an id token: have the issuer set typ at+jwt, or "
            "name a claim of its access tokens in Issuer(grant_claims=[...])",
        )
