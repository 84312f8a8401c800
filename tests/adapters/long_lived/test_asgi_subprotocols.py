"""A browser's token, among the subprotocols: the guard reads it, and the application never does."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Any

import pytest

from adapters.asgi_wire import App, Wire, call, http_scope, websocket_scope
from adapters.conftest import MakeGuard
from adapters.long_lived.conftest import ACCEPT, CLOSED_BY_US, CONNECT
from bearer_guard import Guard
from bearer_guard.asgi import KEY, BearerMiddleware
from bearer_guard.testing import AuthorizationServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def reading(make_warm: MakeGuard) -> Guard:
    return make_warm(websocket_protocol="bearer", public=["/health"])


def carrying(token: str, marker: str = "bearer") -> str:
    return f"{marker}.token." + urlsafe_b64encode(token.encode()).rstrip(b"=").decode()


def handshake(*offered: str, lines: Iterable[str] | None = None, **more: Any) -> dict[str, Any]:
    """As a server tells it of a client that offers these subprotocols."""
    fields = [", ".join(offered)] if lines is None else lines
    headers = [("host", "api"), *(("sec-websocket-protocol", line) for line in fields)]
    scope = websocket_scope(more.pop("path", "/orders"), headers=headers, **more)
    scope["subprotocols"] = list(offered)
    return scope


class Accepting:
    """An application that accepts with a subprotocol, and keeps its scope."""

    def __init__(self, subprotocol: str | None = None) -> None:
        self.message = ACCEPT if subprotocol is None else {**ACCEPT, "subprotocol": subprotocol}
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        await send(self.message)

    def told(self) -> list[bytes]:
        return [value for name, value in self.scope["headers"] if name == b"sec-websocket-protocol"]


async def accepted(app: Any, guard: Guard, scope: dict[str, Any]) -> dict[str, Any]:
    wire = await call(BearerMiddleware(app, guard), scope, CONNECT)
    (message,) = wire.sent
    return message


async def test_a_browsers_token_opens_it_and_the_marker_is_the_answer(
    reading: Guard, server: AuthorizationServer
) -> None:
    """A browser fails a connection on which it offered subprotocols and none was chosen (Fetch
    and WebSockets standards), and one on which one was chosen that it did not offer."""
    app = Accepting()
    token = server.jwt(subject="alice")
    message = await accepted(app, reading, handshake("bearer", carrying(token)))
    assert message == {**ACCEPT, "subprotocol": "bearer"}
    assert app.scope[KEY].subject == "alice"


async def test_the_application_sees_what_else_was_offered_and_no_token(
    reading: Guard, server: AuthorizationServer
) -> None:
    token = server.jwt()
    app = Accepting()
    offered = ["chat.v2", carrying(token), "bearer", "chat.v1"]
    await accepted(app, reading, handshake(*offered))
    assert app.scope["subprotocols"] == ["chat.v2", "bearer", "chat.v1"]
    assert app.told() == [b"chat.v2, bearer, chat.v1"]
    assert dict(app.scope["headers"])[b"host"] == b"api"
    assert token not in repr(app.scope)
    assert carrying(token) not in repr(app.scope)


async def test_a_list_over_several_lines_is_read_as_one(
    reading: Guard, server: AuthorizationServer
) -> None:
    """RFC 6455 section 11.3.4."""
    token = carrying(server.jwt())
    app = Accepting()
    lines = ["chat.v1,bearer", f" {token} ,"]
    await accepted(app, reading, handshake("chat.v1", "bearer", token, lines=lines))
    assert app.told() == [b"chat.v1, bearer"]


@pytest.mark.parametrize("chosen", ["chat.v1", "bearer"])
async def test_what_the_application_chooses_stays(
    reading: Guard, server: AuthorizationServer, chosen: str
) -> None:
    offered = ["bearer", carrying(server.jwt()), "chat.v1"]
    message = await accepted(Accepting(chosen), reading, handshake(*offered))
    assert message["subprotocol"] == chosen


@pytest.mark.parametrize("nothing", ["", None])
async def test_choosing_nothing_in_so_many_words_is_choosing_nothing(
    reading: Guard, server: AuthorizationServer, nothing: Any
) -> None:
    app = Accepting()
    app.message = {**ACCEPT, "subprotocol": nothing, "headers": [(b"a", b"b")]}
    message = await accepted(app, reading, handshake("bearer", carrying(server.jwt())))
    assert message == {**ACCEPT, "subprotocol": "bearer", "headers": [(b"a", b"b")]}


async def test_a_marker_that_was_not_offered_is_not_the_answer(
    reading: Guard, server: AuthorizationServer
) -> None:
    """RFC 6455 section 4.2.2: a server chooses among what was offered, or nothing."""
    app = Accepting()
    assert await accepted(app, reading, handshake(carrying(server.jwt()))) == ACCEPT
    assert app.told() == []
    assert app.scope["subprotocols"] == []


async def test_a_marker_beside_the_header_is_answered_as_well(
    reading: Guard, bearer: dict[str, str]
) -> None:
    scope = handshake("bearer")
    scope["headers"].append((b"authorization", bearer["authorization"].encode()))
    assert await accepted(Accepting(), reading, scope) == {**ACCEPT, "subprotocol": "bearer"}


async def test_a_server_need_not_tell_of_subprotocols(
    reading: Guard, bearer: dict[str, str]
) -> None:
    """ASGI 3.0, "WebSocket connection scope": optional."""
    for absent in ({}, {"subprotocols": None}):
        scope = {**websocket_scope(headers=bearer), **absent}
        if not absent:
            del scope["subprotocols"]
        app = Accepting()
        assert await accepted(app, reading, scope) == ACCEPT
        assert app.scope["subprotocols"] == []


async def test_a_server_may_tell_of_them_in_their_own_place_alone(
    reading: Guard, server: AuthorizationServer
) -> None:
    """uvicorn over wsproto does: it keeps the field out of the headers."""
    app = Accepting()
    scope = handshake("chat.v1", carrying(server.jwt(subject="alice")), "bearer", lines=[])
    assert await accepted(app, reading, scope) == {**ACCEPT, "subprotocol": "bearer"}
    assert app.scope[KEY].subject == "alice"
    assert app.scope["subprotocols"] == ["chat.v1", "bearer"]
    assert app.told() == []


async def test_on_a_public_path_the_token_is_hidden_and_not_looked_at(reading: Guard) -> None:
    app = Accepting()
    scope = handshake("bearer", carrying("rubbish"), path="/health")
    assert await accepted(app, reading, scope) == {**ACCEPT, "subprotocol": "bearer"}
    assert app.scope[KEY] is None
    assert app.told() == [b"bearer"]


@pytest.mark.parametrize("offered", [("bearer",), ("bearer", "bearer.token.%"), ("bearer", "x")])
async def test_without_a_good_token_the_application_is_not_called(
    reading: Guard, offered: tuple[str, ...]
) -> None:
    app = Accepting()
    wire = await call(BearerMiddleware(app, reading), handshake(*offered), CONNECT)
    assert wire.sent == [CLOSED_BY_US]
    assert app.scope == {}


async def test_two_ways_in_one_handshake_are_a_bad_request(
    reading: Guard, bearer: dict[str, str]
) -> None:
    token = bearer["authorization"].removeprefix("Bearer ")
    scope = handshake("bearer", carrying(token), denial=True)
    scope["headers"].append((b"authorization", bearer["authorization"].encode()))
    wire = await call(BearerMiddleware(Accepting(), reading), scope, CONNECT)
    assert wire.status == 400
    assert 'error="invalid_request"' in wire.headers["www-authenticate"]


async def test_a_guard_that_does_not_read_it_leaves_it_alone(
    make_warm: MakeGuard, bearer: dict[str, str]
) -> None:
    scope = handshake("bearer", carrying("abc"))
    scope["headers"].append((b"authorization", bearer["authorization"].encode()))
    headers, subprotocols = scope["headers"], scope["subprotocols"]
    app = Accepting()
    assert await accepted(app, make_warm(), scope) == ACCEPT
    assert app.scope["headers"] is headers
    assert app.scope["subprotocols"] is subprotocols


async def test_a_request_that_is_no_websocket_has_no_token_there(
    reading: Guard, server: AuthorizationServer, bearer: dict[str, str]
) -> None:
    field = {"sec-websocket-protocol": carrying(server.jwt())}
    app = App()
    wire = await call(BearerMiddleware(app, reading), http_scope(headers=field))
    assert wire.status == 401
    # A header of that name means nothing there, hence it is no second token either.
    scope = http_scope(headers={**field, **bearer})
    assert (await call(BearerMiddleware(app, reading), scope)).status == 200
    assert app.scope["headers"] == scope["headers"]


@pytest.mark.parametrize("scheme", ["ws", "wss", "http", "https"])
async def test_a_proxys_header_makes_a_websocket_nothing_else(
    reading: Guard, server: AuthorizationServer, scheme: str
) -> None:
    """hypercorn's ``ProxyFixMiddleware`` writes ``https`` into the scope of a WebSocket."""
    scope = handshake("bearer", carrying(server.jwt()), scheme=scheme)
    assert await accepted(Accepting(), reading, {**scope, "scheme": scheme})


