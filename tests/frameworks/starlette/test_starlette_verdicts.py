"""The same request gets the same answer from a Starlette application as from the plain middleware."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette_rows import ROWS, Row, assert_same_verdict, plain_application, table, tokens
from starlette_world import HeadersOf, MakeGuard, client

from bearer_guard import Guard, Rule
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.starlette import BearerMiddleware, access_token, require_scopes
from bearer_guard.testing import AuthorizationServer


async def orders(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {access_token(request).subject}")


@require_scopes("orders:write")
async def write(request: Request) -> Response:
    return PlainTextResponse("written")


async def ask_the_token(request: Request) -> Response:
    access_token(request).require_scopes("orders:write")
    return PlainTextResponse("written")


async def raises(request: Request) -> Response:
    raise ZeroDivisionError


async def preflight(request: Request) -> Response:
    return PlainTextResponse(request.user.display_name)


def routes(write_endpoint: Any = write) -> list[Route]:
    return [
        Route("/orders", preflight, methods=["OPTIONS"]),
        Route("/orders", orders),
        Route("/reports/1", orders),
        Route("/write", write_endpoint, methods=["POST"]),
        Route("/admin/users", orders),
        Route("/raises", raises),
        Route("/health", preflight),
    ]


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


@table()
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = Starlette(routes=routes(), middleware=[Middleware(BearerMiddleware, guard=guard)])
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_where_the_handler_asks_the_token(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = Starlette(
        routes=routes(ask_the_token), middleware=[Middleware(BearerMiddleware, guard=guard)]
    )
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_below_a_mount(row: Row, guard: Guard, made: dict[str, str]) -> None:
    app = Starlette(routes=routes(), middleware=[Middleware(BearerMiddleware, guard=guard)])
    mounted = Starlette(routes=[Mount("/api", app=app)])
    plain = Starlette(routes=[Mount("/api", app=PlainMiddleware(plain_application, guard))])
    assert_same_verdict(row, mounted, plain, made, prefix="/api")


async def hand_on(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    return response


# Starlette 0.40 leaves streams of anyio open, which today's anyio complains of when they go.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@table()
def test_it_is_the_same_through_a_middleware_of_functions_inside(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = Starlette(
        routes=routes(ask_the_token),
        middleware=[
            Middleware(BearerMiddleware, guard=guard),
            Middleware(BaseHTTPMiddleware, dispatch=hand_on),
        ],
    )
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)
    gc.collect()


@table()
def test_it_is_the_same_with_two_middlewares_around_each_other(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    twice = [Middleware(BearerMiddleware, guard=guard)] * 2
    app = Starlette(routes=routes(), middleware=twice)
    assert_same_verdict(row, app, PlainMiddleware(plain_application, guard), made)


@pytest.mark.parametrize("path", ["/admin/users%0A", "/write%0A", "/admin/users/%0A"])
def test_a_line_feed_behind_a_path_sheds_no_scope(
    make_guard: MakeGuard, bearer: HeadersOf, path: str
) -> None:
    """Starlette routes it as if it were not there: "$" matches before it, too."""
    reached = []

    async def endpoint(request: Request) -> Response:
        reached.append(request.scope["path"])
        return Response()

    guard = make_guard(
        rules=[Rule("/admin/users", scopes=["a"]), Rule("/write", scopes=["a"])],
    )
    app = Starlette(
        routes=[Route("/admin/users", endpoint), Route("/write", endpoint)],
        middleware=[Middleware(BearerMiddleware, guard=guard)],
    )
    assert client(app).get(path, headers=bearer("b")).status_code == 403
    assert reached == []


def test_every_kind_of_answer_is_in_the_table() -> None:
    assert {row.status for row in ROWS} == {200, 400, 401, 403, 404, 500, 503}


@pytest.mark.parametrize("cors_is_outside", [True, False])
def test_a_preflight_passes_whether_cors_sits_outside_or_inside(
    guard: Guard, cors_is_outside: bool
) -> None:
    cors = Middleware(CORSMiddleware, allow_origins=["https://a.example"])
    bearer = Middleware(BearerMiddleware, guard=guard)
    app = Starlette(
        routes=routes(), middleware=[cors, bearer] if cors_is_outside else [bearer, cors]
    )
    sent = {"origin": "https://a.example", "access-control-request-method": "GET"}
    answer = client(app).options("/orders", headers=sent)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    refused = client(app).get("/orders", headers={"origin": "https://a.example"})
    # A script reads a refusal only where CORS sits outside: the docs tell so.
    assert ("access-control-allow-origin" in refused.headers) is cors_is_outside
