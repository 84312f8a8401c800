"""What is answered where there is no operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import async_only_middleware

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponse]]


def no_such_route(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return JsonResponse({"error": "no such route"}, status=404)


@async_only_middleware
def no_such_method(get_response: GetResponse) -> GetResponse:
    """ninja answers 405 by itself, where a path has operations for other methods."""

    async def middleware(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        return no_such_route(request) if response.status_code == 405 else response

    return middleware
