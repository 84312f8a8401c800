"""The same request gets the same answer from an API of ninja as from the plain middleware.

With Django's middleware around it, and alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest
from django_world import AWAY, BEARER, Answer, Options, Way, ask_wsgi
from ninja_stage import both, new_api, seen, served, serving
from starlette_rows import ROWS, Row, tokens

from bearer_guard.django import conf
from bearer_guard.ninja import Bearer
from bearer_guard.testing import AuthorizationServer
from bearer_guard.wsgi import BearerMiddleware as WsgiMiddleware
from bearer_guard.wsgi import require_scopes as wsgi_require_scopes

# A view of ninja's is csrf_exempt, and its operations are for the methods that they name.
OF_NINJA = {
    "a preflight": 405,
    "OPTIONS without a token": 405,
    "HEAD without a token": 405,
    "HEAD with a scope too few": 405,
    "an unknown route without a token": 404,
    "a public path, and something before it": 404,
}


def orders(request: HttpRequest) -> Any:
    return seen(request)


def raises(request: HttpRequest) -> Any:
    raise ZeroDivisionError


def asks(request: HttpRequest) -> Any:
    request.auth.require_scopes("orders:write")  # type: ignore[attr-defined]


def health(request: HttpRequest) -> Any:
    return {"status": "ok"}


def make_api(is_async: bool) -> Any:
    bearer = Bearer()
    api = new_api(auth=bearer)
    for where in ("/orders", "/admin/users", "/reports/1"):
        api.get(where)(both(orders, is_async))
    api.post("/write", auth=bearer.require_scopes("orders:write"))(both(orders, is_async))
    api.get("/raises")(both(raises, is_async))
    api.get("/asks")(both(asks, is_async))
    api.get("/health", auth=None)(both(health, is_async))
    return api


@pytest.fixture(scope="module", params=[False, True], ids=["sync", "async"])
def table_project(
    request: pytest.FixtureRequest, options: Options, server: AuthorizationServer
) -> Iterator[None]:
    given = options(
        issuers=[server.issuer, AWAY],
        public=["/health"],
        log_records=10_000,
        rules=[
            {"path": "/admin/**", "scopes": ["admin:all"]},
            {"path": "/reports/**", "methods": ["GET"], "any_scope": ["reports:read", "clerk"]},
        ],
    )
    with serving(make_api(request.param), given):
        yield


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


def sent(row: Row, made: dict[str, str]) -> list[tuple[str, str]]:
    named = [token for token in (row.token, row.second) if token is not None]
    return [*row.headers.items(), *(("authorization", f"Bearer {made[token]}") for token in named)]


def ask_plain(row: Row, made: dict[str, str], *needed: str) -> Answer:
    def empty(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b""]

    app = WsgiMiddleware(wsgi_require_scopes(*needed)(empty), conf.guard())
    return ask_wsgi(app, row.path, sent(row, made), method=row.method)


def rows() -> Any:
    return pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "_") for row in ROWS])


@rows()
def test_behind_the_middleware_the_answer_is_that_of_the_plain_one(
    row: Row, table_project: None, way: Way, made: dict[str, str], settings_override: Any
) -> None:
    settings_override(MIDDLEWARE=[BEARER])
    found = way(row.path, sent(row, made), method=row.method)
    if row.by_application:
        assert found.status == (405 if row.name == "a preflight" else row.status)
        assert found.header("www-authenticate") is None
    else:
        needed = ["orders:write"] if row.path == "/write" else []
        assert found == ask_plain(row, made, *needed)
        assert found.status == row.status


@rows()
def test_without_it_too_save_for_what_is_no_operation(
    row: Row, table_project: None, way: Way, made: dict[str, str]
) -> None:
    found = way(row.path, sent(row, made), method=row.method)
    assert found.status == OF_NINJA.get(row.name, row.status)
    if row.by_application or row.name in OF_NINJA:
        assert found.header("www-authenticate") is None
    else:
        needed = ["orders:write"] if row.path == "/write" else []
        assert found == ask_plain(row, made, *needed)


def test_what_an_operation_asks_of_the_token_is_answered(
    table_project: None, way: Way, made: dict[str, str]
) -> None:
    row = Row("", 403, "/asks", "good")
    assert way(row.path, sent(row, made)) == ask_plain(row, made, "orders:write")


def test_each_refusal_is_one_record_in_the_log(
    table_project: None,
    way: Way,
    made: dict[str, str],
    settings_override: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for middleware in ([], [BEARER]):
        settings_override(MIDDLEWARE=middleware)
        for row in ROWS:
            caplog.clear()
            found = way(row.path, sent(row, made), method=row.method)
            if found.status in (400, 401, 403, 503):
                told = [record for record in caplog.records if "refused: " in record.getMessage()]
                assert len(told) == 1
                # Django mails what it tells of as an error.
                assert "django.request" not in {record.name for record in caplog.records}


def test_head_and_options_get_what_the_guard_says_where_an_operation_serves_them(
    options: Options, way: Way, made: dict[str, str]
) -> None:
    for is_async in (False, True):
        api = new_api(auth=Bearer())
        api.api_operation(["GET", "HEAD", "OPTIONS"], "/orders")(both(orders, is_async))
        with serving(api, options()):
            for method in ("HEAD", "OPTIONS"):
                row = Row("", 401, method=method)
                assert way(row.path, method=method) == ask_plain(row, made)
            preflight = Row("a preflight", 401, method="OPTIONS", headers=ROWS_PREFLIGHT)
            assert way(preflight.path, sent(preflight, made), method="OPTIONS").status == 401


ROWS_PREFLIGHT = next(row.headers for row in ROWS if row.name == "a preflight")


def test_a_mounted_api_answers_below_its_place(
    options: Options, way: Way, made: dict[str, str]
) -> None:
    from django.urls import include, path

    urls: Any = served(new_api())
    inner = make_api(is_async=False)
    urls.urlpatterns = [path("api/", include([path("v1/", inner.urls)]))]
    from django_world import project

    rules = [{"path": "/api/v1/admin/**", "scopes": ["admin:all"]}]
    with project(options(rules=rules), urls, []):
        refused = way("/api/v1/admin/users", sent(Row("", 403, token="good"), made))
        assert refused.status == 403
        assert refused.header("www-authenticate") == (
            'Bearer realm="api", error="insufficient_scope", '
            'error_description="The access token grants too little.", scope="admin:all"'
        )
        assert way("/api/v1/orders", sent(Row("", 200, token="good"), made)).status == 200
