"""The scopes that a view, or a permission class, names for a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from bearer_guard.access_token import AccessToken
from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks

ALL = "required_scopes"
ANY = "required_any_scope"


class Needed(NamedTuple):
    """What a request needs: all of ``scopes``, and one of ``any_scope`` where it names some."""

    scopes: tuple[str, ...] = ()
    any_scope: tuple[str, ...] = ()

    def named(self) -> tuple[str, ...]:
        """Every scope, each once."""
        return tuple(dict.fromkeys((*self.scopes, *self.any_scope)))

    def require(self, token: AccessToken) -> None:
        """Raise ``InsufficientScope`` unless the token grants them."""
        token.require_scopes(*self.scopes)
        if self.any_scope:
            token.require_any_scope(*self.any_scope)


def needed(holder: object, method: str) -> Needed | None:
    """What ``method`` needs by the attributes of ``holder``; ``None`` where it is not named.

    Raises ``ImproperlyConfigured`` for attributes that cannot be read, and for none at all.
    """
    scopes, any_scope = getattr(holder, ALL, None), getattr(holder, ANY, None)
    if scopes is None and any_scope is None:
        raise ImproperlyConfigured(
            f"{_name(holder)} names no scopes: write {ALL} = ['orders:read'], "
            f"{ALL} = {{'GET': ['orders:read'], 'POST': ['orders:write']}}, "
            f"or {ALL} = [] where a good token is enough"
        )
    try:
        found = _of_method(ALL, scopes, method), _of_method(ANY, any_scope, method)
    except SettingsError as error:
        raise ImproperlyConfigured(f"{_name(holder)}: {error}") from error
    return None if found[0] is None or found[1] is None else Needed(found[0], found[1])


def _of_method(option: str, value: Any, method: str) -> tuple[str, ...] | None:
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        return _scopes(option, value)
    for name in value:
        if not isinstance(name, str) or name != name.upper():
            raise SettingsError(f"{option} names {name!r}: write methods in upper case, 'GET'")
    # RFC 9110 section 9.3.2: HEAD is GET without a body.
    name = "GET" if method == "HEAD" and method not in value else method
    if name in value:
        return _scopes(f"{option}[{name!r}]", value[name])
    # It describes the view, and of each method only to those who may use it.
    return () if name == "OPTIONS" else None


def _scopes(option: str, value: Any) -> tuple[str, ...]:
    found = checks.scopes(option, value)
    if not found and option.startswith(ANY):
        raise SettingsError(f"{option} names no scope of which one is needed: write ['clerk']")
    return found


def _name(holder: object) -> str:
    kind = holder if isinstance(holder, type) else type(holder)
    return f"{kind.__module__}.{kind.__qualname__}"
