"""``BearerBackend`` in Starlette's own ``AuthenticationMiddleware``."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationError, BaseUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from starlette_rows import Row, assert_same_verdict, plain_application, table, tokens
from starlette_world import HeadersOf, MakeGuard, client, handshake, kinds
from test_starlette_verdicts import ask_the_token, routes, write

from bearer_guard import BearerError, Guard, SettingsError
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.starlette import BearerBackend, access_token, answer, require_scopes
from bearer_guard.testing import AuthorizationServer


@pytest.fixture(scope="module")
def made(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


def app(guard: Guard, its_routes: Any, **options: Any) -> Starlette:
    backend = BearerBackend(guard)
    middleware = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    return Starlette(routes=its_routes, middleware=[middleware], **options)


@pytest.mark.parametrize("endpoint", [write, ask_the_token])
@table()
def test_the_answer_is_that_of_the_plain_middleware(
    row: Row, guard: Guard, made: dict[str, str], endpoint: Any
) -> None:
    guarded = app(guard, routes(endpoint), exception_handlers={BearerError: answer})
    assert_same_verdict(row, guarded, PlainMiddleware(plain_application, guard), made)


async def me(request: Request) -> Response:
    found = f"{request.user.display_name} {sorted(request.auth.scopes)}"
    return PlainTextResponse(f"{request.user.is_authenticated} {found}")


def test_user_and_auth_tell_of_the_token(guard: Guard, bearer: HeadersOf) -> None:
    asked = client(app(guard, [Route("/orders", me), Route("/health", me)]))
    answered = asked.get("/orders", headers=bearer("b", "a", subject="alice"))
    assert answered.text == "True alice ['a', 'b']"
    assert asked.get("/health").text == "False  []"


def test_the_token_itself_is_there_too(guard: Guard, bearer: HeadersOf) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(access_token(request).issuer)

    answered = client(app(guard, [Route("/orders", endpoint)])).get("/orders", headers=bearer())
    assert answered.text == "https://login.example.com/"


def test_without_a_handler_an_error_of_the_application_is_no_answer(
    guard: Guard, bearer: HeadersOf
) -> None:
    asked = client(app(guard, routes(ask_the_token)))
    assert asked.post("/write", headers=bearer("a")).status_code == 500


def test_starlette_closes_a_refused_websocket_with_1000_and_logs_it_once(
    guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bearer_guard")
    asked = client(app(guard, [WebSocketRoute("/chat", me)]))
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        asked.websocket_connect("/chat", headers=bearer(expires_in=-1000)),
    ):
        raise AssertionError("it is not reached")
    assert closed.value.code == 1000
    logged = [record for record in caplog.records if record.name == "bearer_guard"]
    assert [record.reason for record in logged] == ["expired"]


def test_an_error_of_another_kind_is_not_answered_in_the_guards_name(guard: Guard) -> None:
    class Odd(BearerBackend):
        async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser]:
            raise AuthenticationError("another one")

    backend = Odd(guard)
    middleware = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    asked = client(Starlette(middleware=[middleware]), raise_errors=True)
    with pytest.raises(AuthenticationError, match="another one"):
        asked.get("/orders")


@pytest.mark.parametrize("option", ["query_parameter", "form_parameter"])
def test_tokens_elsewhere_than_in_the_header_take_the_middleware(
    make_guard: MakeGuard, option: str
) -> None:
    with pytest.raises(SettingsError, match="take BearerMiddleware"):
        BearerBackend(make_guard(**{option: True}))


@pytest.mark.parametrize(
    "options",
    [
        {"websocket_protocol": "bearer"},
        {"websocket_renewal": True},
        {"end_streams_at_expiry": True},
    ],
)
def test_nor_does_it_follow_a_connection_through_its_life(
    make_guard: MakeGuard, options: dict[str, Any]
) -> None:
    (option,) = options
    with pytest.raises(SettingsError, match=f"^{option} take BearerMiddleware"):
        BearerBackend(make_guard(**options))


def test_scopes_of_a_websocket_are_asked_as_ever(guard: Guard, bearer: HeadersOf) -> None:
    @require_scopes("chat")
    async def chat(websocket: Any) -> None:
        await websocket.accept()
        await websocket.close(4000)

    asked = client(app(guard, [WebSocketRoute("/chat", chat)]))
    with asked.websocket_connect("/chat", headers=bearer("chat")) as websocket:
        assert websocket.receive()["code"] == 4000


@pytest.mark.parametrize("denials", [True, False])
def test_the_handler_answers_websockets_too(guard: Guard, bearer: HeadersOf, denials: bool) -> None:
    async def before(websocket: WebSocket) -> None:
        access_token(websocket).require_scopes("chat")

    async def after(websocket: WebSocket) -> None:
        await websocket.accept()
        await before(websocket)

    async def late(websocket: WebSocket) -> None:
        await websocket.close(4000)
        await before(websocket)

    first = ["websocket.http.response.start", "websocket.http.response.body"]
    expected = {
        before: first if denials else ["websocket.close"],
        after: ["websocket.accept", "websocket.close"],
        late: ["websocket.close"],
    }
    for endpoint, messages in expected.items():
        guarded = app(
            guard, [WebSocketRoute("/chat", endpoint)], exception_handlers={BearerError: answer}
        )
        assert kinds(handshake(guarded, "/chat", bearer("other"), denials=denials)) == messages
