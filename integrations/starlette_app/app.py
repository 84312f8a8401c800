"""The API, as Starlette's own documents would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by a decorator.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bearer_guard import AccessToken, Guard
from bearer_guard.starlette import BearerMiddleware, access_token, require_scopes


def make_app() -> Starlette:
    """The guarded application; its settings are in the file that BEARER_GUARD_SETTINGS names."""
    settings = Path(os.environ["BEARER_GUARD_SETTINGS"])
    guard = Guard.from_mapping(json.loads(settings.read_text("utf-8")))
    return Starlette(
        routes=[
            Route("/health", health),
            Route("/orders", read_orders),
            Route("/orders", place_order, methods=["POST"]),
            Route("/admin/stock", read_stock),
            WebSocketRoute("/echo", echo),
        ],
        middleware=[Middleware(BearerMiddleware, guard=guard)],
        exception_handlers={404: no_such_route, 405: no_such_route},
    )


class Json(JSONResponse):
    """Spaced as the other applications' JSON: the tests compare octets."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


async def health(request: Request) -> Json:
    return Json({"status": "ok"})


@require_scopes("orders:read")
async def read_orders(request: Request) -> Json:
    return Json({"orders": ["tea"], "caller": caller(access_token(request))})


@require_scopes("orders:write")
async def place_order(request: Request) -> Json:
    ordered = (await request.body()).decode("utf-8", "replace")
    return Json({"ordered": ordered, "caller": caller(access_token(request))}, 201)


async def read_stock(request: Request) -> Json:
    return Json({"stock": {"tea": 3}, "caller": caller(access_token(request))})


@require_scopes("orders:read")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


async def no_such_route(request: Request, error: Exception) -> Json:
    return Json({"error": "no such route"}, 404)


def caller(token: AccessToken) -> dict[str, object]:
    return {
        "issuer": token.issuer,
        "subject": token.subject,
        "client": token.client_id,
        "audience": list(token.audience),
        "scopes": sorted(token.scopes),
    }
