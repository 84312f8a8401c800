"""The API, as Starlette's own documents would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by a decorator.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bearer_guard import Guard
from bearer_guard.starlette import BearerMiddleware, access_token, require_scopes
from integrations.caller import caller


def make_app() -> Starlette:
    """The guarded application; its settings are in the file that API_SETTINGS names."""
    settings = Path(os.environ["API_SETTINGS"])
    guard = Guard.from_mapping(json.loads(settings.read_text("utf-8")))
    return Starlette(
        routes=[
            Route("/health", health),
            Route("/orders", read_orders),
            Route("/orders", place_order, methods=["POST"]),
            Route("/orders/export", export_orders),
            Route("/orders/broken", break_down),
            Route("/admin/stock", read_stock),
            WebSocketRoute("/echo", echo),
        ],
        middleware=[Middleware(BearerMiddleware, guard=guard)],
        exception_handlers={404: no_such_route, 405: no_such_route},
    )


async def health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


@require_scopes("orders:read")
async def read_orders(request: Request) -> JSONResponse:
    return JSONResponse({"orders": ["tea"], "caller": caller(access_token(request))})


@require_scopes("orders:write")
async def place_order(request: Request) -> JSONResponse:
    ordered = (await request.body()).decode("utf-8", "replace")
    return JSONResponse({"ordered": ordered, "caller": caller(access_token(request))}, 201)


@require_scopes("orders:read")
async def export_orders(request: Request) -> StreamingResponse:
    return StreamingResponse(iter(["tea\n", "coffee\n", "sugar\n"]), media_type="text/csv")


async def break_down(request: Request) -> JSONResponse:
    raise ZeroDivisionError("this handler has a bug")


async def read_stock(request: Request) -> JSONResponse:
    return JSONResponse({"stock": {"tea": 3}, "caller": caller(access_token(request))})


@require_scopes("orders:read")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


async def no_such_route(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "no such route"}, 404)
