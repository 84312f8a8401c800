"""What views and hooks raise, and who answers it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, stream_with_context
from flask_stage import bare, guarded, with_routes
from starlette_world import HeadersOf
from werkzeug.exceptions import HTTPException
from werkzeug.test import Client

from bearer_guard import (
    AuthorizationServerUnavailable,
    BearerError,
    Guard,
    InsufficientScope,
    MissingToken,
)
from bearer_guard.flask import BearerGuard, access_token
from bearer_guard.wsgi import BearerMiddleware
from bearer_guard.wsgi import access_token as plain_access_token


def own_words(error: BearerError) -> Any:
    return f"no: {error.reason}", 418


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_users_own_handler_answers_whenever_it_was_registered(
    guard: Guard, bearer: HeadersOf, when: str
) -> None:
    app = bare()
    if when == "before":
        app.register_error_handler(BearerError, own_words)
    BearerGuard(app, guard=guard)
    if when == "after":
        app.register_error_handler(BearerError, own_words)
    client = with_routes(app).test_client()
    for headers, path, reason in (
        ({}, "/orders", "token_missing"),
        ({}, "/nowhere", "token_missing"),
        (bearer(expires_in=-1000), "/orders", "expired"),
        (bearer(), "/admin/users", "scope_insufficient"),
    ):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.text) == (418, f"no: {reason}")


def test_a_handler_for_one_kind_of_error_leaves_the_others(guard: Guard, bearer: HeadersOf) -> None:
    app = with_routes(guarded(guard))
    app.register_error_handler(InsufficientScope, own_words)
    client = app.test_client()
    assert client.get("/admin/users", headers=bearer()).status_code == 418
    assert client.get("/admin/users").status_code == 401


def test_the_handler_of_a_blueprint_answers_for_its_routes(guard: Guard) -> None:
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    blueprint.register_error_handler(BearerError, own_words)
    with_routes(blueprint)  # type: ignore[arg-type]
    app = with_routes(guarded(guard))
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert client.get("/api/orders").status_code == 418
    assert client.get("/api/nowhere").status_code == 401
    assert client.get("/orders").status_code == 401


def test_handlers_for_all_exceptions_do_not_get_refusals(guard: Guard, bearer: HeadersOf) -> None:
    app = with_routes(guarded(guard))
    app.register_error_handler(Exception, lambda error: ("broken", 500))
    app.register_error_handler(HTTPException, lambda error: ("http", error.code))
    app.register_error_handler(401, lambda error: ("not authenticated", 401))
    client = app.test_client()
    assert client.get("/orders").mimetype == "application/problem+json"
    assert client.get("/raises", headers=bearer()).text == "broken"
    assert client.get("/nowhere", headers=bearer()).text == "http"


def test_the_applications_own_pages_are_as_they_were(guard: Guard, bearer: HeadersOf) -> None:
    app, unguarded = with_routes(guarded(guard)), with_routes(bare())
    for path in ("/nowhere", "/raises", "/write"):
        found = app.test_client().get(path, headers=bearer())
        expected = unguarded.test_client().get(path)
        assert (found.status_code, found.data, list(found.headers)) == (
            (expected.status_code, expected.data, list(expected.headers))
        )


def raising(error: BearerError) -> Any:
    def view() -> Any:
        raise error

    return view


@pytest.mark.parametrize(
    "error",
    [MissingToken(), InsufficientScope(("b",)), AuthorizationServerUnavailable("x", retry_after=7)],
)
def test_what_a_view_raises_is_answered_as_the_plain_middleware_does(
    guard: Guard, bearer: HeadersOf, error: BearerError
) -> None:
    app = guarded(guard)
    app.add_url_rule("/", view_func=raising(error))

    def plain(environ: Any, start_response: Any) -> Any:
        raise error

    for method in ("GET", "HEAD"):
        answers = [
            Client(each).open("/", method=method, headers=bearer())
            for each in (app, BearerMiddleware(plain, guard))
        ]
        found, expected = ((each.status_code, list(each.headers), each.data) for each in answers)
        assert found == expected


def test_what_is_raised_before_a_request_is_answered_too(guard: Guard, bearer: HeadersOf) -> None:
    app = with_routes(guarded(guard))

    @app.before_request
    def before() -> None:
        access_token().require_scopes("everywhere")

    refused = app.test_client().get("/orders", headers=bearer("other"))
    assert refused.headers["www-authenticate"].endswith('scope="everywhere"')


def test_a_refusal_keeps_the_challenges_that_are_added_to_it(guard: Guard) -> None:
    app = with_routes(guarded(guard))

    @app.after_request
    def after(answer: Response) -> Response:
        answer.headers.add("WWW-Authenticate", 'Basic realm="old"')
        return answer

    challenges = app.test_client().get("/orders").headers.getlist("www-authenticate")
    assert challenges == ['Bearer realm="api"', 'Basic realm="old"']


def test_in_the_middle_of_a_stream_a_refusal_breaks_it_off_as_in_the_plain_middleware(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = guarded(guard)

    @app.get("/")
    def view() -> Any:
        def lines() -> Iterator[str]:
            yield "one\n"
            access_token().require_scopes("more")

        return stream_with_context(lines())

    def plain(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"one\n"
        plain_access_token(environ).require_scopes("more")

    for each in (app, BearerMiddleware(plain, guard)):
        answer = Client(each).get("/", headers=bearer(), buffered=False)
        chunks = answer.iter_encoded()
        assert (answer.status_code, next(chunks)) == (200, b"one\n")
        with pytest.raises(InsufficientScope):
            next(chunks)
        answer.close()


def test_an_application_that_shows_its_errors_answers_refusals(
    guard: Guard, bearer: HeadersOf
) -> None:
    app: Flask = with_routes(guarded(guard))
    app.config.update(DEBUG=True, TESTING=True, TRAP_BAD_REQUEST_ERRORS=True)
    assert app.test_client().get("/orders").status_code == 401
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/raises", headers=bearer())
