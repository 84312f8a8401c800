"""``require_scopes`` and ``require_any_scope`` on every kind of endpoint that Starlette has."""

from __future__ import annotations

import functools
import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette_world import HeadersOf, client

from bearer_guard import Guard
from bearer_guard.starlette import (
    BearerMiddleware,
    access_token,
    require_any_scope,
    require_scopes,
)

FORBIDDEN = (
    'Bearer realm="api", error="insufficient_scope", '
    'error_description="The access token grants too little.", scope="{}"'
)


def app(guard: Guard, endpoint: Any, path: str = "/orders", **options: Any) -> Starlette:
    return Starlette(
        routes=[Route(path, endpoint, **options)],
        middleware=[Middleware(BearerMiddleware, guard=guard)],
    )


@require_scopes("a", "b")
async def a_coroutine_function(request: Request) -> Response:
    """Told."""
    return PlainTextResponse("let in")


@require_scopes("a", "b")
def a_function(request: Request) -> Response:
    return PlainTextResponse("let in")


class Methods:
    @require_scopes("a", "b")
    async def a_coroutine_method(self, request: Request) -> Response:
        return PlainTextResponse("let in")

    @require_scopes("a", "b")
    def a_method(self, request: Request) -> Response:
        return PlainTextResponse("let in")


class Orders(HTTPEndpoint):
    @require_scopes("a", "b")
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("let in")

    def put(self, request: Request) -> Response:
        return PlainTextResponse("open to all with a token")


