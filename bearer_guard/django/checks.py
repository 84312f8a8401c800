"""What ``manage.py check`` says: every mistake, and with ``--deploy`` what is unsafe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own names
from django.core.exceptions import ImproperlyConfigured

from bearer_guard.django import conf, order, users

_OTHER_WAYS_IN = ("rest_framework", "ninja")
"""Frameworks that may ask the guard view by view, without the middleware."""


def check_settings(**_: Any) -> list[CheckMessage]:
    """``BEARER_GUARD``, ``BEARER_GUARD_USER`` and ``MIDDLEWARE``."""
    try:
        conf.guard()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="bearer_guard.E001")]
    return [*_user(), *_middleware()]


def _user() -> Iterator[CheckMessage]:
    try:
        users.finder()
    except ImproperlyConfigured as error:
        yield Error(str(error), id="bearer_guard.E002")


def _middleware() -> Iterator[CheckMessage]:
    for mistake in order.misplaced():
        yield Error(mistake.message, mistake.hint, id=f"bearer_guard.{mistake.number}")
    if order.first(order.OURS) is None and not set(_OTHER_WAYS_IN) & set(settings.INSTALLED_APPS):
        yield Warning(
            "bearer_guard.django is installed, and nothing asks it",
            'write "bearer_guard.django.BearerMiddleware" into MIDDLEWARE; if something else asks '
            "the guard, silence this check",
            id="bearer_guard.W001",
        )
