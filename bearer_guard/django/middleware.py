"""The middleware, for Django under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from bearer_guard.access_token import AccessToken
from bearer_guard.django import conf, csrf, order, streams, users
from bearer_guard.django.request import DjangoRequest
from bearer_guard.django.responses import response
from bearer_guard.errors import BearerError
from bearer_guard.guard import Guard

_SAYS_WHO_MAY_KEEP_IT = ("no-store", "private", "public")


class BearerMiddleware:
    """Lets in requests with a good access token, which views find at ``request.access_token``.

    Sync and async, by Django's protocol: in neither mode does it send a request to another
    thread. On a public path ``request.access_token`` is ``None``. A ``BearerError`` that a view
    raises becomes the guard's answer. Raises ``ImproperlyConfigured`` when made with settings
    that are missing, wrong or unsafe.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        # A mistake in the settings shows at the start, not at the first request.
        conf.guard()
        users.finder()
        order.check()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """One request."""
        if self._is_async:
            return self.__acall__(request)
        guard = conf.guard()
        view = DjangoRequest(request, guard)
        try:
            token = guard.check(view)
        except BearerError as error:
            return response(request, error)
        _let_in(request, view, token)
        return _let_out(self.get_response(request), guard, view, token)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """One request, on an event loop."""
        guard = conf.guard()
        view = DjangoRequest(request, guard)
        try:
            token = await guard.check_async(view)
        except BearerError as error:
            return response(request, error)
        _let_in(request, view, token)
        return _let_out(await self.get_response(request), guard, view, token)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The guard's answer to a ``BearerError`` that a view raises."""
        return response(request, exception) if isinstance(exception, BearerError) else None


def _let_in(request: Any, view: DjangoRequest, token: AccessToken | None) -> None:
    request.access_token = token
    if token is None:
        return
    user_is_the_tokens = users.attach(request, token)
    csrf.waive(request, view, user_is_the_tokens=user_is_the_tokens)
    if view.form:
        # Django's error reports leave it out.
        request.sensitive_post_parameters = ["access_token"]


def _let_out(
    answer: HttpResponseBase, guard: Guard, view: DjangoRequest, token: AccessToken | None
) -> HttpResponseBase:
    """No cache gives to one caller what another was answered; no stream outlives its token."""
    if 200 <= answer.status_code < 300 and guard.must_stay_private(view):
        answer.setdefault("Cache-Control", "private")
    said = answer.get("Cache-Control", "").lower()
    if token is not None and not any(word in said for word in _SAYS_WHO_MAY_KEEP_IT):
        # RFC 9111 section 3.5: Django's own cache heeds it in its newest versions alone.
        patch_vary_headers(answer, ("Authorization",))
    if guard.settings.end_streams_at_expiry:
        streams.end_at_expiry(answer, guard, token, view.method)
    return answer
