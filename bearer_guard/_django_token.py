"""The token of a Django request, for adapters that stand behind Django's middleware or alone."""

from __future__ import annotations

from typing import Any

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
    known = _let_in(request, guard)
    if known is not None:
        return known
    view = _view(request, guard)
    token = guard.check(view)
    return _kept(request, guard.authenticate(view) if token is None else token)


async def token_of_async(request: HttpRequest, guard: Guard) -> AccessToken:
    """``token_of`` for an event loop, which it never blocks."""
    known = _let_in(request, guard)
    if known is not None:
        return known
    view = _view(request, guard)
    token = await guard.check_async(view)
    return _kept(request, await guard.authenticate_async(view) if token is None else token)


def _let_in(request: HttpRequest, guard: Guard) -> AccessToken | None:
    """What the middleware has let in: by this very guard, and as the request still is."""
    token = getattr(request, "access_token", None)
    if not isinstance(token, AccessToken) or guard is not conf.guard() or is_another(request):
        return None
    return token


def _view(request: HttpRequest, guard: Guard) -> RequestView:
    if not hasattr(request, "scope") and "SERVER_NAME" not in request.META:
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
