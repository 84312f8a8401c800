"""The same request gets the same answer from a Flask application as from the plain middleware."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask_cors import CORS
from flask_stage import ask, ask_the_token, assert_same_verdict, guarded, plain, with_routes
from starlette_rows import ROWS, Row, table, tokens
from starlette_world import OPTIONS, HeadersOf, MakeGuard
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from bearer_guard import Guard
from bearer_guard.flask import BearerGuard
from bearer_guard.testing import AuthorizationServer
from bearer_guard.wsgi import BearerMiddleware


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


@table()
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard))
    assert_same_verdict(row, app, BearerMiddleware(plain, guard), made)


@table()
def test_it_is_the_same_where_the_view_asks_the_token(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard), ask_the_token)
    assert_same_verdict(row, app, BearerMiddleware(plain, guard), made)


@table()
def test_it_is_the_same_while_the_application_is_tested(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard))
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False, TRAP_HTTP_EXCEPTIONS=False)
    assert_same_verdict(row, app, BearerMiddleware(plain, guard), made)


@table()
def test_it_is_the_same_below_a_mount(row: Row, guard: Guard, made: dict[str, str]) -> None:
    mounted, other = (
        DispatcherMiddleware(NotFound(), {"/api": app})
        for app in (with_routes(guarded(guard)), BearerMiddleware(plain, guard))
    )
    assert_same_verdict(row, mounted, other, made, prefix="/api")


@table()
def test_it_is_the_same_with_the_plain_middleware_around(
    row: Row, guard: Guard, made: dict[str, str]
) -> None:
    app = with_routes(guarded(guard))
    app.wsgi_app = BearerMiddleware(app.wsgi_app, guard)  # type: ignore[method-assign]
    assert_same_verdict(row, app, BearerMiddleware(plain, guard), made)


@table()
def test_it_is_the_same_in_a_blueprint(row: Row, guard: Guard, made: dict[str, str]) -> None:
    blueprint = Blueprint("api", __name__)
    with_routes(blueprint)  # type: ignore[arg-type]
    app = guarded(guard)
    app.register_blueprint(blueprint)
    assert_same_verdict(row, app, BearerMiddleware(plain, guard), made)


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


def cors_first(app: Flask, guard: Guard) -> None:
    CORS(app, origins=["https://a.example"])
    BearerGuard(app, guard=guard)


def cors_last(app: Flask, guard: Guard) -> None:
    BearerGuard(app, guard=guard)
    CORS(app, origins=["https://a.example"])


@pytest.mark.parametrize("extend", [cors_first, cors_last])
def test_with_flask_cors_in_either_order_a_script_reads_refusals_too(
    guard: Guard, bearer: HeadersOf, extend: Any
) -> None:
    app = Flask(__name__)
    extend(app, guard)
    client = with_routes(app).test_client()
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
