"""What an OpenAPI document says of the guard: where a client gets its tokens, and for which scopes.

OpenAPI 3.1 section 4.8.27 (security scheme object), as plain data for any framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bearer_guard._core import metadata
from bearer_guard.errors import SettingsError
from bearer_guard.settings import GuardSettings, checks
from bearer_guard.settings.issuer import part_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The issuer's endpoints, as far as a user names them. Raises ``SettingsError``."""

    authorization_url: str | None = None
    token_url: str | None = None
    refresh_url: str | None = None
    openid_connect_url: str | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)
    """What clients may ask for, by name, with a description each."""
    description: str | None = None

    def __post_init__(self) -> None:
        for option in ("authorization_url", "token_url", "refresh_url", "openid_connect_url"):
            if getattr(self, option) is not None:
                checks.url(option, getattr(self, option))
        if self.token_url is None:
            if self.authorization_url is not None or self.refresh_url is not None or self.scopes:
                raise SettingsError(
                    "token_url is needed beside authorization_url, refresh_url and scopes"
                )
        elif self.openid_connect_url is not None:
            raise SettingsError("write either token_url or openid_connect_url: they do the same")

    def scheme(self, settings: GuardSettings) -> dict[str, Any]:
        """The flows whose URLs are given; else the place where a client finds them by itself."""
        place = self.openid_connect_url or _discovery_url(settings)
        found: dict[str, Any]
        if self.token_url is not None:
            found = {"type": "oauth2", "flows": self._flows(self.token_url, settings)}
        elif place is not None:
            found = {"type": "openIdConnect", "openIdConnectUrl": place}
        else:
            found = {"type": "http", "scheme": "bearer"}
        return found if self.description is None else {**found, "description": self.description}

    def _flows(self, token_url: str, settings: GuardSettings) -> dict[str, Any]:
        """RFC 6749 section 4.1 where users log in, 4.4 where clients speak for themselves."""
        named = {name: "" for name in _named(settings) if name not in self.scopes}
        flow: dict[str, Any] = {"tokenUrl": token_url, "scopes": {**self.scopes, **named}}
        if self.refresh_url is not None:
            flow["refreshUrl"] = self.refresh_url
        if self.authorization_url is None:
            return {"clientCredentials": flow}
        return {"authorizationCode": {"authorizationUrl": self.authorization_url, **flow}}


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
