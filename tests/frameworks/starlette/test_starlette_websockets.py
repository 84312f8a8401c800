"""WebSockets of Starlette: denied before they are accepted, closed when a scope is missing later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect
from starlette_world import CLOCK, HeadersOf, MakeGuard, client, handshake, kinds

from bearer_guard import BearerError, Guard
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.asgi import require_scopes as plain_require_scopes
from bearer_guard.starlette import BearerMiddleware, access_token, answer, require_scopes
from watched_clock import WatchedClock, looking_often

CLOSED = ("websocket.close", 1008)


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        await websocket.send_text(data)


class Accepting(WebSocketEndpoint):
    encoding = "text"

    @require_scopes("chat")
    async def on_connect(self, websocket: WebSocket) -> None:
        await websocket.accept()

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        await websocket.send_text(data)


class AskingLater(WebSocketEndpoint):
    encoding = "text"

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        access_token(websocket).require_scopes("chat")


class Hearing(WebSocketEndpoint):
    encoding = "text"

    @require_scopes("chat")
    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        await websocket.send_text(data)


async def asking_the_token(websocket: WebSocket) -> None:
    access_token(websocket).require_scopes("chat")
    await echo(websocket)


async def asking_later(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.receive_text()
    access_token(websocket).require_scopes("chat")
    raise AssertionError("it is not reached")


ENDPOINTS = {
    "a function": require_scopes("chat")(echo),
    "an endpoint class": require_scopes("chat")(type("Guarded", (Echo,), {})),
    "on_connect": Accepting,
    "a handler that asks the token": asking_the_token,
}


def with_middleware(guard: Guard, endpoint: Any) -> Any:
    return Starlette(
        routes=[WebSocketRoute("/chat", endpoint)],
        middleware=[Middleware(BearerMiddleware, guard=guard)],
    )


def with_handler_too(guard: Guard, endpoint: Any) -> Any:
    return Starlette(
        routes=[WebSocketRoute("/chat", endpoint)],
        middleware=[Middleware(BearerMiddleware, guard=guard)],
        exception_handlers={BearerError: answer},
    )


MakeApp = Callable[[Guard, Any], Any]


@pytest.fixture(params=ENDPOINTS.values(), ids=[name.replace(" ", "_") for name in ENDPOINTS])
def endpoint(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[with_middleware, with_handler_too])
def make_app(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_good_token_opens_it(
    guard: Guard, bearer: HeadersOf, endpoint: Any, make_app: MakeApp
) -> None:
    asked = client(make_app(guard, endpoint), raise_errors=True)
    with asked.websocket_connect("/chat", headers=bearer("chat")) as websocket:
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello"


def test_it_is_denied_as_the_plain_middleware_denies_it(
    guard: Guard, bearer: HeadersOf, endpoint: Any, make_app: MakeApp
) -> None:
    plain = PlainMiddleware(plain_require_scopes("chat")(Echo), guard)
    for headers, status in (({}, 401), (bearer("other"), 403)):
        found = handshake(make_app(guard, endpoint), "/chat", headers)
        assert found == handshake(plain, "/chat", headers)
        assert kinds(found) == ["websocket.http.response.start", "websocket.http.response.body"]
        assert found[0]["status"] == status
        assert dict(found[0]["headers"])[b"www-authenticate"].startswith(b"Bearer realm=")


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_it_is_opened_and_denied_on_either_event_loop(
    guard: Guard, bearer: HeadersOf, endpoint: Any, make_app: MakeApp, loop: str
) -> None:
    app = make_app(guard, endpoint)
    first, *rest = handshake(app, "/chat", bearer("chat"), "hello", loop=loop)
    assert (first["type"], rest[0]["text"]) == ("websocket.accept", "hello")
    assert handshake(app, "/chat", bearer("other"), loop=loop)[0]["status"] == 403


def test_it_is_closed_with_1008_where_the_server_cannot_deny(
    guard: Guard, bearer: HeadersOf, endpoint: Any, make_app: MakeApp
) -> None:
    for headers in ({}, bearer("other")):
        sent = handshake(make_app(guard, endpoint), "/chat", headers, denials=False)
        assert [(message["type"], message["code"]) for message in sent] == [CLOSED]


def test_the_test_client_sees_the_denial(guard: Guard, bearer: HeadersOf) -> None:
    asked = client(with_middleware(guard, require_scopes("chat")(echo)), raise_errors=True)
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        asked.websocket_connect("/chat", headers=bearer("other")),
    ):
        raise AssertionError("it is not reached")
    assert denied.value.status_code == 403
    assert denied.value.json()["error"] == "insufficient_scope"
    assert denied.value.headers["www-authenticate"].endswith('scope="chat"')


@pytest.mark.parametrize("endpoint", [Hearing, asking_later, AskingLater])
@pytest.mark.parametrize("denials", [True, False])
def test_a_scope_that_is_missing_later_closes_it_with_1008(
    guard: Guard, bearer: HeadersOf, make_app: MakeApp, endpoint: Any, denials: bool
) -> None:
    # The second message was under way when the first one closed the socket.
    heard = ["hello", "are you there?"]
    app = make_app(guard, endpoint)
    sent = handshake(app, "/chat", bearer("other"), *heard, denials=denials)
    assert kinds(sent) == ["websocket.accept", "websocket.close"]
    assert sent[-1]["code"] == 1008


@pytest.mark.parametrize("make", [with_middleware, with_handler_too])
@pytest.mark.parametrize("kind", ["function", "class"])
def test_a_refusal_that_comes_after_the_close_is_raised_again(
    guard: Guard, bearer: HeadersOf, make: MakeApp, kind: str
) -> None:
    async def closing_first(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()
        access_token(websocket).require_scopes("chat")

    class ClosingFirst(WebSocketEndpoint):
        async def on_connect(self, websocket: WebSocket) -> None:
            await closing_first(websocket)

    endpoint = closing_first if kind == "function" else ClosingFirst
    with pytest.raises(BearerError):
        handshake(make(guard, endpoint), "/chat", bearer("other"))


def test_it_is_closed_when_the_token_expires(make_guard: MakeGuard, bearer: HeadersOf) -> None:
    clock = WatchedClock(CLOCK.time())
    strict = make_guard(issuer={"leeway": 0}, clock=clock)
    asked = client(with_middleware(strict, require_scopes("chat")(echo)), raise_errors=True)
    headers = bearer("chat", claims={"exp": clock.time() + 100})
    with looking_often(), asked.websocket_connect("/chat", headers=headers) as websocket:
        clock.turn_before_all(99)
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello"
        clock.turn(1)
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert closed.value.code == 1008
