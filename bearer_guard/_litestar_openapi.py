"""What Litestar's OpenAPI document says of the guard, and of the scopes that a route needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, OAuthFlow, OAuthFlows, SecurityScheme


def security_scheme(members: Mapping[str, Any]) -> SecurityScheme:
    """Litestar's object for a scheme of ``bearer_guard._openapi_scheme``."""
    flows = {kind: _flow(flow) for kind, flow in members.get("flows", {}).items()}
    return SecurityScheme(
        type=members["type"],
        description=members.get("description"),
        scheme=members.get("scheme"),
        open_id_connect_url=members.get("openIdConnectUrl"),
        flows=OAuthFlows(
            client_credentials=flows.get("clientCredentials"),
            authorization_code=flows.get("authorizationCode"),
        )
        if flows
        else None,
    )


def _flow(members: Mapping[str, Any]) -> OAuthFlow:
    return OAuthFlow(
        authorization_url=members.get("authorizationUrl"),
        token_url=members["tokenUrl"],
        refresh_url=members.get("refreshUrl"),
        scopes=members["scopes"],
    )


def with_scheme(config: OpenAPIConfig, name: str, scheme: SecurityScheme) -> OpenAPIConfig:
    """A copy of the settings with the scheme, which every route needs unless the settings say
    otherwise of all or a route says so of itself."""
    ours = Components(security_schemes={name: scheme})
    others = config.components if isinstance(config.components, list) else [config.components]
    changed = copy(config)
    changed.components = [ours, *others]
    if changed.security is None:
        changed.security = [{name: []}]
    return changed


def name_scopes(handler: Any, name: str, scopes: Iterable[str]) -> None:
    """Say in the document which scopes a route needs, unless it says itself what it needs."""
    if not any(layer.security for layer in handler.ownership_layers):
        handler.security = [{name: list(dict.fromkeys(scopes))}]
