"""What every application tells its caller: who it takes them to be."""

from __future__ import annotations

from bearer_guard import AccessToken


def caller(token: AccessToken) -> dict[str, object]:
    """Whom a token speaks for, as JSON."""
    return {
        "issuer": token.issuer,
        "subject": token.subject,
        "client": token.client_id,
        "audience": list(token.audience),
        "scopes": sorted(token.scopes),
    }
