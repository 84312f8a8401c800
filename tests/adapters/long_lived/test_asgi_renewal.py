"""A client that renews its token over the open WebSocket keeps it; all others do not."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket

from adapters.asgi_wire import Wire, websocket_scope
from adapters.conftest import MakeGuard
from adapters.long_lived.conftest import (
    ACCEPT,
    CLOSED_BY_US,
    CONNECT,
    DISCONNECTED_BY_US,
    SHORT,
    Opened,
)
from bearer_guard import Guard, Rule
from bearer_guard._expiry import LOOK_AGAIN
from bearer_guard.asgi import KEY, BearerMiddleware
from bearer_guard.testing import AuthorizationServer

pytestmark = pytest.mark.anyio

LEFT = {"type": "websocket.disconnect", "code": 1001}
LONG = 300


@pytest.fixture(scope="module")
def renewing(make_warm: MakeGuard) -> Guard:
    return make_warm(websocket_renewal=True, public=["/health"])


def text(said: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": said}


def renew(token: str) -> dict[str, Any]:
    return text(f"bearer_guard.renew {token}")


class Socket:
    """An application that accepts and hears until the client leaves."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        assert await receive() == CONNECT
        await send(ACCEPT)
        while not self.heard or self.heard[-1]["type"] != "websocket.disconnect":
            self.heard.append(await receive())


class Talking(Wire):
    """A client that says something from time to time; a number is a pause before it goes on."""

    async def receive(self) -> dict[str, Any]:
        if self.incoming and not isinstance(self.incoming[0], dict):
            await anyio.sleep(self.incoming.pop(0))
        return await super().receive()


async def talk(app: Any, guard: Guard, scope: dict[str, Any], *said: Any) -> Talking:
    wire = Talking(CONNECT, *said)
    await BearerMiddleware(app, guard)(scope, wire.receive, wire.send)
    return wire


async def test_a_fresh_token_keeps_it_open(
    renewing: Guard, opened: Opened, server: AuthorizationServer
) -> None:
    app = Socket()
    fresh = server.jwt(expires_in=LONG)
    wire = await talk(app, renewing, opened(SHORT), renew(fresh), SHORT * 2, text("hello"), LEFT)
    assert wire.sent == [ACCEPT]
    # The message that renewed is none of the application's.
    assert app.heard == [text("hello"), LEFT]


async def test_without_one_it_is_closed_as_ever(renewing: Guard, opened: Opened) -> None:
    app = Socket()
    wire = await talk(app, renewing, opened(SHORT), text("hello"), SHORT * 2, text("late"))
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert app.heard == [text("hello"), DISCONNECTED_BY_US]


async def test_it_lives_as_long_as_the_last_token_and_no_longer(
    renewing: Guard, opened: Opened, server: AuthorizationServer
) -> None:
    app = Socket()
    before = anyio.current_time()
    twice = [renew(server.jwt(expires_in=SHORT * 2)), renew(server.jwt(expires_in=SHORT * 3))]
    wire = await talk(app, renewing, opened(SHORT), *twice)
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert app.heard == [DISCONNECTED_BY_US]
    assert SHORT * 2 < anyio.current_time() - before < LONG


async def test_a_fresh_token_may_also_be_the_shorter_one(
    renewing: Guard, opened: Opened, server: AuthorizationServer
) -> None:
    app = Socket()
    before = anyio.current_time()
    wire = await talk(app, renewing, opened(LONG), renew(server.jwt(expires_in=SHORT)))
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    # And not where the clock would be looked at anew.
    assert anyio.current_time() - before < LOOK_AGAIN / 2


async def test_the_first_one_sent_again_counts_again(
    renewing: Guard, server: AuthorizationServer
) -> None:
    first, longer = (server.jwt(expires_in=seconds) for seconds in (SHORT * 4, LONG))
    scope = websocket_scope("/orders", headers={"authorization": f"Bearer {first}"})
    with anyio.fail_after(LOOK_AGAIN / 2):
        wire = await talk(Socket(), renewing, scope, renew(longer), renew(first))
    assert wire.sent == [ACCEPT, CLOSED_BY_US]


