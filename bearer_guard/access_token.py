"""The one value that a guarded application gets."""

from __future__ import annotations

import json
from typing import Any, NoReturn, final

from bearer_guard.errors import InsufficientScope


@final
class AccessToken:
    """A verified access token: who calls, on whose behalf, and what they were granted.

    Made by a ``Guard`` alone, after every check passed; shared by the requests that carry the
    same token, hence immutable. The token string itself is not in it.

    Identify a user by the pair (``issuer``, ``subject``), never by ``subject`` alone
    (RFC 8725 section 3.8).
    """

    # Private slots behind properties: read-only for users, and made at the cost of plain
    # assignments, which a forbidding __setattr__ would triple on the path of every request.
    __slots__ = (
        *("_audience", "_client_id", "_expires_at", "_issuer"),
        *("_not_before", "_payload", "_scopes", "_subject"),
    )

    def __init__(
        self,
        issuer: str,
        subject: str | None,
        client_id: str | None,
        audience: tuple[str, ...],
        scopes: frozenset[str],
        expires_at: float | None,
        not_before: float | None,
        payload: str,
    ) -> None:
        self._issuer = issuer
        self._subject = subject
        self._client_id = client_id
        self._audience = audience
        self._scopes = scopes
        self._expires_at = expires_at
        self._not_before = not_before
        self._payload = payload

    @property
    def issuer(self) -> str:
        """The authorization server that issued it (``iss``, or the introspecting issuer)."""
        return self._issuer

    @property
    def subject(self) -> str | None:
        """Whom the token speaks for, unique within ``issuer`` (``sub``)."""
        return self._subject

    @property
    def client_id(self) -> str | None:
        """The client to which the token was issued (RFC 8693 section 4.3)."""
        return self._client_id

    @property
    def audience(self) -> tuple[str, ...]:
        """For whom the token is meant (``aud``): this API is one of them."""
        return self._audience

    @property
    def scopes(self) -> frozenset[str]:
        """What was granted: exact, case-sensitive names (RFC 6749 section 3.3)."""
        return self._scopes

    @property
    def expires_at(self) -> float | None:
        """Seconds since the epoch; ``None`` only where introspection named no ``exp``."""
        return self._expires_at

    @property
    def not_before(self) -> float | None:
        """Seconds since the epoch (``nbf``), where the token names it."""
        return self._not_before

    @property
    def claims(self) -> dict[str, Any]:
        """Every claim, as the authorization server wrote it.

        A new dictionary each time, so nothing that one request does to it reaches another:
        keep it in a variable when you read several claims.
        """
        claims: dict[str, Any] = json.loads(self._payload)
        return claims

    def has_scopes(self, *scopes: str) -> bool:
        """Whether *all* of ``scopes`` were granted."""
        return self._scopes.issuperset(scopes)

    def has_any_scope(self, *scopes: str) -> bool:
        """Whether *at least one* of ``scopes`` was granted."""
        return not self._scopes.isdisjoint(scopes)

    def require_scopes(self, *scopes: str) -> None:
        """Raise ``InsufficientScope`` unless *all* of ``scopes`` were granted."""
        if not self._scopes.issuperset(scopes):
            raise InsufficientScope(scopes, issuer=self._issuer)

    def require_any_scope(self, *scopes: str) -> None:
        """Raise ``InsufficientScope`` unless *at least one* of ``scopes`` was granted."""
        if self._scopes.isdisjoint(scopes):
            raise InsufficientScope(scopes, issuer=self._issuer)

    def __repr__(self) -> str:
        return f"<AccessToken issuer={self.issuer!r} subject={self.subject!r}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an AccessToken is not pickled: hand over the values that you need")