@require_scopes("a", "b")
class WholeClass(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("let in")

    def post(self, request: Request) -> Response:
        return PlainTextResponse("let in")


class Heir(WholeClass):
    """Inherits what it needs."""


async def _of(request: Request, greeting: str) -> Response:
    return PlainTextResponse(greeting)


ENDPOINTS = {
    "a coroutine function": a_coroutine_function,
    "a function": a_function,
    "a coroutine method": Methods().a_coroutine_method,
    "a method": Methods().a_method,
    "a method of an endpoint class": Orders,
    "an endpoint class": WholeClass,
    "a class derived from it": Heir,
    "a partial function": require_scopes("a", "b")(functools.partial(_of, greeting="let in")),
}


@pytest.fixture(params=ENDPOINTS.values(), ids=[name.replace(" ", "_") for name in ENDPOINTS])
def endpoint(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_all_scopes_open_an_endpoint(guard: Guard, bearer: HeadersOf, endpoint: Any) -> None:
    answer = client(app(guard, endpoint)).get("/orders", headers=bearer("b", "a", "c"))
    assert (answer.status_code, answer.text) == (200, "let in")


def test_one_scope_of_two_does_not(guard: Guard, bearer: HeadersOf, endpoint: Any) -> None:
    answer = client(app(guard, endpoint)).get("/orders", headers=bearer("a"))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == FORBIDDEN.format("a b")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"] == "insufficient_scope"


def test_head_is_answered_by_headers_alone(guard: Guard, bearer: HeadersOf, endpoint: Any) -> None:
    asked = client(app(guard, endpoint))
    by_get = asked.get("/orders", headers=bearer("a"))
    by_head = asked.head("/orders", headers=bearer("a"))
    assert (by_head.status_code, by_head.headers) == (by_get.status_code, by_get.headers)
    assert by_head.content == b""


def test_on_a_public_path_an_endpoint_with_scopes_needs_a_token(
    guard: Guard, bearer: HeadersOf, endpoint: Any
) -> None:
    answer = client(app(guard, endpoint, "/health")).get("/health")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="api"'


def test_each_refusal_is_logged_once(
    guard: Guard, bearer: HeadersOf, endpoint: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bearer_guard")
    client(app(guard, endpoint)).get("/orders", headers=bearer("a"))
    assert [record.reason for record in caplog.records if record.name == "bearer_guard"] == [
        "scope_insufficient"
    ]


def test_an_endpoint_class_is_guarded_in_every_method(guard: Guard, bearer: HeadersOf) -> None:
    asked = client(app(guard, WholeClass))
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        assert asked.request(method, "/orders", headers=bearer("a")).status_code == 403
    assert asked.delete("/orders", headers=bearer("a", "b")).status_code == 405


def test_a_method_alone_leaves_the_others_open(guard: Guard, bearer: HeadersOf) -> None:
    assert client(app(guard, Orders)).put("/orders", headers=bearer("c")).status_code == 200


def test_any_one_scope_opens_an_endpoint(guard: Guard, bearer: HeadersOf) -> None:
    @require_any_scope("clerk", "admin")
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(access_token(request).subject or "")

    asked = client(app(guard, endpoint))
    for scope in ("clerk", "admin"):
        assert asked.get("/orders", headers=bearer(scope, subject="alice")).text == "alice"
    refused = asked.get("/orders", headers=bearer("orders:read"))
    assert refused.status_code == 403
    assert refused.headers["www-authenticate"] == FORBIDDEN.format("clerk admin")


def test_requirements_add_up(guard: Guard, bearer: HeadersOf) -> None:
    @require_scopes("a")
    @require_any_scope("b", "c")
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("let in")

    asked = client(app(guard, endpoint))
    found = [asked.get("/orders", headers=bearer(*scopes)).status_code for scopes in ("a", "b")]
    assert found == [403, 403]
    assert asked.get("/orders", headers=bearer("a", "c")).status_code == 200


def test_a_decorated_endpoint_keeps_its_name_and_its_words() -> None:
    assert a_coroutine_function.__name__ == "a_coroutine_function"
    assert a_coroutine_function.__doc__ == "Told."
    assert isinstance(WholeClass, type)


def test_an_endpoint_that_takes_no_request_says_what_to_add(
    guard: Guard, bearer: HeadersOf
) -> None:
    @require_scopes("a")
    async def endpoint() -> None:
        raise AssertionError("it is not reached")

    async def run() -> None:
        await endpoint()

    with pytest.raises(TypeError, match="needs a parameter request or websocket"):
        run().send(None)


def test_a_request_may_be_passed_by_name(guard: Guard, bearer: HeadersOf) -> None:
    async def endpoint(request: Request) -> Response:
        found: Response = await a_coroutine_function(request=request)
        return found

    assert client(app(guard, endpoint)).get("/orders", headers=bearer("a")).status_code == 403


def test_no_scopes_at_all_mean_any_token(guard: Guard, bearer: HeadersOf) -> None:
    @require_scopes()
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("let in")

    asked = client(app(guard, endpoint, "/health"))
    assert asked.get("/health").status_code == 401


def test_without_a_guard_around_it_says_what_to_add() -> None:
    bare = Starlette(routes=[Route("/orders", a_coroutine_function)])
    with pytest.raises(RuntimeError, match=r"add Middleware\(BearerMiddleware, guard=guard\)"):
        client(bare, raise_errors=True).get("/orders")


def test_request_user_and_auth_tell_of_the_token(guard: Guard, bearer: HeadersOf) -> None:
    async def me(request: Request) -> Response:
        return PlainTextResponse(
            f"{request.user.display_name} {request.user.is_authenticated} "
            f"{sorted(request.auth.scopes)} {access_token(request).client_id}"
        )

    answer = client(app(guard, me)).get("/orders", headers=bearer("b", "a", subject="alice"))
    assert answer.text == "alice True ['a', 'b'] client-1"


def test_starlettes_own_requires_goes_by_the_same_scopes(guard: Guard, bearer: HeadersOf) -> None:
    @requires("a")
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("let in")

    asked = client(app(guard, endpoint))
    assert asked.get("/orders", headers=bearer("a")).status_code == 200
    refused = asked.get("/orders", headers=bearer("b"))
    # It knows no challenge: require_scopes does.
    assert (refused.status_code, "www-authenticate" in refused.headers) == (403, False)
