"""``current_token``: where there is one, where there is none, and where Flask itself is not asked."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import copy_current_request_context, render_template_string, request
from flask_stage import guarded, with_routes
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import (
    AccessToken,
    BearerError,
    Guard,
    InsufficientScope,
    InvalidToken,
    Issuer,
    MissingToken,
    Request,
)
from bearer_guard.flask import access_token, current_token, require_scopes
from bearer_guard.testing import AuthorizationServer
from bearer_guard.wsgi import GUARD_KEY, KEY, BearerMiddleware


def test_it_is_the_requests_token(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)

    @app.get("/")
    def view() -> Any:
        assert isinstance(current_token, AccessToken)
        assert current_token == access_token()
        assert bool(current_token)
        return render_template_string(
            "for {{ current_token.subject }}", current_token=current_token
        )

    answer = app.test_client().get("/", headers=bearer(subject="alice"))
    assert answer.text == "for alice"


def test_it_follows_the_request_into_an_async_view_and_a_thread(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = guarded(guard)

    @app.get("/async")
    async def in_a_coroutine() -> Any:
        return current_token.subject

    @app.get("/thread")
    def in_a_thread() -> Any:
        found = []

        @copy_current_request_context
        def look() -> None:
            found.append(current_token.subject)

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return found[0]

    for path in ("/async", "/thread"):
        assert app.test_client().get(path, headers=bearer(subject="alice")).text == "alice"


def test_on_a_public_path_there_is_none_whatever_was_sent(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)

    @app.get("/health")
    def view() -> Any:
        assert not current_token
        assert repr(current_token) == "<LocalProxy unbound>"
        with pytest.raises(MissingToken):
            access_token()
        return current_token.subject

    for headers in ({}, bearer()):
        refused = app.test_client().get("/health", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="api"'


def test_outside_of_a_request_there_is_none() -> None:
    assert not current_token
    with pytest.raises(RuntimeError, match="request context"):
        access_token()


def test_whoever_answers_a_refusal_finds_no_token(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    outer = make_guard()
    app = guarded(make_guard(issuers=[Issuer(server.issuer, audience="inner-api")]))

    @app.errorhandler(BearerError)
    def answer(error: BearerError) -> Any:
        return str(bool(current_token)), 401

    @app.after_request
    def after(answer: Any) -> Any:
        answer.headers["x-token"] = str(bool(current_token))
        return answer

    app.wsgi_app = BearerMiddleware(app.wsgi_app, outer)  # type: ignore[method-assign]
    refused = app.test_client().get("/", headers=bearer())
    assert (refused.text, refused.headers["x-token"]) == ("False", "False")


def test_one_request_in_an_application_context_says_nothing_to_the_next(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = with_routes(guarded(guard))
    with app.app_context():
        client = app.test_client()
        assert client.get("/orders", headers=bearer(subject="alice")).text == "for alice"
        assert client.get("/orders", headers=bearer(subject="bob")).text == "for bob"
        assert client.get("/orders").status_code == 401


def test_a_test_that_keeps_the_context_sees_it(guard: Guard, bearer: HeadersOf) -> None:
    app = with_routes(guarded(guard))
    with app.test_client() as client:
        client.get("/orders", headers=bearer(subject="alice"))
        assert current_token.subject == "alice"
        client.get("/orders")
        assert not current_token


def test_in_a_request_context_of_a_test_the_request_is_checked_as_it_is_asked_for(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = guarded(guard)

    @require_scopes("a")
    def view() -> Any:
        return current_token.subject

    with app.test_request_context("/", headers=bearer("a", subject="alice")):
        assert view() == "alice"
    with app.test_request_context("/", headers=bearer("b")), pytest.raises(InsufficientScope):
        view()
    with app.test_request_context("/", headers=bearer(expires_in=-1000)):
        for _ in range(2):
            with pytest.raises(BearerError):
                view()
    with app.test_request_context("/"), pytest.raises(MissingToken):
        view()


def test_what_another_guard_let_in_counts_for_nothing_there_either(
    guard: Guard, make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    app, other = guarded(guard), make_guard(required_scopes=["a"])
    good = bearer("a", subject="alice")
    seen = {GUARD_KEY: other, KEY: other.check(Request(headers=good))}
    with app.test_request_context("/", environ_overrides=seen), pytest.raises(MissingToken):
        access_token()
    with app.test_request_context("/", headers=bearer(subject="bob"), environ_overrides=seen):
        assert access_token().subject == "bob"


def test_there_the_functions_before_a_request_may_be_called_as_well(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = with_routes(guarded(guard))
    with app.test_request_context("/orders", headers=bearer(subject="alice")):
        app.preprocess_request()
        assert current_token.subject == "alice"
    expired = bearer(expires_in=-1000)
    with app.test_request_context("/orders", headers=expired), pytest.raises(InvalidToken):
        app.preprocess_request()


def test_a_request_to_another_application_within_a_request_changes_nothing(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    outer, inner = guarded(make_guard(realm="outer")), guarded(make_guard(realm="inner"))
    with_routes(inner)

    @outer.get("/orders")
    def view() -> Any:
        # As a WSGI application that a view returns: it is run with this request's environ.
        from werkzeug.test import run_wsgi_app

        run_wsgi_app(inner, request.environ)
        return current_token.subject

    answer = outer.test_client().get("/orders", headers=bearer(subject="alice"))
    assert answer.text == "alice"