async def test_the_scope_tells_of_the_fresh_token_before_the_next_message(
    renewing: Guard, opened: Opened, server: AuthorizationServer
) -> None:
    seen: list[tuple[str, set[str], set[str]]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        while (message := await receive())["type"] == "websocket.receive":
            user, auth = scope["user"], scope["auth"]
            assert user.token is scope[KEY]
            seen.append((message["text"], set(scope[KEY].scopes), set(auth.scopes)))

    fresh = server.jwt(scope="orders:read orders:write")
    await talk(app, renewing, opened(), text("one"), renew(fresh), text("two"), LEFT)
    old, new = {"orders:read"}, {"orders:read", "orders:write"}
    assert seen == [("one", old, old), ("two", new, new)]


async def test_the_same_token_again_changes_nothing(
    renewing: Guard, server: AuthorizationServer
) -> None:
    app = Socket()
    token = server.jwt()
    scope = websocket_scope(headers={"authorization": f"Bearer {token}"})
    await talk(app, renewing, scope, renew(token), text("hello"), LEFT)
    assert app.heard == [text("hello"), LEFT]


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        ({"expires_in": -1}, "expired"),
        ({"audience": "https://other.example.com"}, "audience_mismatch"),
        ({"subject": "bob"}, "renewal_mismatch"),
        ({"client_id": "another"}, "renewal_mismatch"),
        ({"scope": "profile"}, "scope_insufficient"),
        (None, "credentials_malformed"),
    ],
)
async def test_a_token_that_does_not_renew_closes_it_at_once(
    renewing: Guard,
    opened: Opened,
    server: AuthorizationServer,
    caplog: pytest.LogCaptureFixture,
    grant: dict[str, Any] | None,
    reason: str,
) -> None:
    app = Socket()
    token = "no token" if grant is None else server.jwt(**grant)
    with caplog.at_level(logging.INFO, "bearer_guard"):
        wire = await talk(app, renewing, opened(LONG), renew(token), text("more"))
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert app.heard == [DISCONNECTED_BY_US]
    assert [record.reason for record in caplog.records] == [reason]  # type: ignore[attr-defined]
    assert token not in caplog.text


async def test_whoever_sends_after_a_refusal_hears_why(renewing: Guard, opened: Opened) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        assert await receive() == DISCONNECTED_BY_US
        with pytest.raises(OSError, match="was not renewed"):
            await send({"type": "websocket.send", "text": "secret"})

    await talk(app, renewing, opened(LONG), renew("x"))


async def test_the_rules_of_the_path_are_those_of_the_handshake(
    make_warm: MakeGuard, server: AuthorizationServer
) -> None:
    """Starlette's ``Mount`` writes into the scope: below it the path looks like another one."""
    rules = [Rule("/admin/**", scopes=["admin"]), Rule("/**", scopes=["public"])]
    guard = make_warm(websocket_renewal=True, rules=rules)

    async def chat(websocket: WebSocket) -> None:
        await websocket.accept()
        async for said in websocket.iter_text():
            await websocket.send_text(said)

    app = Starlette(routes=[Mount("/admin", routes=[WebSocketRoute("/chat", chat)])])
    headers = {"authorization": f"Bearer {server.jwt(scope='admin')}"}
    scope = websocket_scope("/admin/chat", headers=headers)
    wire = await talk(app, guard, scope, renew(server.jwt(scope="admin")), text("hello"), LEFT)
    assert scope["root_path"] == "/admin"
    assert wire.sent[1:] == [{"type": "websocket.send", "text": "hello"}]


