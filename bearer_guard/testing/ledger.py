"""What the server remembers of the tokens it issued, and what introspection says of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

_INACTIVE: Final = {"active": False}


class Ledger:
    """Issued tokens with their claims, revocations, and answers that a test has ordered."""

    def __init__(self, lock: threading.RLock) -> None:
        """Begin with no tokens."""
        self._lock = lock
        self._claims: dict[str, Mapping[str, Any]] = {}
        self._ordered: dict[str, Mapping[str, Any] | bytes] = {}

    def enter(self, token: str, claims: Mapping[str, Any], *, token_type: str = "Bearer") -> None:  # noqa: S107
        """Remember *token* as issued, with *claims* for whoever introspects it."""
        with self._lock:
            self._claims[token] = {"active": True, "token_type": token_type, **claims}

    def revoke(self, token: str) -> None:
        """Make *token* inactive; an unknown one is no error (RFC 7009 section 2.2)."""
        with self._lock:
            self._claims.pop(token, None)

    def order(self, token: str, answer: Mapping[str, Any] | bytes | None) -> None:
        """Answer for *token* with *answer* from now on; ``None`` goes back to the truth."""
        with self._lock:
            if answer is None:
                self._ordered.pop(token, None)
            else:
                self._ordered[token] = answer

    def answer(self, token: str, now: float) -> Mapping[str, Any] | bytes:
        """Return the introspection answer for *token* (RFC 7662 section 2.2).

        An inactive token's answer says nothing else. *now* is in seconds since the Unix epoch.
        """
        with self._lock:
            if token in self._ordered:
                return self._ordered[token]
            claims = self._claims.get(token, _INACTIVE)
        return claims if _timely(claims, now) else _INACTIVE


def _timely(claims: Mapping[str, Any], now: float) -> bool:
    """Say whether *now* is in the token's lifetime; odd times are left for the reader to judge."""
    expires, begins = claims.get("exp"), claims.get("nbf")
    return not (
        (isinstance(expires, int | float) and expires <= now)
        or (isinstance(begins, int | float) and begins > now)
    )
