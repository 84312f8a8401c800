"""bearer_guard guards an API with OAuth 2.0 access tokens.

    from bearer_guard import Guard, Issuer
    from bearer_guard.asgi import BearerMiddleware      # or bearer_guard.wsgi

    guard = Guard(audience="https://api.example.com", issuers=[Issuer("https://login.example.com/")])
    app = BearerMiddleware(app, guard)

Importing this package imports no framework, no HTTP client and no cryptography.
"""

from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import (
    AuthorizationServerUnavailable,
    BearerError,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    MissingToken,
    SettingsError,
)
from bearer_guard.guard import Guard
from bearer_guard.request import Request, RequestView
from bearer_guard.settings import (
    Introspection,
    Issuer,
    KeySetPolicy,
    Rule,
    Shared,
    UpstreamPolicy,
)
from bearer_guard.settings.presets import beyond_identity

__version__ = "0.1.0"

__all__ = [
    "AccessToken",
    "AuthorizationServerUnavailable",
    "BearerError",
    "Clock",
    "Guard",
    "InsufficientScope",
    "Introspection",
    "InvalidRequest",
    "InvalidToken",
    "Issuer",
    "KeySetPolicy",
    "MissingToken",
    "Request",
    "RequestView",
    "Rule",
    "SettingsError",
    "Shared",
    "UpstreamPolicy",
    "beyond_identity",
]
