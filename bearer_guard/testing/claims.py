"""What a token says: the claims that an authorization server puts into it by default."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from bearer_guard.testing.sentinels import ABSENT

DEFAULT_AUDIENCE: Final = "https://api.example.com"
DEFAULT_SCOPE: Final = "orders:read"
DEFAULT_SUBJECT: Final = "user-1"
DEFAULT_CLIENT_ID: Final = "client-1"
DEFAULT_LIFETIME: Final = 300


class Grant(TypedDict, total=False):
    """What a token grants, as keyword arguments; each has a default."""

    audience: str | Sequence[str]
    """``aud``: for whom the token is meant (RFC 7519 section 4.1.3)."""
    scope: str | Sequence[str]
    """``scope``: a space-delimited string, or the scopes one by one (RFC 8693 section 4.2)."""
    subject: str
    """``sub``: whom the token speaks for."""
    client_id: str
    """``client_id``: to which client the token was issued (RFC 8693 section 4.3)."""
    expires_in: float
    """Seconds from now to ``exp``; negative for a token that has expired."""
    claims: Mapping[str, object]
    """Claims over the defaults; ``ABSENT`` as a value removes a claim."""
    application: str | None
    """Which application's issuer issues it, where the issuer is a template."""


def access_token_claims(grant: Grant, *, issuer: str, audience: str, now: float) -> dict[str, Any]:
    """Return the full claims set of RFC 9068 section 2.2, with the grant's changes."""
    scope = grant.get("scope", DEFAULT_SCOPE)
    defaults = {
        "iss": issuer,
        "sub": grant.get("subject", DEFAULT_SUBJECT),
        "aud": _audience(grant.get("audience", audience)),
        **_times(grant, now),
        "jti": secrets.token_urlsafe(16),
        "client_id": grant.get("client_id", DEFAULT_CLIENT_ID),
        "scope": scope if isinstance(scope, str) else " ".join(scope),
    }
    return merged(defaults, grant.get("claims", {}))


def id_token_claims(
    grant: Grant, *, issuer: str, nonce: str, at_hash: str, now: float
) -> dict[str, Any]:
    """Return an id token's claims (OpenID Connect Core 1.0 sections 2 and 3.1.3.6).

    ``aud`` is the client; an audience in the grant comes after it. A scope has no place here.
    """
    client_id = grant.get("client_id", DEFAULT_CLIENT_ID)
    others = grant.get("audience", ())
    audience = [client_id, *([others] if isinstance(others, str) else others)]
    times = _times(grant, now)
    defaults = {
        "iss": issuer,
        "sub": grant.get("subject", DEFAULT_SUBJECT),
        "aud": audience if len(audience) > 1 else client_id,
        **times,
        "auth_time": times["iat"],
        "nonce": nonce,
        "at_hash": at_hash,
        "azp": client_id,
    }
    return merged(defaults, grant.get("claims", {}))


def merged(defaults: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, Any]:
    """Return *defaults* with *changes* over them, without the members that are ``ABSENT``."""
    return {name: value for name, value in {**defaults, **changes}.items() if value is not ABSENT}


def _audience(audience: str | Sequence[str]) -> str | list[str]:
    return audience if isinstance(audience, str) else list(audience)


def _times(grant: Grant, now: float) -> dict[str, float]:
    issued_at = int(now)
    return {"exp": issued_at + grant.get("expires_in", DEFAULT_LIFETIME), "iat": issued_at}
