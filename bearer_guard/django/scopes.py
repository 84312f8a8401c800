"""Views that ask for scopes: functions, methods and classes, sync and async.

They raise a ``BearerError``, which the middleware answers, unless another ``process_exception``
of the project's does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.decorators import method_decorator

from bearer_guard._requirement import Requirement, all_of, any_of
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import MissingToken

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


def access_token(request: HttpRequest) -> AccessToken:
    """``request.access_token``, with its type. Raises ``MissingToken`` on a public path."""
    try:
        token: AccessToken | None = request.access_token  # type: ignore[attr-defined]
    except AttributeError:
        raise ImproperlyConfigured(
            "no guard has seen this request: write "
            '"bearer_guard.django.BearerMiddleware" into MIDDLEWARE'
        ) from None
    if token is None:
        raise MissingToken("path_is_public")
    return token


def require_scopes(*scopes: str) -> Callable[[ViewT], ViewT]:
    """A decorator for a view that needs *all* of ``scopes``.

    For functions and methods, sync and async, and for class-based views, whose every method it
    guards. Others are answered with 403 and the challenge.
    """
    return requiring(all_of(*scopes))


def require_any_scope(*scopes: str) -> Callable[[ViewT], ViewT]:
    """The same for a view that needs *one* of ``scopes``."""
    return requiring(any_of(*scopes))


def requiring(require: Requirement) -> Callable[[ViewT], ViewT]:
    """A decorator for views; ``require`` raises where the token grants too little."""

    def decorate(view: Any) -> Any:
        if isinstance(view, type):
            return method_decorator(decorate, name="dispatch")(view)
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                require(access_token(_request(view, args, kwargs)))
                return await view(*args, **kwargs)

            return guarded_async

        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            require(access_token(_request(view, args, kwargs)))
            return view(*args, **kwargs)

        return guarded

    return decorate


def _request(view: Any, args: Any, kwargs: Any) -> HttpRequest:
    for value in (*args, *kwargs.values()):
        # Django REST framework wraps the request, and finds its attributes for us.
        if isinstance(value, HttpRequest) or isinstance(
            getattr(value, "_request", None), HttpRequest
        ):
            found: HttpRequest = value
            return found
    raise TypeError(f"{view!r} takes no request, by which its scopes are checked: add one")
