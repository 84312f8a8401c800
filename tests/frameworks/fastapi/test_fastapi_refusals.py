"""What a refused request hears from a FastAPI application, and who else hears of it."""
# ruff: noqa: B008 - FastAPI's own way to say what an endpoint needs

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest
from fastapi import Depends, FastAPI, HTTPException, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import SecurityScopes
from fastapi_stage import alone, ask, scopes_needed, with_middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import HTTPConnection
from starlette_world import Headers, HeadersOf, MakeGuard, client

from bearer_guard import AccessToken, BearerError, Guard, InsufficientScope
from bearer_guard.fastapi import Bearer, BearerMiddleware, access_token, answer


def test_without_the_middleware_a_missing_token_is_told_the_scopes_of_the_route(
    make_guard: MakeGuard,
) -> None:
    guard = make_guard(required_scopes=["api"])
    app = alone(guard)

    @app.get("/", dependencies=[Security(Bearer(guard), scopes=["a", "api"])])
    def endpoint() -> Any:
        raise AssertionError("it is not reached")

    refused = ask(app, {})
    assert refused.headers["www-authenticate"] == 'Bearer realm="api", scope="api a"'


def test_what_the_endpoint_asks_of_the_token_is_answered(
    app: FastAPI, guard: Guard, bearer: HeadersOf
) -> None:
    @app.get("/")
    def endpoint(token: AccessToken = Depends(Bearer(guard))) -> Any:
        token.require_scopes("later")

    refused = ask(app, bearer("a"))
    assert (refused.status_code, scopes_needed(refused)) == (403, "later")


def test_each_refusal_is_logged_once(
    app: FastAPI, guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/", dependencies=[Security(Bearer(guard), scopes=["a"])])
    def endpoint() -> Any:
        raise AssertionError("it is not reached")

    caplog.set_level(logging.DEBUG, "bearer_guard")
    for headers in ({}, bearer("b"), bearer("a", expires_in=-1000)):
        ask(app, headers)
    logged = [record.reason for record in caplog.records if record.name == "bearer_guard"]
    assert logged == ["token_missing", "scope_insufficient", "expired"]


def test_a_middleware_between_sees_an_answer_and_no_exception(
    guard: Guard, bearer: HeadersOf
) -> None:
    seen: list[int] = []

    async def count(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        seen.append(response.status_code)
        return response

    for make in (alone, with_middleware):
        app = FastAPI()
        app.add_middleware(BaseHTTPMiddleware, dispatch=count)
        if make is with_middleware:
            app.add_middleware(BearerMiddleware, guard=guard)

        @app.get("/", dependencies=[Security(Bearer(guard), scopes=["a"])])
        def endpoint() -> Any:
            raise AssertionError("it is not reached")

        ask(app, bearer("b"))
    assert seen == [403, 403]


def test_an_applications_own_handler_has_the_word(
    app: FastAPI, guard: Guard, bearer: HeadersOf
) -> None:
    @app.exception_handler(BearerError)
    def own(request: Request, error: BearerError) -> Any:
        return JSONResponse({"why": error.reason}, 418)

    @app.exception_handler(InsufficientScope)
    def own_of_scopes(request: Request, error: InsufficientScope) -> Any:
        return JSONResponse({"needed": error.scopes}, 418)

    @app.get("/", dependencies=[Security(Bearer(guard), scopes=["a"])])
    def endpoint(request: Request, refuse: bool = False) -> Any:
        raise BearerError("odd")

    assert ask(app, bearer("b")).json() == {"needed": ["a"]}
    assert ask(app, bearer("a")).json() == {"why": "odd"}


def test_other_errors_are_answered_as_ever(app: FastAPI, guard: Guard, bearer: HeadersOf) -> None:
    @app.get("/", dependencies=[Depends(Bearer(guard))])
    def endpoint() -> Any:
        raise HTTPException(409, "taken")

    answered = ask(app, bearer("a"))
    assert (answered.status_code, answered.json()) == (409, {"detail": "taken"})


def test_a_body_that_does_not_fit_is_no_way_to_learn_more(
    app: FastAPI, guard: Guard, bearer: HeadersOf
) -> None:
    @app.get("/{number}", dependencies=[Security(Bearer(guard), scopes=["a"])])
    def endpoint(number: int) -> Any:
        return number

    # The token is judged first; only who is let in hears what the parameters lack.
    assert ask(app, {}, "/x").status_code == 401
    assert ask(app, bearer("b"), "/x").status_code == 403
    assert ask(app, bearer("a"), "/x").status_code == 422


def test_with_the_middleware_a_request_is_refused_before_its_body_is_read(guard: Guard) -> None:
    for make, status in ((alone, 422), (with_middleware, 401)):
        app = make(guard)

        @app.post("/")
        def endpoint(
            order: dict[str, str], token: AccessToken = Security(Bearer(guard), scopes=["a"])
        ) -> Any:
            raise AssertionError("it is not reached")

        # FastAPI reads and parses a body before it asks any dependency.
        headers = {"content-type": "application/json"}
        assert client(app).post("/", content=b"{", headers=headers).status_code == status


def test_dependencies_with_yield_are_ended(app: FastAPI, guard: Guard, bearer: HeadersOf) -> None:
    ended: list[str] = []

    def opened_before() -> Iterator[None]:
        try:
            yield
        finally:
            ended.append("sync")

    async def opened_too() -> AsyncIterator[None]:
        try:
            yield
        finally:
            ended.append("async")

    @app.get("/")
    def endpoint(
        one: None = Depends(opened_before),
        two: None = Depends(opened_too),
        token: AccessToken = Security(Bearer(guard), scopes=["a"]),
    ) -> Any:
        raise AssertionError("it is not reached")

    assert ask(app, bearer("b")).status_code == 403
    assert ended == ["async", "sync"]


def test_called_by_hand_it_raises(guard: Guard, bearer: HeadersOf) -> None:
    def called(headers: Headers) -> AccessToken:
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "path": "/", "headers": pairs}
        return anyio.run(Bearer(guard), HTTPConnection(scope), SecurityScopes(["a"]))

    assert called(bearer("a", subject="alice")).subject == "alice"
    with pytest.raises(InsufficientScope):
        called(bearer("b"))


def test_the_handler_may_be_registered_by_hand(guard: Guard, bearer: HeadersOf) -> None:
    app = FastAPI(exception_handlers={BearerError: answer})
    app.add_middleware(BearerMiddleware, guard=guard)

    @app.get("/")
    def endpoint(token: AccessToken = Depends(access_token)) -> Any:
        token.require_scopes("a")

    assert scopes_needed(ask(app, bearer("b"))) == "a"
