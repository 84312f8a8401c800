"""The API, as Django Ninja's own tutorial would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by what each operation asks for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from bearer_guard import AccessToken
from bearer_guard.ninja import Bearer, NinjaAPI
from integrations.caller import caller

bearer = Bearer()
api = NinjaAPI(title="Orders", auth=bearer)


class Request(HttpRequest):
    """One that was let in."""

    auth: AccessToken


@api.get("/health", auth=None)
async def health(request: HttpRequest) -> Any:
    return {"status": "ok"}


@api.get("/orders", auth=bearer.require_scopes("orders:read"))
async def read_orders(request: Request) -> Any:
    return {"orders": ["tea"], "caller": caller(request.auth)}


@api.post("/orders", auth=bearer.require_scopes("orders:write"), response={201: dict[str, Any]})
def place_order(request: Request) -> Any:
    ordered = request.body.decode("utf-8", "replace")
    return {"ordered": ordered, "caller": caller(request.auth)}


@api.get("/orders/export", auth=bearer.require_scopes("orders:read"))
async def export_orders(request: Request) -> StreamingHttpResponse:
    return StreamingHttpResponse(lines(), content_type="text/csv")


async def lines() -> AsyncIterator[str]:
    for line in ("tea\n", "coffee\n", "sugar\n"):
        yield line


@api.get("/orders/broken", auth=bearer.require_scopes("orders:read"))
async def break_down(request: Request) -> Any:
    raise ZeroDivisionError("this operation has a bug")


@api.get("/admin/stock")
async def read_stock(request: Request) -> Any:
    return {"stock": {"tea": 3}, "caller": caller(request.auth)}
