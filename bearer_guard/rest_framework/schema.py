"""What drf-spectacular's OpenAPI document says of the guard, and of the scopes of each operation.

``bearer_guard.django`` in ``INSTALLED_APPS`` brings it along where drf-spectacular is installed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import spectacular_settings
from rest_framework.permissions import AND

from bearer_guard._openapi_scheme import Places
from bearer_guard.rest_framework.authentication import BearerAuthentication
from bearer_guard.rest_framework.needed import Needed
from bearer_guard.rest_framework.permissions import HasScopes


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The security scheme: the flows of drf-spectacular's ``OAUTH2_AUTHORIZATION_URL``,
    ``OAUTH2_TOKEN_URL``, ``OAUTH2_REFRESH_URL`` and ``OAUTH2_SCOPES``, where a project has them;
    else the metadata of the guard's first issuer."""

    target_class = BearerAuthentication
    match_subclasses = True
    name = "Bearer"
    priority = -1
    """A project's own extension is preferred."""

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        """OpenAPI 3.1 section 4.8.27."""
        authenticator: Any = self.target
        scopes = spectacular_settings.OAUTH2_SCOPES or {}
        places = Places(
            authorization_url=spectacular_settings.OAUTH2_AUTHORIZATION_URL,
            token_url=spectacular_settings.OAUTH2_TOKEN_URL,
            refresh_url=spectacular_settings.OAUTH2_REFRESH_URL,
            scopes=scopes if isinstance(scopes, Mapping) else dict.fromkeys(scopes, ""),
        )
        return places.scheme(authenticator.get_guard().settings)

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:
        """OpenAPI 3.1 section 4.8.30: the requirements of a list are alternatives."""
        view, method = auto_schema.view, auto_schema.method
        found = [
            needed
            for permission in view.get_permissions()
            for needed in _needed(permission, view, method)
        ]
        always = [scope for needed in found for scope in needed.scopes]
        choices = [needed.any_scope for needed in found if needed.any_scope]
        return [
            {"Bearer": list(dict.fromkeys((*always, *choice)))}
            for choice in itertools.product(*choices)
        ]


def _needed(permission: Any, view: Any, method: str) -> Iterator[Needed]:
    """What must hold in any case: of ``A | B`` nothing can be said."""
    if isinstance(permission, AND):
        parts: Any = permission
        yield from _needed(parts.op1, view, method)
        yield from _needed(parts.op2, view, method)
    elif isinstance(permission, HasScopes):
        needed = permission.needed(view, method)
        if needed is not None:
            yield needed
