"""Places in ``MIDDLEWARE`` at which the guard would be passed by, or its user be lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from bearer_guard.django import conf

OURS = "bearer_guard.django.middleware.BearerMiddleware"
"""The middleware's true name: ``MIDDLEWARE`` may say it shorter, or name a subclass."""
_CACHE = "django.middleware.cache.FetchFromCacheMiddleware"
_OTHER_USERS = (
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.RemoteUserMiddleware",
)


class Misplaced(NamedTuple):
    """A mistake in ``MIDDLEWARE``: the number of its system check, and what to do."""

    number: str
    message: str
    hint: str


def misplaced() -> Iterator[Misplaced]:
    """Every mistake; none where this middleware does not stand in ``MIDDLEWARE``."""
    ours = first(OURS)
    if ours is None:
        return
    cache = first(_CACHE)
    if cache is not None and cache < ours:
        yield Misplaced(
            "E004",
            "answers from Django's cache are given before any token is checked",
            f"in MIDDLEWARE, write {settings.MIDDLEWARE[ours]!r} "
            f"before {settings.MIDDLEWARE[cache]!r}",
        )
    if getattr(settings, conf.USER, None) is None:
        return
    for name in _OTHER_USERS:
        other = first(name)
        if other is not None and other > ours:
            yield Misplaced(
                "E003",
                f"request.user is a session's in place of the token's, in spite of {conf.USER}",
                f"in MIDDLEWARE, write {settings.MIDDLEWARE[ours]!r} "
                f"after {settings.MIDDLEWARE[other]!r}",
            )


def check() -> None:
    """Raises ``ImproperlyConfigured`` for a mistake: both let in what should be kept out."""
    for mistake in misplaced():
        raise ImproperlyConfigured(f"{mistake.message}: {mistake.hint}")


def first(name: str) -> int | None:
    """Where the class of this name, or one that derives from it, stands first."""
    for at, path in enumerate(settings.MIDDLEWARE):
        if name in _names(path):
            return at
    return None


def _names(path: str) -> set[str]:
    # By name, so that nothing is imported that a project does not use.
    found = import_string(path)
    kinds = found.__mro__ if isinstance(found, type) else ()
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds}
