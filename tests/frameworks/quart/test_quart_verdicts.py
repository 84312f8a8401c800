"""The same request gets the same answer from a Quart application as from the plain middleware."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from quart import Blueprint, Quart
from quart_cors import cors
from quart_stage import LOOPS, ask_the_token, guarded, with_routes
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette_rows import ROWS, Row, ask, assert_same_verdict, plain_application, table, tokens
from starlette_world import OPTIONS, HeadersOf, MakeGuard

from bearer_guard import Guard, Rule
from bearer_guard.asgi import BearerMiddleware
from bearer_guard.quart import BearerGuard
from bearer_guard.testing import AuthorizationServer


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


@table()
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard))
    assert_same_verdict(row, app, BearerMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_where_the_view_asks_the_token(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard), ask_the_token)
    assert_same_verdict(row, app, BearerMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_while_the_application_is_tested(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard))
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False)
    assert_same_verdict(row, app, BearerMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_below_a_mount(row: Row, guard: Guard, made: dict[str, str]) -> None:
    mounted, plain = (
        Starlette(routes=[Mount("/api", app=app)])
        for app in (with_routes(guarded(guard)), BearerMiddleware(plain_application, guard))
    )
    assert_same_verdict(row, mounted, plain, made, prefix="/api")


@table()
def test_it_is_the_same_with_the_plain_middleware_around(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard))
    app.asgi_app = BearerMiddleware(app.asgi_app, guard)
    assert_same_verdict(row, app, BearerMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_in_a_blueprint(row: Row, guard: Guard, made: dict[str, str]) -> None:
    app = guarded(guard)
    app.register_blueprint(with_routes(Blueprint("api", __name__)))
    assert_same_verdict(row, app, BearerMiddleware(plain_application, guard), made)


@table()
def test_it_is_the_same_on_trio(row: Row, guard: Guard, made: dict[str, str]) -> None:
    def on_trio(app: Any) -> Any:
        # The client that the table asks with runs the application on the loop that it is given.
        return TestClient(app, backend="trio", raise_server_exceptions=False)

    app, plain = (
        with_routes(guarded(guard, LOOPS["trio"])),
        BearerMiddleware(plain_application, guard),
    )
    headers = list(row.headers.items())
    named = [token for token in (row.token, row.second) if token is not None]
    headers += [("authorization", f"Bearer {made[token]}") for token in named]
    found, expected = (
        on_trio(each).request(row.method, f"http://testserver{row.path}", headers=headers)
        for each in (app, plain)
    )
    assert (found.status_code, expected.status_code) == (row.status, row.status)
    if not row.by_application:
        assert found.headers.multi_items() == expected.headers.multi_items()
        assert found.content == expected.content


def test_every_kind_of_answer_is_in_the_table() -> None:
    assert {row.status for row in ROWS} == {200, 400, 401, 403, 404, 500, 503}


@table()
def test_a_refusal_is_one_record(
    row: Row, make_guard: MakeGuard, made: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    # One of its own, whose log nothing was written into yet.
    guard = make_guard(**OPTIONS)
    with caplog.at_level(logging.DEBUG, "bearer_guard"):
        ask(with_routes(guarded(guard)), row, made)
    records = [record for record in caplog.records if record.getMessage().startswith("refused")]
    assert len(records) == (0 if row.by_application else 1)


def cors_first(app: Quart, guard: Guard) -> None:
    cors(app, allow_origin="https://a.example")
    BearerGuard(app, guard=guard)


def cors_last(app: Quart, guard: Guard) -> None:
    BearerGuard(app, guard=guard)
    cors(app, allow_origin="https://a.example")


@pytest.mark.parametrize("extend", [cors_first, cors_last])
def test_with_quart_cors_in_either_order_a_script_reads_refusals_too(
    guard: Guard, bearer: HeadersOf, extend: Any
) -> None:
    app = Quart(__name__)
    extend(app, guard)
    client = TestClient(with_routes(app))
    origin = {"origin": "https://a.example"}
    preflight = client.options(
        "/write", headers={**origin, "access-control-request-method": "POST"}
    )
    refused = client.post("/write", headers=origin)
    lesser = client.post("/write", headers={**origin, **bearer("other")})
    written = client.post("/write", headers={**origin, **bearer("orders:write")})
    answers = (preflight, refused, lesser, written)
    assert [answer.status_code for answer in answers] == [200, 401, 403, 200]
    allowed = {answer.headers["access-control-allow-origin"] for answer in answers}
    assert allowed == {"https://a.example"}


def test_the_plain_middleware_with_rules_goes_around_an_application(make_guard: MakeGuard) -> None:
    """What Quart calls ``root_path`` is a folder, and no part of a URL."""
    app = Quart(__name__)
    assert app.root_path
    guard = make_guard(rules=[Rule("/admin/**", scopes=["admin:all"])])
    assert BearerMiddleware(app, guard).app is app
