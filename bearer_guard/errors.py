"""What can be wrong with a request, as facts.

    BearerError
    ├── MissingToken                    no credentials for us            401, no error code
    ├── InvalidRequest                  credentials that cannot be read  400 invalid_request
    ├── InvalidToken                    this token opens nothing here    401 invalid_token
    ├── InsufficientScope               a good token that grants less    403 insufficient_scope
    └── AuthorizationServerUnavailable  nobody can tell now              503, Retry-After

    SettingsError (a ValueError)        the guard was set up wrongly; raised when it is made

The first four speak of the request, the fifth of infrastructure, and no code path turns one
kind into the other. Status codes and challenges (RFC 6750 section 3) are written in one place,
``bearer_guard._core.challenge``; here are only the facts.
"""

from __future__ import annotations

from collections.abc import Mapping


class SettingsError(ValueError):
    """A setting is missing, unknown or unsafe. The message names it and says what to write."""


class BearerError(Exception):
    """A request is not let in.

    ``reason`` is a stable, machine-readable word (``docs/reasons.md`` lists them all).
    ``details`` are facts for the operator's log. Neither holds a token, and neither is ever
    sent to the client, who reads a fixed sentence for each kind of error. ``scopes`` are those
    that the request needs, where they are known.
    """

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details: Mapping[str, object] = details
        self.scopes: tuple[str, ...] = ()
        self.issuer_alias = ""
        """Of the trusted issuer that the token names, as far as that is known."""


class MissingToken(BearerError):
    """The request carries no credentials that this guard reads (RFC 6750 section 3.1)."""

    def __init__(self, reason: str = "token_missing", **details: object) -> None:
        super().__init__(reason, **details)


class InvalidRequest(BearerError):
    """Credentials are there but cannot be read: two of them, or malformed (RFC 6750 §3.1)."""


class InvalidToken(BearerError):
    """The token is expired, revoked, malformed, foreign or otherwise invalid (RFC 6750 §3.1)."""


class InsufficientScope(BearerError):
    """The token is good and grants less than the request needs (RFC 6750 section 3.1).

    ``scopes`` are what the request needs, in the order in which the settings or the handler
    name them; they are sent to the client in the challenge's ``scope``.
    """

    def __init__(self, scopes: tuple[str, ...], **details: object) -> None:
        super().__init__("scope_insufficient", **details)
        self.scopes = scopes


class AuthorizationServerUnavailable(BearerError):
    """Nobody can tell now whether the token is good. It may well be: the client should retry.

    ``retry_after`` is in whole seconds, at least 1 (RFC 9110 section 10.2.3).
    """

    def __init__(self, reason: str, *, retry_after: int = 1, **details: object) -> None:
        super().__init__(reason, **details)
        self.retry_after = retry_after


__all__ = [
    "AuthorizationServerUnavailable",
    "BearerError",
    "InsufficientScope",
    "InvalidRequest",
    "InvalidToken",
    "MissingToken",
    "SettingsError",
]
