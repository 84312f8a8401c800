"""What an OpenAPI document says of the guard: where a client gets its tokens, and for which scopes.

OpenAPI 3.1 section 4.8.27 (security scheme object).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bearer_guard._core import metadata
from bearer_guard.errors import SettingsError
from bearer_guard.settings import GuardSettings, checks
from bearer_guard.settings.issuer import part_names


def security_scheme(
    settings: GuardSettings,
    *,
    authorization_url: str | None,
    token_url: str | None,
    refresh_url: str | None,
    openid_connect_url: str | None,
    scopes: Mapping[str, str],
    description: str | None,
) -> dict[str, Any]:
    """The flows whose URLs are given; else the place where a client finds them by itself.

    The members are those of the document. Raises ``SettingsError``.
    """
    for option, address in (
        ("authorization_url", authorization_url),
        ("token_url", token_url),
        ("refresh_url", refresh_url),
        ("openid_connect_url", openid_connect_url),
    ):
        if address is not None:
            checks.url(option, address)
    told = {} if description is None else {"description": description}
    if token_url is not None:
        if openid_connect_url is not None:
            raise SettingsError("write either token_url or openid_connect_url: they do the same")
        offered = {**scopes, **{name: "" for name in _named(settings) if name not in scopes}}
        flows = _flows(authorization_url, token_url, refresh_url, offered)
        return {"type": "oauth2", "flows": flows, **told}
    if authorization_url is not None or refresh_url is not None or scopes:
        raise SettingsError("token_url is needed beside authorization_url, refresh_url and scopes")
    found = openid_connect_url or _discovery_url(settings)
    if found is not None:
        return {"type": "openIdConnect", "openIdConnectUrl": found, **told}
    return {"type": "http", "scheme": "bearer", **told}


def _flows(
    authorization_url: str | None, token_url: str, refresh_url: str | None, scopes: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """RFC 6749 section 4.1 where users log in, section 4.4 where clients speak for themselves."""
    flow: dict[str, Any] = {"tokenUrl": token_url, "scopes": scopes}
    if refresh_url is not None:
        flow["refreshUrl"] = refresh_url
    if authorization_url is None:
        return {"clientCredentials": flow}
    return {"authorizationCode": {"authorizationUrl": authorization_url, **flow}}


def _named(settings: GuardSettings) -> list[str]:
    ruled = [scope for rule in settings.rules for scope in (*rule.scopes, *rule.any_scope)]
    return [*settings.required_scopes, *ruled]


def _discovery_url(settings: GuardSettings) -> str | None:
    """OpenID Connect Discovery 1.0 section 4, at the first issuer that has a place for it."""
    for issuer in settings.issuers:
        if issuer.metadata_uri is not None and not part_names(issuer.metadata_uri):
            return issuer.metadata_uri
        if not part_names(issuer.issuer) and checks.split_url(issuer.issuer) is not None:
            return metadata.addresses(issuer.issuer)[0]
    return None
