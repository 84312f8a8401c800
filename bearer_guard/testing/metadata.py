"""What the authorization server says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bearer_guard.testing.addresses import INTROSPECT, JWKS, REVOKE, TOKEN, Addresses

_SECRETS: Final = ("client_secret_basic", "client_secret_post")


def metadata(
    addresses: Addresses, application: str | None, algorithms: Sequence[str]
) -> dict[str, Any]:
    """Return the metadata document (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3).

    Nobody logs in here, so no ``authorization_endpoint`` is in it.
    """
    return {
        "issuer": addresses.issuer_of(application),
        "jwks_uri": addresses.url(JWKS, application),
        "token_endpoint": addresses.url(TOKEN, application),
        "token_endpoint_auth_methods_supported": [*_SECRETS],
        "introspection_endpoint": addresses.url(INTROSPECT, application),
        "introspection_endpoint_auth_methods_supported": [*_SECRETS, "bearer"],
        "revocation_endpoint": addresses.url(REVOKE, application),
        "revocation_endpoint_auth_methods_supported": [*_SECRETS],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [*algorithms],
    }
