"""An ASGI API and its guard. uvicorn runs it."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearer_guard.asgi import BearerMiddleware, access_token
from demo.guarded import keep_log, make_guard


async def health(_request: Request) -> JSONResponse:
    return JSONResponse({"healthy": True})


async def orders(request: Request) -> JSONResponse:
    token = access_token(request.scope)
    return JSONResponse({"subject": token.subject, "scopes": sorted(token.scopes)})


keep_log()
api = Starlette(
    routes=[Route("/health", health), Route("/orders", orders, methods=["GET", "POST"])]
)
app = BearerMiddleware(api, make_guard())
