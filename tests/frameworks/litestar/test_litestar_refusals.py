"""What a refused request hears from a Litestar application, and who else hears of it."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from litestar import Litestar, Request, get, head, post
from litestar.exceptions import HTTPException
from litestar.logging import LoggingConfig
from litestar.openapi import OpenAPIConfig
from litestar.response import Response, Stream
from litestar.testing import TestClient
from litestar_stage import Token, application, ask, scopes_needed
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import BearerError, Guard, InsufficientScope
from bearer_guard.litestar import BearerPlugin, access_token, answer, require_scopes
from bearer_guard.testing import AuthorizationServer


@get("/", guards=[require_scopes("a")])
async def guarded() -> str:
    return "let in"


@get("/", sync_to_thread=False)
def asking(token: Token) -> str:
    token.require_scopes("a")
    return "let in"


@pytest.mark.parametrize("handler", [guarded, asking])
def test_each_refusal_is_logged_once(
    guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture, handler: Any
) -> None:
    caplog.set_level(logging.DEBUG, "bearer_guard")
    app = application(guard, handler)
    for headers in ({}, bearer("b"), bearer("a", expires_in=-1000)):
        ask(app, headers)
    logged = [record.reason for record in caplog.records if record.name == "bearer_guard"]
    assert logged == ["token_missing", "scope_insufficient", "expired"]


def test_litestar_logs_no_token_of_a_refused_request(
    guard: Guard, bearer: HeadersOf, capfd: pytest.CaptureFixture[str]
) -> None:
    handlers = {"console": {"class": "logging.StreamHandler", "level": "DEBUG"}}
    loggers: Any = {"litestar": {"level": "DEBUG", "handlers": ["console"], "propagate": False}}
    config = LoggingConfig(
        handlers=handlers,
        loggers=loggers,
        root={"level": "WARNING", "handlers": []},
        configure_root_logger=False,
        log_exceptions="always",
    )
    app = application(guard, guarded, logging_config=config, debug=True)
    headers = bearer("b")
    assert ask(app, headers).status_code == 403
    written = capfd.readouterr().err
    assert "scope_insufficient" in written
    assert headers["authorization"].rpartition(".")[2] not in written


def own(request: Request[Any, Any, Any], error: BearerError) -> Response[dict[str, Any]]:
    return Response({"why": error.reason}, status_code=418)


def own_of_scopes(
    request: Request[Any, Any, Any], error: InsufficientScope
) -> Response[dict[str, Any]]:
    return Response({"needed": error.scopes}, status_code=418)


def test_handlers_of_the_application_for_these_errors_have_the_word(
    guard: Guard, bearer: HeadersOf
) -> None:
    given: Any = {BearerError: own, InsufficientScope: own_of_scopes}

    @get("/odd")
    async def odd() -> None:
        raise BearerError("odd")

    app = application(guard, guarded, odd, exception_handlers=given)
    assert ask(app, bearer("b")).json() == {"needed": ["a"]}
    assert ask(app, bearer("b"), "/odd").json() == {"why": "odd"}
    assert set(given) == {BearerError, InsufficientScope} | {
        error for error in given if error.__module__.startswith("starlette")
    }


def test_so_has_that_of_one_route(guard: Guard, bearer: HeadersOf) -> None:
    @get("/mine", guards=[require_scopes("a")], exception_handlers={BearerError: own})
    async def mine() -> None: ...

    app = application(guard, guarded, mine)
    assert ask(app, bearer("b"), "/mine").json() == {"why": "scope_insufficient"}
    assert scopes_needed(ask(app, bearer("b"))) == "a"


def test_one_for_every_exception_has_not(guard: Guard, bearer: HeadersOf) -> None:
    def any_error(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
        raise AssertionError("it is not reached")

    app = application(guard, guarded, exception_handlers={Exception: any_error, 500: any_error})
    assert scopes_needed(ask(app, bearer("b"))) == "a"


def test_the_answer_may_be_added_to(guard: Guard, bearer: HeadersOf) -> None:
    def more(request: Request[Any, Any, Any], error: BearerError) -> Response[bytes]:
        made = answer(request, error)
        made.set_header("x-more", "yes")
        return made

    refused = ask(application(guard, guarded, exception_handlers={BearerError: more}), bearer("b"))
    assert (scopes_needed(refused), refused.headers["x-more"]) == ("a", "yes")


def test_other_errors_are_answered_as_ever(guard: Guard, bearer: HeadersOf) -> None:
    @get("/")
    async def taken() -> None:
        raise HTTPException("taken", status_code=409)

    answered = ask(application(guard, taken), bearer("a"))
    assert (answered.status_code, answered.json()["detail"]) == (409, "taken")


def test_head_has_the_same_headers_and_no_body(guard: Guard, bearer: HeadersOf) -> None:
    @head("/", sync_to_thread=False)
    def asking_too(token: Token) -> None:
        token.require_scopes("a")

    app = application(guard, asking, asking_too)
    for headers in ({}, bearer("b")):
        full, empty = ask(app, headers), ask(app, headers, method="HEAD")
        assert (empty.status_code, empty.headers) == (full.status_code, full.headers)
        assert empty.content == b""
        assert int(empty.headers["content-length"]) == len(full.content)


@pytest.mark.parametrize("handler", [guarded, asking])
def test_to_head_not_even_the_server_sees_a_body(
    guard: Guard, bearer: HeadersOf, handler: Any
) -> None:
    @head("/", guards=[require_scopes("a")])
    async def guarded_too() -> None: ...

    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("nothing of the body is asked for")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in bearer("b").items()]
    scope: Any = {"type": "http", "method": "HEAD", "path": "/", "headers": headers}
    anyio.run(application(guard, guarded_too), scope, receive, send)
    assert [message.get("body") for message in sent] == [None, b""]


def test_a_stream_streams_and_its_refusal_comes_too_late(guard: Guard, bearer: HeadersOf) -> None:
    @get("/")
    async def export(token: Token) -> Stream:
        async def lines() -> AsyncIterator[str]:
            yield "tea\n"
            token.require_scopes("a")
            yield "coffee\n"

        return Stream(lines())

    sent: list[Any] = []

    async def receive() -> Any:
        # Servers say so once all is sent.
        while not (sent and sent[-1].get("more_body") is False):
            await anyio.lowlevel.checkpoint()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    def call(*scopes: str) -> list[Any]:
        sent.clear()
        headers = [(name.encode(), value.encode()) for name, value in bearer(*scopes).items()]
        scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        anyio.run(application(guard, export), scope, receive, send)
        return [message.get("body") for message in sent]

    assert call("a") == [None, b"tea\n", b"coffee\n", b""]
    with pytest.raises(Exception, match="Exception caught after response started"):
        call("b")
    assert [message.get("body") for message in sent] == [None, b"tea\n"]


def test_a_token_in_the_query_keeps_the_answer_private(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    guard = make_guard(query_parameter=True)
    found = ask(application(guard, asking), {}, f"/?access_token={server.jwt(scope='a')}")
    assert (found.text, found.headers["cache-control"]) == ("let in", "private")


def test_a_token_in_a_form_leaves_the_form_to_be_read(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    @post("/")
    async def order(request: Request[Any, Any, Any]) -> str:
        form = await request.form()
        return f"{access_token(request).subject} {form['order']}"

    guard = make_guard(form_parameter=True)
    sent = {"access_token": server.jwt(subject="alice"), "order": "tea"}
    found = ask(application(guard, order), {}, method="POST", data=sent)
    assert found.text == "alice tea"


def test_an_error_handler_without_a_guard_says_what_to_add() -> None:
    @get("/")
    async def odd() -> None:
        raise BearerError("odd")

    bare = Litestar([odd], exception_handlers={BearerError: answer}, logging_config=None)
    with (
        TestClient(bare) as client,
        pytest.raises(RuntimeError, match="no guard has seen this request"),
    ):
        client.get("/")


def test_the_settings_that_are_shared_are_not_changed(guard: Guard) -> None:
    config = OpenAPIConfig(title="Orders", version="1")
    for _ in range(2):
        app = Litestar(openapi_config=config, plugins=[BearerPlugin(guard)], logging_config=None)
        assert app.openapi_schema.security == [{"Bearer": []}]
    assert config.security is None
