"""WebSockets of Litestar: denied before they are accepted, closed when their token expires."""

import base64
from typing import Any

import pytest
from litestar import Controller, Router, websocket
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import WebsocketListener, websocket_listener
from litestar.testing import TestClient
from litestar_stage import Token, application
from starlette_world import CLOCK, HeadersOf, MakeGuard, handshake, kinds

from bearer_guard import BearerError, Guard
from bearer_guard._core.renewal import PREFIX
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.asgi import require_scopes as plain_require_scopes
from bearer_guard.litestar import access_token, require_scopes
from watched_clock import WatchedClock, looking_often

Socket = WebSocket[Any, Any, Any]


async def echo(socket: Socket) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


async def unreached(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("it is not reached")


@websocket("/chat", guards=[require_scopes("chat")])
async def handler(socket: Socket) -> None:
    await echo(socket)


@websocket_listener("/chat", guards=[require_scopes("chat")])
async def listener(data: str) -> str:
    return data


@websocket_listener("/chat", guards=[require_scopes("chat")])
def sync_listener(data: str) -> str:
    return data


class Listener(WebsocketListener):
    path = "/chat"
    guards = [require_scopes("chat")]  # noqa: RUF012 - Litestar's own way

    async def on_receive(self, data: str) -> str:
        return data


class Chats(Controller):
    guards = [require_scopes("chat")]  # noqa: RUF012 - Litestar's own way

    @websocket("/chat")
    async def chat(self, socket: Socket) -> None:
        await echo(socket)


@websocket("/chat")
async def unguarded(socket: Socket) -> None:
    await echo(socket)


@websocket("/chat")
async def asking(socket: Socket, token: Token) -> None:
    token.require_scopes("chat")
    await echo(socket)


ENDPOINTS = {
    "a_handler": handler,
    "a_listener": listener,
    "a_synchronous_listener": sync_listener,
    "a_listener_class": Listener,
    "a_controller": Chats,
    "a_router": Router("/", route_handlers=[unguarded], guards=[require_scopes("chat")]),
    "a_handler_that_asks_the_token": asking,
}
# Litestar 2.25 would have another annotation, which older ones do not know.
pytestmark = pytest.mark.filterwarnings("ignore:.*without a body marker")


@pytest.fixture(params=ENDPOINTS.values(), ids=[*ENDPOINTS])
def endpoint(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_good_token_opens_it(guard: Guard, bearer: HeadersOf, endpoint: Any, loop: str) -> None:
    app = application(guard, endpoint)
    first, second, *_ = handshake(app, "/chat", bearer("chat"), "hello", loop=loop)
    assert (first["type"], second["text"]) == ("websocket.accept", "hello")


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_it_is_denied_as_the_plain_middleware_denies_it(
    guard: Guard, bearer: HeadersOf, endpoint: Any, loop: str
) -> None:
    plain = PlainMiddleware(plain_require_scopes("chat")(unreached), guard)
    for headers, status in (({}, 401), (bearer("other"), 403)):
        found = handshake(application(guard, endpoint), "/chat", headers, loop=loop)
        assert found == handshake(plain, "/chat", headers)
        assert kinds(found) == ["websocket.http.response.start", "websocket.http.response.body"]
        assert found[0]["status"] == status


def test_it_is_closed_with_1008_where_the_server_cannot_deny(
    guard: Guard, bearer: HeadersOf, endpoint: Any
) -> None:
    for headers in ({}, bearer("other")):
        (sent,) = handshake(application(guard, endpoint), "/chat", headers, denials=False)
        assert (sent["type"], sent["code"]) == ("websocket.close", 1008)


@websocket("/chat")
async def asking_later(socket: Socket) -> None:
    await socket.accept()
    await socket.receive_text()
    access_token(socket).require_scopes("chat")
    raise AssertionError("it is not reached")


@websocket_listener("/chat")
async def listening(data: str, socket: Socket) -> str:
    access_token(socket).require_scopes("chat")
    return data


@pytest.mark.parametrize("late", [asking_later, listening])
@pytest.mark.parametrize("denials", [True, False])
def test_a_scope_that_is_missing_later_closes_it_with_1008(
    guard: Guard, bearer: HeadersOf, late: Any, denials: bool
) -> None:
    app = application(guard, late)
    sent = handshake(app, "/chat", bearer("other"), "hello", "are you there?", denials=denials)
    assert kinds(sent) == ["websocket.accept", "websocket.close"]
    assert sent[-1]["code"] == 1008


def test_a_refusal_that_comes_after_the_close_is_raised_again(
    guard: Guard, bearer: HeadersOf
) -> None:
    @websocket("/chat")
    async def closing_first(socket: Socket, token: Token) -> None:
        await socket.accept()
        await socket.close()
        token.require_scopes("chat")

    with pytest.raises(BearerError):
        handshake(application(guard, closing_first), "/chat", bearer("other"))


def test_other_errors_of_a_websocket_are_litestars(guard: Guard, bearer: HeadersOf) -> None:
    @websocket("/chat")
    async def raising(socket: Socket) -> None:
        await socket.accept()
        raise ZeroDivisionError

    sent = handshake(application(guard, raising), "/chat", bearer())
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", 4500)


def test_the_test_client_sees_the_close(guard: Guard, bearer: HeadersOf) -> None:
    with TestClient(application(guard, handler)) as client:
        with client.websocket_connect("/chat", headers=bearer("chat")) as websocket:
            websocket.send_text("hello")
            assert websocket.receive_text() == "hello"
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            client.websocket_connect("/chat", headers=bearer("other")),
        ):
            raise AssertionError("it is not reached")
    assert closed.value.code == 1008


@pytest.mark.parametrize("endpoint", [handler, listener, Listener])
def test_it_is_closed_when_the_token_expires(
    make_guard: MakeGuard, bearer: HeadersOf, endpoint: Any
) -> None:
    clock = WatchedClock(CLOCK.time())
    app = application(make_guard(issuer={"leeway": 0}, clock=clock), endpoint)
    headers = bearer("chat", claims={"exp": clock.time() + 100})
    with (
        looking_often(),
        TestClient(app) as client,
        client.websocket_connect("/chat", headers=headers) as websocket,
    ):
        clock.turn_before_all(99)
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello"
        clock.turn(1)
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert closed.value.code == 1008


def test_a_fresh_token_is_that_of_the_socket_from_then_on(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    @websocket("/chat")
    async def telling(socket: Socket) -> None:
        await socket.accept()
        while True:
            await socket.receive_text()
            assert socket.auth is access_token(socket)
            await socket.send_text(" ".join(sorted(socket.auth.scopes)))

    app = application(make_guard(websocket_renewal=True), telling)
    fresh = bearer("b", "a")["authorization"].removeprefix("Bearer ")
    with (
        TestClient(app) as client,
        client.websocket_connect("/chat", headers=bearer("a")) as opened,
    ):
        opened.send_text("hello")
        assert opened.receive_text() == "a"
        opened.send_text(PREFIX + fresh)
        opened.send_text("hello")
        assert opened.receive_text() == "a b"


def test_a_token_among_the_subprotocols_opens_it(make_guard: MakeGuard, bearer: HeadersOf) -> None:
    @websocket("/chat")
    async def telling(socket: Socket) -> None:
        await socket.accept()
        await socket.send_text(socket.headers["sec-websocket-protocol"])

    token = bearer("a")["authorization"].removeprefix("Bearer ").encode()
    name = b"bearer.token." + base64.urlsafe_b64encode(token).rstrip(b"=")
    app = application(make_guard(websocket_protocol="bearer"), telling)
    with (
        TestClient(app) as client,
        client.websocket_connect("/chat", ["bearer", name.decode()]) as opened,
    ):
        assert opened.accepted_subprotocol == "bearer"
        assert opened.receive_text() == "bearer"
