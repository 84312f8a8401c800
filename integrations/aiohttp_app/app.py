"""The API, as aiohttp's own documents would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by a decorator.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from bearer_guard import Guard
from bearer_guard.aiohttp import access_token, require_scopes, setup
from integrations.caller import caller

routes = web.RouteTableDef()


def make_app(arguments: list[str] | None = None) -> web.Application:
    """The guarded application; its settings are in the file that API_SETTINGS names.

    `python -m aiohttp.web` hands over the arguments that are left.
    """
    settings = Path(os.environ["API_SETTINGS"])
    guard = Guard.from_mapping(json.loads(settings.read_text("utf-8")))
    app = web.Application(middlewares=[no_such_route])
    app.add_routes(routes)
    setup(app, guard)
    return app


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/orders")
@require_scopes("orders:read")
async def read_orders(request: web.Request) -> web.Response:
    return web.json_response({"orders": ["tea"], "caller": caller(access_token(request))})


@routes.post("/orders")
@require_scopes("orders:write")
async def place_order(request: web.Request) -> web.Response:
    ordered = (await request.read()).decode("utf-8", "replace")
    placed = {"ordered": ordered, "caller": caller(access_token(request))}
    return web.json_response(placed, status=201)


@routes.get("/orders/export")
@require_scopes("orders:read")
async def export_orders(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/csv"})
    await response.prepare(request)
    for line in ("tea\n", "coffee\n", "sugar\n"):
        await response.write(line.encode())
    return response


@routes.get("/orders/broken")
@require_scopes("orders:read")
async def break_down(request: web.Request) -> web.Response:
    raise ZeroDivisionError("this handler has a bug")


@routes.get("/admin/stock")
async def read_stock(request: web.Request) -> web.Response:
    return web.json_response({"stock": {"tea": 3}, "caller": caller(access_token(request))})


@routes.get("/echo")
@require_scopes("orders:read")
async def echo(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    async for message in websocket:
        await websocket.send_str(message.data)
    return websocket


@web.middleware
async def no_such_route(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return web.json_response({"error": "no such route"}, status=404)
