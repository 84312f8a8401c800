"""What each server can make, where its endpoints are, and how each kind of token is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

AUDIENCE = "https://api.example.com"
OTHER_AUDIENCE = "https://other.example.com"
SCOPE = "orders:read orders:write"
OTHER_SCOPE = "profile:read"
CLIENT_SECRET_SUFFIX = "-local-secret"
PROTECTED_RESOURCE = "protected-resource"
REDIRECT_URI = "https://client.example.com/callback"


class Ending(Enum):
    """What happens to a token after it was issued and before it is handed out."""

    NONE = "none"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Field(Enum):
    """The member of the token response that is handed out."""

    ACCESS = "access_token"
    ID = "id_token"
    REFRESH = "refresh_token"


class Runtime(Enum):
    """What a server is written for."""

    NODE = "node"
    PYTHON = "python"


class Login(Enum):
    """What the person meets between the authorization request and the code."""

    NOTHING = "nothing"
    FORMS = "forms"


@dataclass(frozen=True)
class Recipe:
    """How one kind of token is asked for."""

    client_id: str
    audience: str = AUDIENCE
    scope: str = SCOPE
    ending: Ending = Ending.NONE
    field: Field = Field.ACCESS


_JWT = "rs256-client"
_OPAQUE = "opaque-client"
_WEB = "web-client"

RECIPES = {
    "jwt": Recipe(_JWT),
    "jwt_rs256": Recipe(_JWT),
    "jwt_ps256": Recipe("ps256-client"),
    "jwt_es256": Recipe("es256-client"),
    "jwt_eddsa": Recipe("eddsa-client"),
    "opaque": Recipe(_OPAQUE),
    "other_audience_jwt": Recipe(_JWT, audience=OTHER_AUDIENCE),
    "other_audience_opaque": Recipe(_OPAQUE, audience=OTHER_AUDIENCE),
    "other_scope_jwt": Recipe(_JWT, scope=OTHER_SCOPE),
    "other_scope_opaque": Recipe(_OPAQUE, scope=OTHER_SCOPE),
    "expired_jwt": Recipe("short-jwt-client", ending=Ending.EXPIRED),
    "expired_opaque": Recipe("short-opaque-client", ending=Ending.EXPIRED),
    "revoked_jwt": Recipe(_JWT, ending=Ending.REVOKED),
    "revoked_opaque": Recipe(_OPAQUE, ending=Ending.REVOKED),
    "id_token": Recipe(_WEB, field=Field.ID),
    "refresh_token": Recipe(_WEB, field=Field.REFRESH),
}

_JWT_KINDS = ("jwt", "jwt_rs256", "other_audience_jwt", "other_scope_jwt", "expired_jwt")
_OPAQUE_KINDS = (
    "opaque",
    "other_audience_opaque",
    "other_scope_opaque",
    "expired_opaque",
    "revoked_opaque",
)
_PERSON_KINDS = ("id_token", "refresh_token")


@dataclass(frozen=True)
class Profile:
    """One server: its parts on disk, its endpoints as paths, and its kinds of token."""

    name: str
    runtime: Runtime
    kinds: tuple[str, ...]
    issuer_path: str
    discovery_path: str
    jwks_path: str
    token_path: str
    authorization_path: str
    introspection_path: str | None
    revocation_path: str | None
    audience_parameter: str
    login: Login
    refresh_needs_offline_access: bool = False


OIDC_PROVIDER = Profile(
    name="oidc_provider",
    runtime=Runtime.NODE,
    kinds=(*_JWT_KINDS, "jwt_ps256", "jwt_es256", "jwt_eddsa", *_OPAQUE_KINDS, *_PERSON_KINDS),
    issuer_path="",
    discovery_path="/.well-known/openid-configuration",
    jwks_path="/jwks",
    token_path="/token",
    authorization_path="/auth",
    introspection_path="/token/introspection",
    revocation_path="/token/revocation",
    audience_parameter="resource",
    login=Login.FORMS,
    refresh_needs_offline_access=True,
)

OAUTH2_MOCK_SERVER = Profile(
    name="oauth2_mock_server",
    runtime=Runtime.NODE,
    kinds=(*_JWT_KINDS, *_PERSON_KINDS),
    issuer_path="",
    discovery_path="/.well-known/openid-configuration",
    jwks_path="/jwks",
    token_path="/token",
    authorization_path="/authorize",
    # It has both endpoints, but they know no token: one calls everything active, even a revoked
    # token, and the other accepts everything.
    introspection_path=None,
    revocation_path=None,
    audience_parameter="aud",
    login=Login.NOTHING,
)

DJANGO_OAUTH_TOOLKIT = Profile(
    name="django_oauth_toolkit",
    runtime=Runtime.PYTHON,
    kinds=(*_JWT_KINDS, "revoked_jwt", *_OPAQUE_KINDS, *_PERSON_KINDS),
    issuer_path="/o",
    discovery_path="/o/.well-known/openid-configuration",
    jwks_path="/o/.well-known/jwks.json",
    token_path="/o/token/",
    authorization_path="/o/authorize/",
    introspection_path="/o/introspect/",
    revocation_path="/o/revoke_token/",
    audience_parameter="resource",
    login=Login.FORMS,
)

AUTHLIB_SERVER = Profile(
    name="authlib_server",
    runtime=Runtime.PYTHON,
    kinds=(*_JWT_KINDS, *_OPAQUE_KINDS, *_PERSON_KINDS),
    issuer_path="",
    discovery_path="/.well-known/oauth-authorization-server",
    jwks_path="/jwks",
    token_path="/token",
    authorization_path="/authorize",
    introspection_path="/introspect",
    revocation_path="/revoke",
    audience_parameter="resource",
    login=Login.NOTHING,
)

PROFILES = {
    profile.name: profile
    for profile in (OIDC_PROVIDER, OAUTH2_MOCK_SERVER, DJANGO_OAUTH_TOOLKIT, AUTHLIB_SERVER)
}


def profile_named(name: str) -> Profile:
    """The profile of a server, or a readable refusal."""
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(PROFILES)
        raise ValueError(f"there is no authorization server {name!r}; known: {known}") from None


def secret_of(client_id: str) -> str:
    """Every server gives every client its secret by this one rule."""
    return client_id + CLIENT_SECRET_SUFFIX
