"""What the client hears: the one place that knows status codes and writes challenges.

RFC 6750 section 3, RFC 9110 sections 11.6.1 and 15.5, RFC 9728 section 5.1. The client reads
fixed sentences; what the operator should know goes to the log.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from bearer_guard.errors import (
    AuthorizationServerUnavailable,
    BearerError,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    MissingToken,
)
from bearer_guard.settings.checks import SCOPE_TOKEN


class Refusal(NamedTuple):
    """A whole answer, for any framework to send as it is."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def body_for(self, method: str | None) -> bytes:
        """What is sent of the body: to HEAD nothing, under the same headers (RFC 9110 section
        9.3.2)."""
        return b"" if method == "HEAD" else self.body


class _Kind(NamedTuple):
    status: int
    title: str
    code: str | None
    description: str


_EXPIRED = "The access token expired."
_KINDS: dict[type[BearerError], _Kind] = {
    MissingToken: _Kind(401, "Unauthorized", None, "An access token is needed."),
    InvalidRequest: _Kind(
        400, "Bad Request", "invalid_request", "The credentials are malformed or sent twice."
    ),
    InvalidToken: _Kind(401, "Unauthorized", "invalid_token", "The access token is not valid."),
    InsufficientScope: _Kind(
        403, "Forbidden", "insufficient_scope", "The access token grants too little."
    ),
    AuthorizationServerUnavailable: _Kind(
        503, "Service Unavailable", None, "The access token cannot be checked now. Try again."
    ),
}


class Challenger:
    """Writes the answers of one guard."""

    def __init__(self, realm: str, resource_metadata: str | None) -> None:
        self._realm = realm
        self._resource_metadata = resource_metadata

    def refusal(self, error: BearerError) -> Refusal:
        """The answer to a refused request."""
        known = (_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS)
        kind = next(known, _KINDS[InvalidToken])
        description = _EXPIRED if error.reason == "expired" else kind.description
        body = _problem(kind, description)
        headers = [
            ("content-type", "application/problem+json"),
            ("content-length", str(len(body))),
            # RFC 9111 section 5.2.2.5: a refusal is for this request alone.
            ("cache-control", "no-store"),
        ]
        if isinstance(error, AuthorizationServerUnavailable):
            headers.append(("retry-after", str(error.retry_after)))
        else:
            challenge = self._challenge(kind, description, error.scopes)
            headers.append(("www-authenticate", challenge))
        return Refusal(kind.status, tuple(headers), body)

    def _challenge(self, kind: _Kind, description: str, scopes: tuple[str, ...]) -> str:
        """Each parameter once and quoted (RFC 6750 section 3); at least one of them always."""
        parameters = {"realm": self._realm}
        if kind.code is not None:
            # Section 3.1: without credentials there is no error to speak of.
            parameters["error"] = kind.code
            parameters["error_description"] = description
        # A handler may ask for anything; what is no scope is not sent.
        named = [scope for scope in scopes if SCOPE_TOKEN.fullmatch(scope)]
        if named:
            parameters["scope"] = " ".join(named)
        if self._resource_metadata is not None:
            parameters["resource_metadata"] = self._resource_metadata
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())


def _problem(kind: _Kind, description: str) -> bytes:
    """RFC 9457 section 3."""
    problem = {"title": kind.title, "status": kind.status, "detail": description}
    if kind.code is not None:
        problem["error"] = kind.code
    return json.dumps(problem).encode("ascii")
