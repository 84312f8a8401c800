"""Who asks: the client that calls introspection, revocation or the token endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_plus

from werkzeug.datastructures import Authorization, WWWAuthenticate
from werkzeug.wrappers import Request

from bearer_guard.testing.sentinels import ABSENT


def caller(
    request: Request, *, secrets: Mapping[str, str], bearers: Mapping[str, str]
) -> str | None:
    """Return the client that *request* proves to come from, ``None`` where it proves nothing.

    By ``client_secret_basic`` (both parts form-urlencoded before base64) or
    ``client_secret_post`` (RFC 6749 section 2.3.1), never both at once, or by a bearer token.
    *secrets* holds each client's secret, *bearers* each bearer token's client.
    """
    if "Authorization" not in request.headers:
        name, secret = request.form.get("client_id"), request.form.get("client_secret")
        return _proved(name, secret, secrets)
    credentials = request.authorization
    if credentials is None or "client_secret" in request.form:
        return None
    if credentials.type == "bearer":
        return bearers.get(credentials.token or "")
    return _proved(_part(credentials, "username"), _part(credentials, "password"), secrets)


def challenges() -> list[WWWAuthenticate]:
    """Return what a 401 answer asks for (RFC 9110 section 11.6.1)."""
    realm: dict[str, str | None] = {"realm": "authorization server"}
    return [WWWAuthenticate("basic", realm), WWWAuthenticate("bearer", realm)]


def _part(credentials: Authorization, name: str) -> str:
    return unquote_plus(credentials.parameters.get(name) or "")


def _proved(name: str | None, secret: str | None, secrets: Mapping[str, str]) -> str | None:
    return name if name is not None and secrets.get(name, ABSENT) == secret else None
