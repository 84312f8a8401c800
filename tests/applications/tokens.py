"""The tokens that the table names."""

from __future__ import annotations

import base64
import json

from bearer_guard.testing import AuthorizationServer

AWAY = "http://127.0.0.1:1/away"
"""An issuer at a port where nobody listens."""


def made_by(server: AuthorizationServer) -> dict[str, str]:
    """Each by its name."""
    reader = server.jwt(scope="orders:read", subject="alice")
    revoked = server.opaque(scope="orders:read")
    server.revoke(revoked)
    return {
        "reader": reader,
        "writer": server.jwt(scope="orders:write"),
        "admin": server.jwt(scope="admin:all"),
        "ps256": server.jwt(scope="orders:read", algorithm="PS256"),
        "es256": server.jwt(scope="orders:read", algorithm="ES256"),
        "eddsa": server.jwt(scope="orders:read", algorithm="EdDSA"),
        "expired": server.jwt(expires_in=-1000),
        "early": server.jwt(claims={"nbf": 4_000_000_000}),
        "other_audience": server.jwt(audience="https://other.example.com"),
        "stranger": server.jwt(claims={"iss": "https://evil.example.com/"}),
        "forged": server.jwt(key=server.foreign_key()),
        "tampered": server.tampered(reader),
        "unsigned": _unsigned(reader),
        "id_token": server.id_token(audience=server.audience),
        "logout_token": server.jwt(typ="logout+jwt"),
        "bound": server.jwt(claims={"cnf": {"jkt": "x"}}),
        "unknown_kid": server.jwt(kid="made-up"),
        "large": server.jwt(claims={"filler": "x" * 20_000}),
        "away": server.jwt(claims={"iss": AWAY}),
        "opaque": server.opaque(scope="orders:read"),
        "opaque_stranger": server.opaque(scope="profile"),
        "opaque_elsewhere": server.opaque(audience="https://other.example.com"),
        "opaque_of_nobody": "opaque-of-nobody-0123456789",
        "revoked": revoked,
        "refresh_token": server.refresh_token(),
    }


def _unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    return f"{header.decode().rstrip('=')}.{token.split('.')[1]}."
