"""The API, as Litestar's own tutorial would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by guards.
"""

# Litestar reads annotations when the application is made: none of them as strings.

import json
import os
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.openapi import OpenAPIConfig
from litestar.response import Stream

from bearer_guard import AccessToken, Guard
from bearer_guard.asgi import BearerUser
from bearer_guard.litestar import BearerPlugin, require_scopes
from integrations.caller import caller

Asked = Request[BearerUser, AccessToken, Any]


@get("/health")
async def health() -> dict[str, Any]:
    return {"status": "ok"}


@get("/orders", guards=[require_scopes("orders:read")])
async def read_orders(request: Asked) -> dict[str, Any]:
    return {"orders": ["tea"], "caller": caller(request.auth)}


@post("/orders", guards=[require_scopes("orders:write")])
async def place_order(request: Asked) -> dict[str, Any]:
    ordered = (await request.body()).decode("utf-8", "replace")
    return {"ordered": ordered, "caller": caller(request.auth)}


@get("/orders/export", guards=[require_scopes("orders:read")])
async def export_orders() -> Stream:
    return Stream(iter(["tea\n", "coffee\n", "sugar\n"]), media_type="text/csv")


@get("/orders/broken", guards=[require_scopes("orders:read")])
async def break_down() -> None:
    raise ZeroDivisionError("this handler has a bug")


@get("/admin/stock")
async def read_stock(request: Asked) -> dict[str, Any]:
    return {"stock": {"tea": 3}, "caller": caller(request.auth)}


@websocket("/echo", guards=[require_scopes("orders:read")])
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    async for text in socket.iter_data():
        await socket.send_text(text)


def no_such_route(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    return Response({"error": "no such route"}, status_code=404)


def make_app() -> Litestar:
    """The guarded application; its settings are in the file that API_SETTINGS names."""
    settings = Path(os.environ["API_SETTINGS"])
    guard = Guard.from_mapping(json.loads(settings.read_text("utf-8")))
    return Litestar(
        [
            health,
            read_orders,
            place_order,
            export_orders,
            break_down,
            read_stock,
            echo,
        ],
        plugins=[BearerPlugin(guard)],
        exception_handlers={404: no_such_route, 405: no_such_route},
        openapi_config=OpenAPIConfig(title="Orders", version="1.0.0", path="/docs"),
        # The process has set its logging up.
        logging_config=None,
    )
