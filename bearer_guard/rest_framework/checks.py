"""What ``manage.py check`` says of views that ask for scopes, and of REST framework's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's own names
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework import views
from rest_framework.permissions import AllowAny
from rest_framework.settings import api_settings

from bearer_guard.django import order
from bearer_guard.rest_framework.authentication import BearerAuthentication
from bearer_guard.rest_framework.needed import ALL, ANY
from bearer_guard.rest_framework.permissions import HasScopes


def check_views(**_: Any) -> list[CheckMessage]:
    """Every view in the URLs: whether the scopes that it names can be read."""
    if getattr(settings, "ROOT_URLCONF", None) is None:
        return []
    found = {
        str(message): message
        for pattern in _patterns(get_resolver())
        for message in _of_view(pattern.callback)
    }
    return list(found.values())


def check_framework(**_: Any) -> list[CheckMessage]:
    """``REST_FRAMEWORK``, where nothing but it asks the guard."""
    classes: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    asks = any(issubclass(each, BearerAuthentication) for each in classes)
    return [*_of_framework()] if asks and order.first(order.OURS) is None else []


def _of_framework() -> Iterator[CheckMessage]:
    permissions: Any = api_settings.DEFAULT_PERMISSION_CLASSES
    if AllowAny in permissions:
        yield Warning(
            "views that name no permission classes let anybody in",
            'in REST_FRAMEWORK, write "DEFAULT_PERMISSION_CLASSES": '
            '["rest_framework.permissions.IsAuthenticated"]',
            id="bearer_guard.W101",
        )
    if api_settings.EXCEPTION_HANDLER is views.exception_handler:
        yield Warning(
            "request.auth.require_scopes(...) in a view is answered with 500",
            'in REST_FRAMEWORK, write "EXCEPTION_HANDLER": '
            '"bearer_guard.rest_framework.exception_handler"',
            id="bearer_guard.W102",
        )


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern)
        else:
            yield pattern


def _of_view(callback: Any) -> Iterator[CheckMessage]:
    kind = getattr(callback, "cls", None)
    if not (isinstance(kind, type) and issubclass(kind, views.APIView)):
        return
    if any(isinstance(getattr(kind, name, None), property) for name in (ALL, ANY)):
        # What it names depends on a request.
        return
    view = kind(**callback.initkwargs)
    methods = [*(getattr(callback, "actions", None) or view.allowed_methods)]
    for permission in _scoped(view.permission_classes):
        for method in methods:
            yield from _of_method(permission, view, method.upper())


def _scoped(found: Any) -> Iterator[type[HasScopes]]:
    """Those among permission classes, and within ``A | B`` and the like."""
    for each in found:
        if isinstance(each, type) and issubclass(each, HasScopes):
            yield each
        else:
            parts = (getattr(each, name, None) for name in ("op1_class", "op2_class"))
            yield from _scoped(part for part in parts if part is not None)


def _of_method(permission: type[HasScopes], view: Any, method: str) -> Iterator[CheckMessage]:
    try:
        found = permission().needed(view, method)
    except ImproperlyConfigured as error:
        yield Error(str(error), id="bearer_guard.E101")
        return
    if found is None:
        name = type(view).__qualname__
        yield Warning(
            f"{name} names no scopes for {method}, so it refuses what its handler would answer",
            f"name them, or write {method!r}: [] where a good token is enough",
            id="bearer_guard.W103",
        )
