"""What a handler asks of a token: all of some scopes, or one of them."""

from __future__ import annotations

from collections.abc import Callable

from bearer_guard.access_token import AccessToken
from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks

Requirement = Callable[[AccessToken], None]
"""Raises ``InsufficientScope`` where the token grants too little."""


def all_of(*scopes: str) -> Requirement:
    """*All* of ``scopes``; with none, a good token is enough. Raises ``SettingsError``."""
    checks.scopes("scopes", scopes)
    return lambda token: token.require_scopes(*scopes)


def any_of(*scopes: str) -> Requirement:
    """*At least one* of ``scopes``. Raises ``SettingsError``."""
    if not checks.scopes("scopes", scopes):
        raise SettingsError('name the scopes of which one is needed: ("clerk", "admin")')
    return lambda token: token.require_any_scope(*scopes)
