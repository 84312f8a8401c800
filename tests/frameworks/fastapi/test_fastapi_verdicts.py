"""The same request gets the same answer from a FastAPI application as from the plain middleware.

With the middleware and ``Bearer``; with ``Bearer`` alone; and with the middleware alone.
"""
# ruff: noqa: B008 - FastAPI's own way to say what an endpoint needs

import functools
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request, Security
from starlette.routing import Mount
from starlette_rows import Row, ask, assert_same_verdict, plain_application, table, tokens

from bearer_guard import AccessToken, Guard
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.fastapi import Bearer, BearerMiddleware, access_token
from bearer_guard.testing import AuthorizationServer

# Without the middleware only declared routes are guarded, and OPTIONS is a route like another.
OF_BEARER_ALONE = {
    "an unknown route without a token": 404,
    "a public path, and something before it": 404,
    "a preflight": 401,
}


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


def with_both(guard: Guard) -> FastAPI:
    app = bearer_alone(guard)
    app.add_middleware(BearerMiddleware, guard=guard)
    return app


def bearer_alone(guard: Guard) -> FastAPI:
    app = FastAPI()
    bearer = Bearer(guard)

    @app.api_route("/orders", methods=["GET", "HEAD", "OPTIONS"])
    @app.api_route("/admin/users", methods=["GET", "HEAD"])
    @app.get("/reports/1")
    async def orders(token: AccessToken = Depends(bearer)) -> Any:
        return token.subject

    @app.post("/write")
    def write(token: AccessToken = Security(bearer, scopes=["orders:write"])) -> Any:
        return token.subject

    @app.get("/raises")
    def raises(token: AccessToken = Depends(bearer)) -> Any:
        raise ZeroDivisionError

    @app.get("/health")
    async def health() -> Any:
        return "ok"

    return app


def middleware_alone(guard: Guard) -> FastAPI:
    app = FastAPI()
    app.add_middleware(BearerMiddleware, guard=guard)

    @app.api_route("/orders", methods=["GET", "HEAD"])
    @app.api_route("/admin/users", methods=["GET", "HEAD"])
    @app.get("/reports/1")
    async def orders(token: AccessToken = Depends(access_token)) -> Any:
        return token.subject

    @app.options("/orders")
    @app.get("/health")
    async def health() -> Any:
        return "ok"

    @app.post("/write")
    def write(request: Request) -> Any:
        access_token(request).require_scopes("orders:write")

    @app.get("/raises")
    def raises() -> Any:
        raise ZeroDivisionError

    return app


MakeApp = Callable[[Guard], FastAPI]


@functools.cache
def built(make_app: MakeApp, guard: Guard, prefix: str) -> tuple[Any, Any]:
    """The application, and what it is compared with."""
    app, plain = make_app(guard), PlainMiddleware(plain_application, guard)
    if not prefix:
        return app, plain
    return FastAPI(routes=[Mount(prefix, app=app)]), FastAPI(routes=[Mount(prefix, app=plain)])


@pytest.mark.parametrize("make_app", [with_both, bearer_alone, middleware_alone])
@pytest.mark.parametrize("prefix", ["", "/api"])
@table()
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str], make_app: MakeApp, prefix: str
) -> None:
    app, plain = built(make_app, guard, prefix)
    if make_app is bearer_alone and row.name in OF_BEARER_ALONE:
        assert ask(app, row, made, prefix).status == OF_BEARER_ALONE[row.name]
    elif make_app is with_both and row.name == "a preflight":
        # The route asks for a token, whatever the guard lets pass: CORSMiddleware answers first.
        assert ask(app, row, made, prefix).status == 401
    else:
        assert_same_verdict(row, app, plain, made, prefix)