async def test_two_middlewares_both_find_it(
    make_warm: MakeGuard, reading: Guard, server: AuthorizationServer
) -> None:
    token = server.jwt()
    for inner in (reading, make_warm(websocket_protocol="bearer")):
        app = Accepting()
        stack = BearerMiddleware(app, inner)
        message = await accepted(stack, reading, handshake("bearer", carrying(token)))
        assert message == {**ACCEPT, "subprotocol": "bearer"}
        assert carrying(token) not in repr(app.scope)


async def test_two_middlewares_with_markers_of_their_own_find_each_their_own(
    make_warm: MakeGuard, reading: Guard, server: AuthorizationServer
) -> None:
    app = Accepting()
    stack = BearerMiddleware(app, make_warm(websocket_protocol="access"))
    mine, its = server.jwt(subject="alice"), server.jwt(subject="bob")
    offered = ["access", "bearer", carrying(mine), carrying(its, "access")]
    message = await accepted(stack, reading, handshake(*offered))
    assert message["subprotocol"] == "access"
    assert app.told() == [b"access, bearer"]
    assert app.scope[KEY].subject == "bob"


async def test_the_refusal_of_a_websocket_tells_of_no_subprotocol(reading: Guard) -> None:
    wire = Wire(CONNECT)
    scope = handshake("bearer", denial=True)
    await BearerMiddleware(Accepting(), reading)(scope, wire.receive, wire.send)
    assert wire.status == 401
    assert "sec-websocket-protocol" not in wire.headers
