"""The token of a Django request, for adapters that stand behind Django's middleware or alone."""

from __future__ import annotations

from typing import Any, TypeGuard

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from bearer_guard import asgi, wsgi
from bearer_guard.access_token import AccessToken
from bearer_guard.django import conf, users
from bearer_guard.django.passage import is_another
from bearer_guard.django.request import DjangoRequest
from bearer_guard.guard import Guard
from bearer_guard.request import Request, RequestView


def token_of(request: HttpRequest, guard: Guard) -> AccessToken:
    """The request's token, on a public path too. Raises a ``BearerError``."""
    known: object = getattr(request, "access_token", None)
    if known is not None and _is_let_in(known, request, guard):
        return known
    view = _view(request, guard)
    token = guard.check(view)
    return _kept(request, guard.authenticate(view) if token is None else token)


async def token_of_async(request: HttpRequest, guard: Guard) -> AccessToken:
    """``token_of`` for an event loop, which it never blocks."""
    known: object = getattr(request, "access_token", None)
    if known is not None and _is_let_in(known, request, guard):
        return known
    view = _view(request, guard)
    token = await guard.check_async(view)
    return _kept(request, await guard.authenticate_async(view) if token is None else token)


def _is_let_in(token: object, request: HttpRequest, guard: Guard) -> TypeGuard[AccessToken]:
    """Whether the middleware has: this very guard's, with the request as it still is."""
    return isinstance(token, AccessToken) and guard is conf.guard() and not is_another(request)


def _view(request: HttpRequest, guard: Guard) -> RequestView:
    if "SERVER_NAME" not in request.META and not hasattr(request, "scope"):
        # No server made it: ninja's test client did, and filled in what ninja reads.
        path: Any = request.path
        return Request(request.method or "GET", path, headers=request.headers)
    # RFC 6750 section 2.3: such answers are private, which takes somebody around the view.
    if guard.settings.query_parameter and not _stands_within_a_middleware(request):
        raise ImproperlyConfigured(
            "query_parameter takes the middleware: write into the settings "
            'MIDDLEWARE = [..., "bearer_guard.django.BearerMiddleware"]'
        )
    return DjangoRequest(request, guard)


def _stands_within_a_middleware(request: HttpRequest) -> bool:
    return (
        hasattr(request, "access_token")
        or wsgi.GUARD_KEY in request.META
        or asgi.GUARD_KEY in getattr(request, "scope", ())
    )


def _kept(request: Any, token: AccessToken) -> AccessToken:
    """As the middleware does it: with the user of ``BEARER_GUARD_USER``."""
    request.access_token = token
    users.attach(request, token)
    return token
