"""The same request gets the same answer from a Litestar application as from the plain middleware."""

from typing import Any

import pytest
from litestar import Controller, Litestar, Request, Response, Router, get, post, route
from litestar.config.cors import CORSConfig
from litestar_stage import Token, application
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount
from starlette_rows import Row, assert_same_verdict, plain_application, table, tokens
from starlette_world import client

from bearer_guard import Guard
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.litestar import access_token, require_scopes
from bearer_guard.testing import AuthorizationServer


@route("/orders", http_method=["GET", "OPTIONS"], status_code=200)
async def orders(request: Request[Any, Any, Any]) -> str:
    return "a preflight" if request.auth is None else request.auth.subject


@get(["/reports/1", "/admin/users"])
async def users(token: Token) -> str:
    return token.subject or ""


@post("/write", guards=[require_scopes("orders:write")], status_code=200)
async def write() -> str:
    return "written"


@post("/write", status_code=200, sync_to_thread=False)
def ask_the_token(token: Token) -> str:
    token.require_scopes("orders:write")
    return "written"


@post("/write", status_code=200, sync_to_thread=True)
def ask_the_token_in_a_thread(request: Request[Any, Any, Any]) -> str:
    access_token(request).require_scopes("orders:write")
    return "written"


@get("/raises")
async def raises() -> str:
    raise ZeroDivisionError


@get("/health")
async def health(request: Request[Any, Any, Any]) -> Response[str]:
    return Response(request.user.display_name, media_type="text/plain")


class Writing(Controller):
    path = "/write"
    guards = [require_scopes("orders:write")]  # noqa: RUF012 - Litestar's own way

    @post(status_code=200)
    async def write(self) -> str:
        return "written"


@post("/write", status_code=200)
async def unguarded_write() -> str:
    return "written"


WAYS = {
    "a_guard_of_the_handler": write,
    "a_guard_of_the_controller": Writing,
    "a_guard_of_the_router": Router(
        "/", route_handlers=[unguarded_write], guards=[require_scopes("orders:write")]
    ),
    "the_token": ask_the_token,
    "the_token_in_a_thread": ask_the_token_in_a_thread,
}


def app_with(guard: Guard, writing: Any = write, **more: Any) -> Litestar:
    return application(guard, orders, users, writing, raises, health, **more)


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


@pytest.mark.parametrize("way", WAYS)
@table()
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str], way: str
) -> None:
    app = app_with(guard, WAYS[way])
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_below_a_mount(row: Row, guard: Guard, made: dict[str, str]) -> None:
    mounted = Starlette(routes=[Mount("/api", app=app_with(guard))])
    plain = Starlette(routes=[Mount("/api", app=PlainMiddleware(plain_application, guard))])
    assert_same_verdict(row, mounted, plain, made, prefix="/api")


@table()
def test_it_is_the_same_inside_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = PlainMiddleware(app_with(guard), guard)
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_in_debug_mode(row: Row, guard: Guard, made: dict[str, str]) -> None:
    app = app_with(guard, ask_the_token, debug=True)
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


@pytest.mark.parametrize("cors_is_outside", [True, False])
def test_a_preflight_passes_whether_cors_sits_outside_or_inside(
    guard: Guard, cors_is_outside: bool
) -> None:
    origin = {"origin": "https://a.example"}
    app: Any
    if cors_is_outside:
        # Litestar's own stands around its router, and the guard within.
        app = app_with(guard, cors_config=CORSConfig(allow_origins=["https://a.example"]))
    else:
        app = app_with(
            guard, middleware=[lambda app: CORSMiddleware(app, allow_origins=[*origin.values()])]
        )
    preflight = {**origin, "access-control-request-method": "GET"}
    answer = client(app).options("/orders", headers=preflight)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    refused = client(app).get("/orders", headers=origin)
    assert refused.status_code == 401
    assert ("access-control-allow-origin" in refused.headers) is cors_is_outside
