"""The middleware, for Django under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from bearer_guard.django import conf, order, users
from bearer_guard.django.passage import Passage, is_another
from bearer_guard.django.responses import response
from bearer_guard.errors import BearerError


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
        self.process_view = self._look_again_async if self._is_async else self._look_again
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
        passage = Passage(request)
        try:
            passage.let_in(passage.guard.check(passage.view))
        except BearerError as error:
            return response(request, error)
        return passage.let_out(self.get_response(request))

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """One request, on an event loop."""
        passage = Passage(request)
        try:
            passage.let_in(await passage.guard.check_async(passage.view))
        except BearerError as error:
            return response(request, error)
        return passage.let_out(await self.get_response(request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The guard's answer to a ``BearerError`` that a view raises."""
        return response(request, exception) if isinstance(exception, BearerError) else None

    # A middleware behind this one may have made another request of it: of an OPTIONS, which
    # passes as a preflight, a DELETE. What the view is about to do is what has to be let in.

    def _look_again(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        if is_another(request):
            passage = Passage(request)
            try:
                passage.let_in(passage.guard.check(passage.view))
            except BearerError as error:
                return response(request, error)
        return None

    async def _look_again_async(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        if is_another(request):
            passage = Passage(request)
            try:
                passage.let_in(await passage.guard.check_async(passage.view))
            except BearerError as error:
                return response(request, error)
        return None
