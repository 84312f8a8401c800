"""The applications that the servers of these benchmarks serve, bare and guarded.

Each does as little as an application can, which makes the guard's share as large as it can be.
The servers run in processes of their own, so what they need comes by the environment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bearer_guard import Guard, Issuer
from benchmarks.material import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

ISSUER = "BENCHMARK_ISSUER"
REMEMBERED = "BENCHMARK_REMEMBERED_TOKENS"
_BODY = b'{"orders": []}'


def _guard() -> Guard:
    return Guard(
        audience=AUDIENCE,
        issuers=[Issuer(os.environ[ISSUER])],
        remembered_tokens=int(os.environ[REMEMBERED]),
    )


async def _asgi(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        raise ValueError("http only: serve it with --lifespan off")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def asgi() -> ASGIApp:
    """Raw ASGI: two messages."""
    return _asgi


def guarded_asgi() -> ASGIApp:
    """The same behind the middleware."""
    from bearer_guard.asgi import BearerMiddleware

    return BearerMiddleware(_asgi, _guard())


def least_asgi() -> ASGIApp:
    """The same behind what no middleware that remembers tokens can go without."""
    from benchmarks import least

    return least.around(_asgi)


def fastapi() -> FastAPI:
    """FastAPI with one path operation, a coroutine."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/orders")
    async def orders() -> dict[str, list[str]]:
        return {"orders": []}

    return app


def guarded_fastapi() -> ASGIApp:
    """The same behind the middleware."""
    from bearer_guard.asgi import BearerMiddleware

    return BearerMiddleware(fastapi(), _guard())


def least_fastapi() -> ASGIApp:
    """The same behind what no middleware that remembers tokens can go without."""
    from benchmarks import least

    return least.around(fastapi())


def _wsgi(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))]
    start_response("200 OK", headers)
    return [_BODY]


def wsgi() -> WSGIApplication:
    """Raw WSGI: one chunk."""
    return _wsgi


def guarded_wsgi() -> WSGIApplication:
    """The same behind the middleware."""
    from bearer_guard.wsgi import BearerMiddleware

    return BearerMiddleware(_wsgi, _guard())
