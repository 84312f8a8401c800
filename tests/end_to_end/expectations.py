"""What each kind of token must come to. Written out: nothing here is asked of the library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

AUDIENCE = "https://api.example.com"
GRANTED = ["orders:read", "orders:write"]

GOOD_JWTS = ("jwt", "jwt_rs256", "jwt_ps256", "jwt_es256", "jwt_eddsa")
GOOD_OPAQUES = ("opaque",)
GOOD = (*GOOD_JWTS, *GOOD_OPAQUES)
OTHER_SCOPE = ("other_scope_jwt", "other_scope_opaque")
REVOKED_BUT_SELF_CONTAINED = ("revoked_jwt",)
REFUSED = (
    *("other_audience_jwt", "other_audience_opaque", "expired_jwt", "expired_opaque"),
    *("revoked_opaque", "id_token", "refresh_token"),
)

# The clients that integrations/authorization_servers asks as.
_CLIENTS = {
    "jwt": "rs256-client",
    "jwt_rs256": "rs256-client",
    "jwt_ps256": "ps256-client",
    "jwt_es256": "es256-client",
    "jwt_eddsa": "eddsa-client",
    "revoked_jwt": "rs256-client",
    "opaque": "opaque-client",
}

# The operator's reason: a 401 for another reason than the token's own would prove nothing.
_REASONS = {
    "other_audience_jwt": "audience_mismatch",
    "other_audience_opaque": "audience_mismatch",
    "expired_jwt": "expired",
    "expired_opaque": "token_inactive",
    "revoked_opaque": "token_inactive",
    "id_token": "id_token",
    "refresh_token": "token_inactive",
}
_REASONS_AT = {
    # It calls a refresh token active, whatever the hint; the answer names no audience.
    ("oidc_provider", "refresh_token"): "audience_missing",
    # No introspection is set up with it, so what is no JWT is nothing.
    ("oauth2_mock_server", "refresh_token"): "token_not_self_contained",
}


@dataclass(frozen=True)
class Verdict:
    """What a client hears."""

    status: int
    document: dict[str, Any]
    challenge: str | None = None


NO_TOKEN = Verdict(
    401,
    {"title": "Unauthorized", "status": 401, "detail": "An access token is needed."},
    'Bearer realm="api", scope="orders:read"',
)
INVALID = Verdict(
    401,
    {
        "title": "Unauthorized",
        "status": 401,
        "detail": "The access token is not valid.",
        "error": "invalid_token",
    },
    'Bearer realm="api", error="invalid_token", error_description="The access token is not valid."',
)
EXPIRED = Verdict(
    401,
    {**INVALID.document, "detail": "The access token expired."},
    'Bearer realm="api", error="invalid_token", error_description="The access token expired."',
)
UNAVAILABLE = Verdict(
    503,
    {
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The access token cannot be checked now. Try again.",
    },
)


def too_little(needed: str) -> Verdict:
    """A good token without the scope that the route needs."""
    document = {
        "title": "Forbidden",
        "status": 403,
        "detail": "The access token grants too little.",
        "error": "insufficient_scope",
    }
    challenge = (
        'Bearer realm="api", error="insufficient_scope", '
        f'error_description="The access token grants too little.", scope="{needed}"'
    )
    return Verdict(403, document, challenge)


def refusal(kind: str) -> Verdict:
    """Of a kind that opens nothing. That a JWT expired is known; of an opaque one only the
    authorization server knows why it is inactive."""
    return EXPIRED if kind == "expired_jwt" else INVALID


def reason(server_name: str, kind: str) -> str:
    """What the operator reads of such a refusal."""
    return _REASONS_AT.get((server_name, kind), _REASONS[kind])


def caller(server_name: str, issuer: str, kind: str) -> dict[str, Any]:
    """Whom the handler sees behind a good token."""
    client: str | None = _CLIENTS[kind]
    subject = client
    if server_name == "oauth2_mock_server":
        # Its access tokens name neither: scope is all that marks them as a grant.
        client = subject = None
    elif kind in GOOD_OPAQUES and server_name != "authlib_server":
        # Of a machine's opaque token the others' introspection names no subject.
        subject = None
    return {
        "issuer": issuer,
        "subject": subject,
        "client": client,
        "audience": [AUDIENCE],
        "scopes": GRANTED,
    }


def orders_read(server_name: str, issuer: str, kind: str) -> Verdict:
    """``GET /orders``, let in."""
    return Verdict(200, {"orders": ["tea"], "caller": caller(server_name, issuer, kind)})


def order_written(server_name: str, issuer: str, kind: str, ordered: str) -> Verdict:
    """``POST /orders``, let in."""
    return Verdict(201, {"ordered": ordered, "caller": caller(server_name, issuer, kind)})


def body_of(verdict: Verdict) -> bytes:
    """The body, octet for octet."""
    return json.dumps(verdict.document).encode()
