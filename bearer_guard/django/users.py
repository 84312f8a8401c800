"""``request.user`` by the token, where ``BEARER_GUARD_USER`` asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.utils.functional import SimpleLazyObject

from bearer_guard.access_token import AccessToken
from bearer_guard.django import conf
from bearer_guard.django.conf import FromSettings
from bearer_guard.django.refused import UserRefused

Finder = Callable[[AccessToken], Any]
"""From a token to the user that it speaks for, or ``None``."""
_ATTACHED = "_bearer_guard_user"
"""What a request has whose user is the token's."""


def attach(request: Any, token: AccessToken) -> bool:
    """Set ``request.user`` and ``request.auser``; the database is asked when they are looked at.

    False, and nothing is set, without ``BEARER_GUARD_USER``.
    """
    if conf.value_of(conf.USER) is None:
        return False
    user = _User(_finder_of_settings(), token)
    request.user = SimpleLazyObject(user.get)
    request.auser = user.aget
    setattr(request, _ATTACHED, True)
    return True


def is_attached(request: Any) -> bool:
    """Whether ``attach`` has set this request's user: cheaper than ``finder()`` once more."""
    return hasattr(request, _ATTACHED)


def _finder(options: Any, *_: Any) -> Finder:
    # These import models, which are there only when every application is.
    from bearer_guard.django import lookup, user_settings

    read = user_settings.read(options, conf.guard().settings)
    return partial(lookup.find, read) if isinstance(read, user_settings.UserLookup) else read


_finder_of_settings = FromSettings((conf.USER, conf.GUARD, "AUTH_USER_MODEL"), _finder)


def finder() -> Finder | None:
    """Finds the user of a token; ``None`` without ``BEARER_GUARD_USER``."""
    # Most projects have not even this setting, and reading the others takes time.
    return None if conf.value_of(conf.USER) is None else _finder_of_settings()


class _User:
    """One request's user, looked up once."""

    def __init__(self, find: Finder, token: AccessToken) -> None:
        self._find = find
        self._token = token
        self._found: Any = None

    def get(self) -> Any:
        """Raises ``UserRefused``."""
        if self._found is None:
            user = self._find(self._token)
            subject = self._token.subject
            if user is None:
                raise UserRefused("user_unknown", subject=subject)
            if not getattr(user, "is_active", True):
                raise UserRefused("user_inactive", subject=subject)
            self._found = user
        return self._found

    async def aget(self) -> Any:
        """The same in an async view; the database is Django's, which asks it in its own thread."""
        return self.get() if self._found is not None else await sync_to_async(self.get)()
