"""The middleware, for Django under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from bearer_guard.access_token import AccessToken
from bearer_guard.django import conf
from bearer_guard.django.request import DjangoRequest
from bearer_guard.django.responses import response
from bearer_guard.errors import BearerError


class BearerMiddleware:
    """Lets in requests with a good access token, which views find at ``request.access_token``."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        # A mistake in the settings shows at the start, not at the first request.
        conf.guard()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """One request."""
        if self._is_async:
            return self._answer_async(request)
        guard = conf.guard()
        try:
            token = guard.check(DjangoRequest(request, guard))
        except BearerError as error:
            return response(request, error)
        _let_in(request, token)
        answer: HttpResponseBase = self.get_response(request)
        return answer

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        guard = conf.guard()
        try:
            token = await guard.check_async(DjangoRequest(request, guard))
        except BearerError as error:
            return response(request, error)
        _let_in(request, token)
        answer: HttpResponseBase = await self.get_response(request)
        return answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The guard's answer to a ``BearerError`` that a view raises."""
        return response(request, exception) if isinstance(exception, BearerError) else None


def _let_in(request: HttpRequest, token: AccessToken | None) -> None:
    setattr(request, "access_token", token)  # noqa: B010 - no attribute that Django knows