async def test_an_application_that_only_sends_is_renewed_all_the_same(
    renewing: Guard, opened: Opened, server: AuthorizationServer
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        # It does not even wait to be asked for the connection.
        await send(ACCEPT)
        for _ in range(8):
            await send({"type": "websocket.send", "text": "tick"})
            await anyio.sleep(SHORT / 4)
        await send({"type": "websocket.close"})

    wire = await talk(app, renewing, opened(SHORT), renew(server.jwt()))
    assert wire.kinds == ["websocket.accept", *["websocket.send"] * 8, "websocket.close"]


async def test_a_message_that_nobody_waited_for_is_not_lost(
    renewing: Guard, opened: Opened
) -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        with anyio.move_on_after(SHORT / 3):
            await receive()
        await anyio.sleep(SHORT)
        heard.extend([await receive(), await receive(), await receive()])

    said = [SHORT / 2, text("one"), {"type": "websocket.receive", "bytes": b"two"}, LEFT]
    await talk(app, renewing, opened(), *said)
    assert heard == said[1:]


async def test_at_most_one_message_is_read_ahead(renewing: Guard, opened: Opened) -> None:
    """A client that talks more than it is listened to is slowed down as without the guard."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await anyio.sleep(SHORT)

    wire = await talk(app, renewing, opened(), *[text(str(at)) for at in range(9)])
    assert len(wire.incoming) == 8


async def test_before_the_handshake_is_over_nothing_is_read_ahead(
    renewing: Guard, opened: Opened
) -> None:
    """Servers differ in what they say to an early reader."""
    asked: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await anyio.sleep(SHORT)
        asked.append(wire.asked)
        await send({"type": "websocket.close"})

    wire = Wire(CONNECT, text("early"))
    await BearerMiddleware(app, renewing)(opened(), wire.receive, wire.send)
    assert asked == [1]


async def test_an_application_may_listen_before_it_accepts(renewing: Guard, opened: Opened) -> None:
    """And hear that the client left, or that the token expired."""
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([await receive(), await receive()])

    await talk(app, renewing, opened(), LEFT)
    assert heard == [CONNECT, LEFT]
    heard.clear()
    assert (await talk(app, renewing, opened(SHORT))).sent == [CLOSED_BY_US]
    assert heard == [CONNECT, DISCONNECTED_BY_US]


async def test_two_listeners_share_what_comes(renewing: Guard, opened: Opened) -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)

        async def listen() -> None:
            heard.append(await receive())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            tasks.start_soon(listen)
            tasks.start_soon(listen)

    await talk(app, renewing, opened(), text("one"), SHORT, renew("x"))
    assert heard == [text("one"), DISCONNECTED_BY_US, DISCONNECTED_BY_US]


async def test_after_the_client_left_the_server_is_asked_as_without_the_guard(
    renewing: Guard, opened: Opened
) -> None:
    app_heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        app_heard.extend([await receive(), await receive()])

    await talk(app, renewing, opened(), LEFT, LEFT)
    assert app_heard == [LEFT, LEFT]


async def test_a_renewal_after_the_applications_own_close_closes_nothing_again(
    renewing: Guard, opened: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await send({"type": "websocket.close", "code": 1000})
        assert await receive() == LEFT

    wire = await talk(app, renewing, opened(), SHORT, renew("x"), LEFT)
    assert wire.sent[-1] == {"type": "websocket.close", "code": 1000}


class Granian(Talking):
    """A server that does not close while somebody reads."""

    def __init__(self, *incoming: Any) -> None:
        super().__init__(*incoming)
        self.lock = anyio.Lock()

    async def receive(self) -> dict[str, Any]:
        async with self.lock:
            return await super().receive()

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            async with self.lock:
                self.incoming.append(LEFT)
        await super().send(message)


async def test_nobody_reads_while_the_application_closes(renewing: Guard, opened: Opened) -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await anyio.sleep(SHORT)
        await send({"type": "websocket.close", "code": 4000})
        heard.append(await receive())

    wire = Granian(CONNECT)
    with anyio.fail_after(60):
        await BearerMiddleware(app, renewing)(opened(), wire.receive, wire.send)
    assert wire.sent[-1] == {"type": "websocket.close", "code": 4000}
    assert heard == [LEFT]


async def test_an_application_may_close_without_a_word(renewing: Guard, opened: Opened) -> None:
    closing = {"type": "websocket.close", "code": 4000}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(closing)

    assert (await talk(app, renewing, opened())).sent == [closing]


async def test_nor_while_the_guard_closes(renewing: Guard, opened: Opened) -> None:
    """The application goes on for a while, without a look at what its client says."""
    closed: list[bool] = []
    wire = Granian(CONNECT)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await anyio.sleep(SHORT * 2)
        closed.append(CLOSED_BY_US in wire.sent)

    await BearerMiddleware(app, renewing)(opened(SHORT), wire.receive, wire.send)
    assert closed == [True]


async def test_a_public_websocket_has_no_token_to_renew(renewing: Guard) -> None:
    app = Socket()
    await talk(app, renewing, websocket_scope("/health"), renew("x"), LEFT)
    assert app.heard == [renew("x"), LEFT]


async def test_a_guard_that_does_not_renew_hears_no_message(
    make_warm: MakeGuard, opened: Opened, server: AuthorizationServer
) -> None:
    app = Socket()
    message = renew(server.jwt())
    wire = await talk(app, make_warm(), opened(SHORT), message)
    assert app.heard == [message, DISCONNECTED_BY_US]
    assert wire.sent == [ACCEPT, CLOSED_BY_US]


async def test_another_guards_token_further_in_is_not_replaced(
    make_warm: MakeGuard, renewing: Guard, opened: Opened, server: AuthorizationServer
) -> None:
    """The inner guard has rules of its own, and never saw the fresh token. Its own expires."""
    app = Socket()
    inner = BearerMiddleware(app, make_warm())
    fresh = server.jwt(scope="orders:read admin")
    wire = await talk(inner, renewing, opened(SHORT), renew(fresh), text("hello"))
    assert app.heard == [text("hello"), DISCONNECTED_BY_US]
    assert app.scope[KEY].scopes == {"orders:read"}
    assert wire.sent == [ACCEPT, CLOSED_BY_US]


class Breaking(Talking):
    """A server whose ``receive`` fails."""

    async def receive(self) -> dict[str, Any]:
        message = await super().receive()
        if message["type"] == "broken":
            raise LookupError("the server's own")
        return message


async def test_an_error_of_the_server_closes_it_and_comes_out(
    renewing: Guard, opened: Opened
) -> None:
    app = Socket()
    wire = Breaking(CONNECT, text("hello"), {"type": "broken"})
    with pytest.raises(LookupError, match="the server's own"):
        await BearerMiddleware(app, renewing)(opened(), wire.receive, wire.send)
    assert wire.sent == [ACCEPT, {"type": "websocket.close", "code": 1011}]
    assert app.heard == [text("hello"), DISCONNECTED_BY_US]


async def test_an_error_while_a_token_is_judged_closes_it_and_comes_out(
    make_warm: MakeGuard, opened: Opened, server: AuthorizationServer
) -> None:
    """Whatever a function of the user's raises, the connection does not go on unjudged."""

    def expand(scopes: frozenset[str]) -> set[str]:
        if "admin" in scopes:
            raise ZeroDivisionError
        return set()

    guard = make_warm(websocket_renewal=True, expand_scopes=expand)
    app = Socket()
    wire = Talking(CONNECT, renew(server.jwt(scope="orders:read admin")), text("hello"))
    with pytest.raises(ZeroDivisionError):
        await BearerMiddleware(app, guard)(opened(), wire.receive, wire.send)
    assert wire.sent[-1] == {"type": "websocket.close", "code": 1011}
    assert app.heard == [DISCONNECTED_BY_US]
