"""``current_token``, what views raise, and who answers it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from quart import Blueprint, Response, stream_with_context
from quart_stage import LOOPS, answer_to, bare, guarded, with_routes
from starlette.testclient import TestClient
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import (
    AccessToken,
    AuthorizationServerUnavailable,
    BearerError,
    Guard,
    InsufficientScope,
    Issuer,
    MissingToken,
)
from bearer_guard.asgi import BearerMiddleware
from bearer_guard.quart import BearerGuard, access_token, current_token
from bearer_guard.testing import AuthorizationServer


async def own_words(error: BearerError) -> Any:
    return f"no: {error.reason}", 418


def test_the_token_is_there_in_async_views_and_in_threads(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)

    @app.get("/async")
    async def view() -> Any:
        assert isinstance(current_token, AccessToken)
        assert current_token == access_token()
        return current_token.subject

    @app.get("/sync")
    def in_a_thread() -> Any:
        return current_token.subject

    client = TestClient(app)
    for path in ("/async", "/sync"):
        assert client.get(path, headers=bearer(subject="alice")).text == "alice"


def test_on_a_public_path_there_is_none_whatever_was_sent(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)

    @app.get("/health")
    async def view() -> Any:
        assert not current_token
        return current_token.subject

    for headers in ({}, bearer()):
        refused = TestClient(app).get("/health", headers=headers)
        assert refused.headers["www-authenticate"] == 'Bearer realm="api"'


def test_outside_of_a_request_there_is_none() -> None:
    assert not current_token
    with pytest.raises(RuntimeError, match="request context"):
        access_token()


def test_whoever_answers_a_refusal_finds_no_token(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    app = guarded(make_guard(issuers=[Issuer(server.issuer, audience="inner-api")]))

    @app.errorhandler(BearerError)
    async def answer(error: BearerError) -> Any:
        return str(bool(current_token)), 401

    refused = TestClient(BearerMiddleware(app, make_guard())).get("/", headers=bearer())  # type: ignore[arg-type]
    assert (refused.status_code, refused.text) == (401, "False")


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
    client = TestClient(with_routes(app))
    for headers, path, reason in (
        ({}, "/orders", "token_missing"),
        ({}, "/nowhere", "token_missing"),
        (bearer(expires_in=-1000), "/orders", "expired"),
        (bearer(), "/admin/users", "scope_insufficient"),
    ):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.text) == (418, f"no: {reason}")


def test_within_another_application_its_own_handler_answers(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    """What it calls comes with the scope of a connection that the outer one has let in."""
    inner = guarded(make_guard(required_scopes=["inner"]))
    inner.register_error_handler(BearerError, own_words)
    outer = bare()
    outer.asgi_app = with_routes(inner)  # type: ignore[method-assign]
    BearerGuard(outer, guard=make_guard())
    client = TestClient(outer)
    refused = client.get("/orders", headers=bearer("other"))
    assert (refused.status_code, refused.text) == (418, "no: scope_insufficient")
    assert client.get("/orders", headers=bearer("inner")).status_code == 200


def test_the_handler_of_a_blueprint_answers_for_its_routes(guard: Guard) -> None:
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    blueprint.register_error_handler(BearerError, own_words)
    app = with_routes(guarded(guard))
    app.register_blueprint(with_routes(blueprint))
    client = TestClient(app)
    assert client.get("/api/orders").status_code == 418
    assert client.get("/api/nowhere").status_code == 401


def test_handlers_for_all_exceptions_do_not_get_refusals(guard: Guard, bearer: HeadersOf) -> None:
    async def broken(error: Exception) -> Any:
        return "broken", 500

    app = with_routes(guarded(guard))
    app.register_error_handler(Exception, broken)
    app.register_error_handler(401, broken)
    client = TestClient(app)
    assert client.get("/orders").headers["content-type"] == "application/problem+json"
    assert client.get("/raises", headers=bearer()).text == "broken"


@pytest.mark.parametrize(
    "error",
    [MissingToken(), InsufficientScope(("b",)), AuthorizationServerUnavailable("x", retry_after=7)],
)
def test_what_a_view_raises_is_answered_as_the_plain_middleware_does(
    guard: Guard, bearer: HeadersOf, error: BearerError
) -> None:
    async def view() -> Any:
        raise error

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        raise error

    app = guarded(guard)
    app.add_url_rule("/", view_func=view)
    for method in ("GET", "HEAD"):
        found, expected = (
            TestClient(each).request(method, "/", headers=bearer())
            for each in (app, BearerMiddleware(plain, guard))
        )
        assert found.status_code == expected.status_code
        assert found.headers.multi_items() == expected.headers.multi_items()
        assert found.content == expected.content


def test_a_refusal_keeps_the_challenges_that_are_added_to_it(guard: Guard) -> None:
    app = with_routes(guarded(guard))

    @app.after_request
    async def after(answer: Response) -> Response:
        answer.headers.add("WWW-Authenticate", 'Basic realm="old"')
        return answer

    challenges = TestClient(app).get("/orders").headers.get_list("www-authenticate")
    assert challenges == ['Bearer realm="api"', 'Basic realm="old"']


def test_in_the_middle_of_a_stream_a_refusal_breaks_it_off(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)

    @app.get("/")
    async def view() -> Any:
        @stream_with_context
        async def lines() -> AsyncIterator[str]:
            yield "one\n"
            access_token().require_scopes("more")

        return lines()

    with pytest.raises(Exception, match=r"scope_insufficient|TaskGroup") as raised:
        TestClient(app).get("/", headers=bearer())
    # Since Quart 0.23 in a group.
    found = getattr(raised.value, "exceptions", [raised.value])
    assert [type(error) for error in found] == [InsufficientScope]


def test_an_application_that_shows_its_errors_answers_refusals(guard: Guard) -> None:
    app = with_routes(guarded(guard))
    app.config.update(DEBUG=True, TESTING=True)
    assert TestClient(app).get("/orders").status_code == 401


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stream_ends_with_its_token_where_the_settings_say_so(
    make_guard: MakeGuard, bearer: HeadersOf, loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    guard = make_guard(issuer={"leeway": 0}, end_streams_at_expiry=True)
    app = guarded(guard, LOOPS[loop])

    @app.get("/")
    async def view() -> Any:
        async def lines() -> AsyncIterator[str]:
            yield "one\n"
            await anyio.sleep(1000)

        return lines()

    sent = answer_to(app, "/", bearer(expires_in=10), loop=loop, jumps=True)
    assert [message.get("body") for message in sent] == [None, b"one\n", b""]
    assert sent[-1]["more_body"] is False
    assert caplog.records == []
