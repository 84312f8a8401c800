"""The same request gets the same answer from an aiohttp application as from the plain middleware."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp_stage import Answer, application, ask, whose
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette_rows import ROWS, Row, plain_application, table, tokens
from starlette_rows import ask as ask_plain

from bearer_guard import Guard
from bearer_guard.aiohttp import access_token, require_scopes, setup
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.testing import AuthorizationServer


@require_scopes("orders:write")
async def write(request: web.Request) -> web.Response:
    return web.Response(text="written")


async def ask_the_token(request: web.Request) -> web.Response:
    access_token(request).require_scopes("orders:write")
    return web.Response(text="written")


class Orders:
    @require_scopes("orders:write")
    async def write(self, request: web.Request) -> web.Response:
        return web.Response(text="written")


class WriteView(web.View):
    @require_scopes("orders:write")
    async def post(self) -> web.Response:
        return web.Response(text="written")


@require_scopes("orders:write")
class GuardedView(web.View):
    async def post(self) -> web.Response:
        return web.Response(text="written")


async def raises(request: web.Request) -> web.Response:
    raise ZeroDivisionError


async def anybody(request: web.Request) -> web.Response:
    return web.Response(text="let in")


WAYS = {
    "a_function": write,
    "a_method": Orders().write,
    "a_method_of_a_view": WriteView,
    "a_view": GuardedView,
    "the_token": ask_the_token,
}


def routes(writing: Any = write) -> list[web.RouteDef]:
    return [
        *(web.get(path, whose) for path in ("/orders", "/reports/1", "/admin/users")),
        web.options("/orders", anybody),
        web.post("/write", writing),
        web.get("/raises", raises),
        web.get("/health", anybody),
    ]


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


def sent(row: Row, made: dict[str, str]) -> list[tuple[str, str]]:
    named = [token for token in (row.token, row.second) if token is not None]
    return [*row.headers.items(), *(("authorization", f"Bearer {made[each]}") for each in named)]


def assert_same_verdict(
    row: Row, app: web.Application, plain: Any, made: dict[str, str], prefix: str = ""
) -> None:
    found = ask(app, sent(row, made), prefix + row.path, row.method)
    expected = ask_plain(plain, row, made, prefix)
    assert (found.status, expected.status) == (row.status, row.status)
    if row.by_application:
        assert found["www-authenticate"] is None
    else:
        assert found == Answer(*expected)


@pytest.mark.parametrize("way", WAYS)
@table()
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str], way: str
) -> None:
    app = application(guard, *routes(WAYS[way]))
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_in_a_part_of_an_application(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    outermost, outer = web.Application(), web.Application()
    outer.add_subapp("/part", application(guard, *routes()))
    outermost.add_subapp("/api", outer)
    plain = Starlette(routes=[Mount("/api/part", app=PlainMiddleware(plain_application, guard))])
    assert_same_verdict(row, outermost, plain, made, prefix="/api/part")


@table()
def test_it_is_the_same_with_two_guards_around_each_other(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = application(guard, *routes())
    setup(app, guard)
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


def test_every_kind_of_answer_is_in_the_table() -> None:
    assert {row.status for row in ROWS} == {200, 400, 401, 403, 404, 500, 503}


def test_a_preflight_passes_and_a_refusal_is_read_by_scripts(guard: Guard) -> None:
    """CORS as aiohttp-cors does it: a route for preflights, a signal for all answers."""

    async def allow(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Access-Control-Allow-Origin"] = "https://a.example"

    app = application(guard, *routes())
    app.on_response_prepare.append(allow)
    origin = {"origin": "https://a.example"}
    preflight = {**origin, "access-control-request-method": "GET"}
    passed = ask(application(guard, *routes()), preflight, "/orders", "OPTIONS")
    assert passed.status == 200
    refused = ask(app, origin, "/orders")
    assert (refused.status, refused["access-control-allow-origin"]) == (401, "https://a.example")
