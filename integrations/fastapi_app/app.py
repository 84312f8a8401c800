"""The API, as FastAPI's own tutorial would write it.

Who may do what is said in two ways, to show both: `/admin` by a rule in the settings, the orders
by `Security`.
"""

# FastAPI reads annotations, of what is made inside a function too: none of them as strings.

import json
import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Security, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse

from bearer_guard import AccessToken, Guard
from bearer_guard.fastapi import Bearer, BearerMiddleware
from integrations.caller import caller


def make_app() -> FastAPI:
    """The guarded application; its settings are in the file that API_SETTINGS names."""
    settings = Path(os.environ["API_SETTINGS"])
    guard = Guard.from_mapping(json.loads(settings.read_text("utf-8")))
    bearer = Bearer(guard)
    Reader = Annotated[AccessToken, Security(bearer, scopes=["orders:read"])]
    Writer = Annotated[AccessToken, Security(bearer, scopes=["orders:write"])]

    app = FastAPI(title="Orders")
    app.add_middleware(BearerMiddleware, guard=guard)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok"}

    @app.get("/orders")
    async def read_orders(token: Reader) -> dict[str, Any]:
        return {"orders": ["tea"], "caller": caller(token)}

    @app.post("/orders", status_code=201)
    async def place_order(request: Request, token: Writer) -> dict[str, Any]:
        ordered = (await request.body()).decode("utf-8", "replace")
        return {"ordered": ordered, "caller": caller(token)}

    @app.get("/orders/export")
    async def export_orders(token: Reader) -> StreamingResponse:
        return StreamingResponse(iter(["tea\n", "coffee\n", "sugar\n"]), media_type="text/csv")

    @app.get("/orders/broken")
    async def break_down(token: Reader) -> dict[str, Any]:
        raise ZeroDivisionError("this handler has a bug")

    @app.get("/admin/stock")
    async def read_stock(token: Annotated[AccessToken, Depends(bearer)]) -> dict[str, Any]:
        return {"stock": {"tea": 3}, "caller": caller(token)}

    @app.websocket("/echo")
    async def echo(websocket: WebSocket, token: Reader) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    @app.exception_handler(404)
    @app.exception_handler(405)
    async def no_such_route(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": "no such route"}, 404)

    return app
