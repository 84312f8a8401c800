"""How each of the servers is trusted: the least that a user must write for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from integrations.authorization_servers.launch import AuthorizationServer

from .expectations import AUDIENCE

SECRETS = {"API_CLIENT_SECRET": "protected-resource-local-secret"}

# No server needs more than its issuer, and its introspection where it has any. In particular
# - none needs grant_claims: where typ does not say at+jwt, scope marks a grant, even with
#   oauth2_mock_server, which writes nothing else;
# - none needs clients_instead_of_audience: all name an audience when they are asked to.
_ENDPOINT_TO_BE_WRITTEN = {
    # Its OpenID discovery, the first of the two places, does not name the endpoint.
    "django_oauth_toolkit"
}

# oauth2_mock_server offers an endpoint that calls anything active, to anyone: not to be trusted,
# hence `server.introspection` is None and no opaque token opens anything there.


def settings_for(server: AuthorizationServer, **issuer_options: Any) -> dict[str, Any]:
    """The guard's settings, as they stand in a JSON file."""
    issuer: dict[str, Any] = {"issuer": server.issuer, "leeway": 0}
    door = server.introspection
    if door is not None:
        issuer["introspection"] = {
            "client_id": door.client_id,
            "client_secret": {"env": "API_CLIENT_SECRET"},
        }
        if server.name in _ENDPOINT_TO_BE_WRITTEN:
            issuer["introspection"]["endpoint"] = door.endpoint
    return {
        "audience": AUDIENCE,
        # Every refusal's own record is looked at, however many follow each other.
        "log_records": 1000,
        "public": ["/health"],
        "rules": [
            {"path": "/orders/**", "methods": ["GET"], "scopes": ["orders:read"]},
            {"path": "/orders/**", "scopes": ["orders:write"]},
        ],
        "issuers": [{**issuer, **issuer_options}],
    }


def discovers_introspection(server: AuthorizationServer) -> bool:
    """Whether a guard asks for the metadata to learn where introspection is."""
    return server.introspection is not None and server.name not in _ENDPOINT_TO_BE_WRITTEN


def metadata_path(server: AuthorizationServer) -> str:
    """Where a guard looks for metadata first (OpenID Connect Discovery section 4.1)."""
    return urlsplit(server.issuer).path + "/.well-known/openid-configuration"


def jwks_path(server: AuthorizationServer) -> str:
    """The key set's path."""
    return urlsplit(server.jwks_uri).path


def introspection_path(server: AuthorizationServer) -> str:
    """The introspection endpoint's path."""
    assert server.introspection is not None
    return urlsplit(server.introspection.endpoint).path
