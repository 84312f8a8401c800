"""The same request gets the same answer from a Django project as from the plain middleware."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django_world import AWAY, BEARER, WSGI, Answer, Options, Way, ask_asgi, ask_wsgi, project, urls
from starlette_rows import ROWS, Row, plain_application, tokens

from bearer_guard.asgi import BearerMiddleware as AsgiMiddleware
from bearer_guard.django import access_token, conf, require_scopes
from bearer_guard.testing import AuthorizationServer
from bearer_guard.wsgi import BearerMiddleware as WsgiMiddleware
from bearer_guard.wsgi import require_scopes as wsgi_require_scopes


def orders(request: HttpRequest) -> HttpResponse:
    token = request.access_token  # type: ignore[attr-defined]
    return HttpResponse(f"{request.method} {token and token.subject}")


async def orders_async(request: HttpRequest) -> HttpResponse:
    return orders(request)


def raises(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


async def raises_async(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def asks_the_token(request: HttpRequest) -> HttpResponse:
    access_token(request).require_scopes("orders:write")
    return HttpResponse("written")


async def asks_the_token_async(request: HttpRequest) -> HttpResponse:
    return asks_the_token(request)


def routes(view: Any, raising: Any, write: Any) -> Any:
    return urls(
        **dict.fromkeys(("orders", "reports/1", "admin/users", "health"), view),
        write=write,
        raises=raising,
    )


ROUTES = {
    "sync_views": routes(orders, raises, require_scopes("orders:write")(orders)),
    "async_views": routes(orders_async, raises_async, require_scopes("orders:write")(orders_async)),
    "asking_the_token": routes(orders, raises, asks_the_token),
    "asking_the_token_async": routes(orders_async, raises_async, asks_the_token_async),
}
USUAL = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    BEARER,
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
]
OF_OTHERS = {
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "x-frame-options",
}
"""What Django's own middleware adds to every answer."""


@pytest.fixture(scope="module", params=ROUTES.values(), ids=ROUTES)
def table_project(
    request: pytest.FixtureRequest, options: Options, server: AuthorizationServer
) -> Iterator[None]:
    given = options(
        issuers=[server.issuer, AWAY],
        public=["/health"],
        rules=[
            {"path": "/admin/**", "scopes": ["admin:all"]},
            {"path": "/reports/**", "methods": ["GET"], "any_scope": ["reports:read", "clerk"]},
        ],
    )
    with project(given, request.param):
        yield


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


def plain_wsgi_application(environ: Any, start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/raises":
        raise ZeroDivisionError
    if environ["PATH_INFO"] == "/write":
        return wsgi_require_scopes("orders:write")(empty)(environ, start_response)
    return empty(environ, start_response)


def empty(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return [b""]


def ask_plain(way: Way, row: Row, made: dict[str, str], **more: Any) -> Answer:
    guard = conf.guard()
    if way is WSGI:
        return ask_wsgi(
            WsgiMiddleware(plain_wsgi_application, guard), row.path, sent(row, made), **more
        )
    return ask_asgi(AsgiMiddleware(plain_application, guard), row.path, sent(row, made), **more)


def sent(row: Row, made: dict[str, str]) -> list[tuple[str, str]]:
    named = [token for token in (row.token, row.second) if token is not None]
    return [*row.headers.items(), *(("authorization", f"Bearer {made[token]}") for token in named)]


@pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "_") for row in ROWS])
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, table_project: None, way: Way, made: dict[str, str]
) -> None:
    found = way(row.path, sent(row, made), method=row.method)
    assert found.status == row.status
    if row.by_application:
        assert found.header("www-authenticate") is None
    else:
        assert found == ask_plain(way, row, made, method=row.method)
        assert (found.header("www-authenticate") is None) == (row.status == 503)


@pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "_") for row in ROWS])
def test_it_is_the_same_amid_the_middleware_of_a_new_project(
    row: Row, table_project: None, way: Way, made: dict[str, str], settings_override: Any
) -> None:
    settings_override(MIDDLEWARE=USUAL)
    found = way(row.path, sent(row, made), method=row.method)
    assert found.status == row.status
    if not row.by_application:
        ours = [(name, value) for name, value in found.headers if name.lower() not in OF_OTHERS]
        assert found._replace(headers=ours) == ask_plain(way, row, made, method=row.method)


@pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "_") for row in ROWS])
def test_it_is_the_same_with_the_middleware_twice(
    row: Row, table_project: None, way: Way, made: dict[str, str], settings_override: Any
) -> None:
    settings_override(MIDDLEWARE=[BEARER, BEARER])
    found = way(row.path, sent(row, made), method=row.method)
    assert found.status == row.status
    if not row.by_application:
        assert found == ask_plain(way, row, made, method=row.method)


def test_every_kind_of_answer_is_in_the_table() -> None:
    assert {row.status for row in ROWS} == {200, 400, 401, 403, 404, 500, 503}
