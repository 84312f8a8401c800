"""The API, as Django's own tutorial would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by a decorator.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views import View

from bearer_guard.django import access_token, require_scopes
from integrations.caller import caller

LINES = ["tea\n", "coffee\n", "sugar\n"]


def health(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


class Orders(View):
    @require_scopes("orders:read")
    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"orders": ["tea"], "caller": caller(access_token(request))})

    @require_scopes("orders:write")
    def post(self, request: HttpRequest) -> HttpResponse:
        ordered = request.body.decode("utf-8", "replace")
        placed = {"ordered": ordered, "caller": caller(access_token(request))}
        return JsonResponse(placed, status=201)

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return no_such_route(request)


@require_scopes("orders:read")
def export_orders(request: HttpRequest) -> StreamingHttpResponse:
    # Under ASGI Django streams from what is async, under WSGI from what is not.
    lines = lines_async() if isinstance(request, ASGIRequest) else iter(LINES)
    return StreamingHttpResponse(lines, content_type="text/csv")


async def lines_async() -> AsyncIterator[str]:
    for line in LINES:
        yield line


def break_down(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("this handler has a bug")


async def read_stock(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"stock": {"tea": 3}, "caller": caller(access_token(request))})


def no_such_route(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return JsonResponse({"error": "no such route"}, status=404)
