"""WebSockets: refused before they are accepted, closed when their token expires.

The loop's own clock jumps: nobody waits, however long a token lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from adapters.asgi_wire import Wire, body_messages, call, websocket_scope
from adapters.conftest import MakeGuard
from bearer_guard import Guard, InsufficientScope, Introspection, Request
from bearer_guard.asgi import KEY, BearerMiddleware, BearerUser, access_token, require_scopes
from bearer_guard.testing import AuthorizationServer
from jumping_loop import LOOPS, jumping

pytestmark = pytest.mark.anyio

CONNECT = {"type": "websocket.connect"}
ACCEPT = {"type": "websocket.accept"}
CLOSED_BY_US = {"type": "websocket.close", "code": 1008}
DISCONNECTED_BY_US = {"type": "websocket.disconnect", "code": 1008}
SHORT = 1.0


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return jumping(request.param)


@pytest.fixture(scope="module")
def make_warm(make_guard: MakeGuard, server: AuthorizationServer) -> MakeGuard:
    """A guard that knows the keys: nothing is fetched while the loop runs."""

    def make(leeway: float = 0, **options: Any) -> Guard:
        guard = make_guard(issuer={"leeway": leeway}, **options)
        guard.authenticate(Request(headers={"Authorization": f"Bearer {server.jwt()}"}))
        return guard

    return make


@pytest.fixture(scope="module")
def strict(make_warm: MakeGuard) -> Guard:
    return make_warm(public=["/health"])


@pytest.fixture
def opened(server: AuthorizationServer) -> Callable[..., dict[str, Any]]:
    """The scope of a handshake whose token lives for so many seconds."""

    def scope(seconds: float = 300, **more: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {server.jwt(expires_in=seconds)}"}
        return websocket_scope(headers=headers, **more)

    return scope


Opened = Callable[..., dict[str, Any]]


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


# Refusals


async def test_a_handshake_without_a_token_is_answered_as_http_where_the_server_can(
    strict: Guard,
) -> None:
    app = Socket()
    wire = await call(BearerMiddleware(app, strict), websocket_scope(denial=True), CONNECT)
    assert wire.kinds == ["websocket.http.response.start", "websocket.http.response.body"]
    assert wire.status == 401
    assert wire.headers["www-authenticate"] == 'Bearer realm="api"'
    assert int(wire.headers["content-length"]) == len(wire.body)
    assert wire.problem["detail"] == "An access token is needed."
    assert app.scope == {}


async def test_elsewhere_it_is_closed_with_a_policy_violation(strict: Guard) -> None:
    app = Socket()
    wire = await call(BearerMiddleware(app, strict), websocket_scope(), CONNECT)
    assert wire.sent == [CLOSED_BY_US]
    assert app.scope == {}


async def test_a_server_may_have_no_extensions_at_all(strict: Guard) -> None:
    for extensions in ({}, None):
        scope = {**websocket_scope(), "extensions": extensions}
        wire = await call(BearerMiddleware(Socket(), strict), scope, CONNECT)
        assert wire.sent == [CLOSED_BY_US]
    scope = websocket_scope()
    del scope["extensions"]
    wire = await call(BearerMiddleware(Socket(), strict), scope, CONNECT)
    assert wire.sent == [CLOSED_BY_US]


async def test_a_refused_handshake_says_which_scopes_it_needs(
    make_warm: MakeGuard, opened: Opened
) -> None:
    guard = make_warm(required_scopes=["chat"])
    wire = await call(BearerMiddleware(Socket(), guard), opened(denial=True), CONNECT)
    assert wire.status == 403
    assert wire.headers["www-authenticate"].endswith('scope="chat"')


async def test_a_preflight_is_no_way_into_a_websocket(strict: Guard) -> None:
    headers = {"origin": "https://x.example", "access-control-request-method": "GET"}
    scope = websocket_scope(headers=headers)
    for method in ({}, {"method": "GET"}):
        wire = await call(BearerMiddleware(Socket(), strict), {**scope, **method}, CONNECT)
        assert wire.sent == [CLOSED_BY_US]


async def test_an_applications_own_refusal_before_it_accepts(strict: Guard, opened: Opened) -> None:
    app = require_scopes("chat")(Socket())
    wire = await call(BearerMiddleware(app, strict), opened(denial=True), CONNECT)
    assert wire.status == 403
    wire = await call(BearerMiddleware(app, strict), opened(), CONNECT)
    assert wire.sent == [CLOSED_BY_US]


async def test_an_applications_own_refusal_after_it_accepted(strict: Guard, opened: Opened) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.send", "text": "hello"})
        access_token(scope).require_scopes("chat")

    wire = await call(BearerMiddleware(app, strict), opened(denial=True), CONNECT)
    assert wire.kinds == ["websocket.accept", "websocket.send", "websocket.close"]
    assert wire.sent[-1] == CLOSED_BY_US


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "websocket.close", "code": 1000},
        {"type": "websocket.http.response.start", "status": 404, "headers": []},
    ],
)
async def test_a_refusal_that_comes_too_late_is_raised_again(
    strict: Guard, opened: Opened, answer: dict[str, Any]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(answer)
        raise InsufficientScope(("late",))

    wire = Wire(CONNECT)
    with pytest.raises(InsufficientScope):
        await BearerMiddleware(app, strict)(opened(denial=True), wire.receive, wire.send)
    assert wire.sent == [answer]


# What gets in


async def test_a_good_token_opens_it(strict: Guard, opened: Opened) -> None:
    app = Socket()
    messages = [{"type": "websocket.receive", "text": str(at)} for at in range(3)]
    left = {"type": "websocket.disconnect", "code": 1005}
    wire = await call(BearerMiddleware(app, strict), opened(), CONNECT, *messages, left)
    assert wire.sent == [ACCEPT]
    assert app.heard == [*messages, left]
    assert app.scope[KEY].subject == "user-1"
    assert isinstance(app.scope["user"], BearerUser)
    assert app.scope["auth"].scopes == ["orders:read"]


async def test_a_public_websocket_lives_as_long_as_it_likes(strict: Guard) -> None:
    app = Socket()
    wire = Wire(CONNECT)
    with anyio.move_on_after(SHORT):
        await BearerMiddleware(app, strict)(websocket_scope("/health"), wire.receive, wire.send)
    assert wire.sent == [ACCEPT]
    assert app.scope[KEY] is None


async def test_a_token_that_names_no_expiry_never_closes_it(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    introspection = Introspection(**server.introspection_settings())  # type: ignore[arg-type]
    guard = make_guard(issuer={"introspection": introspection})
    token = server.opaque(claims={"exp": server.ABSENT})
    headers = {"authorization": f"Bearer {token}"}
    guard.authenticate(Request(headers=headers))
    given: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        given.append(receive)

    wire = Wire(CONNECT)
    own = wire.receive
    await BearerMiddleware(app, guard)(websocket_scope(headers=headers), own, wire.send)
    assert given == [own]


# Expiry


async def test_when_the_token_expires_the_socket_is_closed_and_the_listener_hears_of_it(
    strict: Guard, opened: Opened
) -> None:
    app = Socket()
    wire = await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert app.heard == [DISCONNECTED_BY_US]


async def test_leeway_is_granted_to_open_sockets_too(make_warm: MakeGuard, opened: Opened) -> None:
    guard = make_warm(leeway=SHORT)
    before = anyio.current_time()
    wire = await call(BearerMiddleware(Socket(), guard), opened(0), CONNECT)
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert anyio.current_time() - before >= SHORT * 0.99


async def test_a_socket_that_was_not_accepted_yet_is_closed_too(
    strict: Guard, opened: Opened
) -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([await receive(), await receive()])

    wire = await call(BearerMiddleware(app, strict), opened(SHORT, denial=True), CONNECT)
    assert wire.sent == [CLOSED_BY_US]
    assert heard == [CONNECT, DISCONNECTED_BY_US]


async def test_whoever_sends_after_expiry_hears_what_servers_raise(
    strict: Guard, opened: Opened
) -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await anyio.sleep(SHORT * 1.5)
        for _ in range(2):
            with pytest.raises(OSError, match="the access token expired"):
                await send({"type": "websocket.send", "text": "secret"})
        heard.extend([await receive(), await receive()])

    wire = await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert heard == [DISCONNECTED_BY_US] * 2


async def test_a_sender_that_lets_that_error_out_is_no_failure_of_the_application(
    strict: Guard, opened: Opened
) -> None:
    """uvicorn swallows its own ``ClientDisconnected`` and logs any other with a traceback:
    each expiry of a socket that only pushes would be an error in the operator's log."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        while True:
            await send({"type": "websocket.send", "text": "tick"})
            await anyio.sleep(SHORT * 0.3)

    wire = await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)
    assert wire.sent[-1] == CLOSED_BY_US


async def test_an_applications_own_error_after_expiry_is_not_hidden(
    strict: Guard, opened: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        assert await receive() == CONNECT
        assert await receive() == DISCONNECTED_BY_US
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)


async def test_a_socket_that_the_application_closed_is_not_closed_again(
    strict: Guard, opened: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.close", "code": 1000})
        await anyio.sleep(SHORT * 1.5)

    wire = await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)
    assert wire.kinds == ["websocket.accept", "websocket.close"]
    assert wire.sent[-1]["code"] == 1000


async def test_a_denial_by_the_application_is_not_followed_by_a_close(
    strict: Guard, opened: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 404, "headers": []})
        await anyio.sleep(SHORT * 1.5)
        await send({"type": "websocket.http.response.body", "body": b""})

    wire = await call(BearerMiddleware(app, strict), opened(SHORT, denial=True), CONNECT)
    assert wire.kinds == ["websocket.http.response.start", "websocket.http.response.body"]


async def test_after_the_application_nobody_waits_for_expiry(strict: Guard, opened: Opened) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    before = anyio.current_time()
    await call(BearerMiddleware(app, strict), opened(86_400), CONNECT)
    assert anyio.current_time() - before < 1


async def test_an_error_of_the_application_comes_out_as_it_is(
    strict: Guard, opened: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("mine")

    wire = Wire(CONNECT)
    with pytest.raises(LookupError, match="mine") as failure:
        await BearerMiddleware(app, strict)(opened(), wire.receive, wire.send)
    assert failure.value.__context__ is None
    assert wire.sent == []


async def test_a_group_of_errors_of_the_application_comes_out_as_it_is(
    strict: Guard, opened: Opened
) -> None:
    group = ExceptionGroup("mine", [LookupError("a")])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise group

    with pytest.raises(ExceptionGroup) as failure:
        await call(BearerMiddleware(app, strict), opened(), CONNECT)
    assert failure.value is group


async def test_a_server_that_gives_up_ends_the_application_and_the_wait(
    strict: Guard, opened: Opened
) -> None:
    ended: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        try:
            await receive()
        finally:
            ended.append(True)

    with anyio.move_on_after(SHORT) as gave_up:
        await call(BearerMiddleware(app, strict), opened(86_400), CONNECT)
    assert gave_up.cancelled_caught
    assert ended == [True]


async def test_an_applications_own_timeout_on_receive_is_its_own(
    strict: Guard, opened: Opened
) -> None:
    timeouts: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        for _ in range(2):
            with anyio.move_on_after(SHORT / 3) as waiting:
                await receive()
            timeouts.append(waiting.cancelled_caught)
        await send({"type": "websocket.close"})

    await call(BearerMiddleware(app, strict), opened(), CONNECT)
    assert timeouts == [True, True]


class Leaving(Wire):
    """A server whose client left: from then on a close is one message too many for it."""

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            raise RuntimeError("Unexpected ASGI message 'websocket.close'")
        await super().send(message)


async def test_an_expiry_after_the_client_left_disturbs_nobody(
    strict: Guard, opened: Opened
) -> None:
    """The application tidies up, longer than its token lives; servers raise at a close that
    comes after the end, each in its own way."""
    tidied: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await receive()
        assert (await receive())["code"] == 1001
        await anyio.sleep(SHORT * 2)
        tidied.append(True)

    wire = Leaving(CONNECT, {"type": "websocket.disconnect", "code": 1001})
    await BearerMiddleware(app, strict)(opened(SHORT), wire.receive, wire.send)
    assert tidied == [True]


class Slow(Wire):
    """A client that does not read: the close waits in the server's buffer. Then it writes."""

    def __init__(self, *incoming: dict[str, Any]) -> None:
        super().__init__(*incoming)
        self.is_closing = anyio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.incoming:
            return await super().receive()
        await self.is_closing.wait()
        return {"type": "websocket.receive", "text": "after expiry"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.is_closing.set()
            await anyio.sleep(SHORT)
        await super().send(message)


async def test_nothing_from_a_client_is_heard_after_expiry_however_slowly_it_reads(
    strict: Guard, opened: Opened
) -> None:
    app = Socket()
    wire = Slow(CONNECT)
    await BearerMiddleware(app, strict)(opened(SHORT), wire.receive, wire.send)
    assert app.heard == [DISCONNECTED_BY_US]
    assert wire.kinds == ["websocket.accept", "websocket.close"]


async def test_two_middlewares_close_it_once(
    make_warm: MakeGuard, strict: Guard, opened: Opened
) -> None:
    app = Socket()
    stack = BearerMiddleware(BearerMiddleware(app, strict), make_warm())
    wire = await call(stack, opened(SHORT), CONNECT)
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert app.heard == [DISCONNECTED_BY_US]


async def test_two_middlewares_bear_an_application_that_lingers(
    make_warm: MakeGuard, opened: Opened
) -> None:
    """The inner one's token expires when the outer one has closed the socket already."""
    lingered: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await anyio.sleep(SHORT * 3)
        lingered.append(True)

    stack = BearerMiddleware(BearerMiddleware(app, make_warm(leeway=SHORT)), make_warm())
    wire = await call(stack, opened(SHORT), CONNECT)
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
    assert lingered == [True]


async def test_a_forms_guard_leaves_websockets_their_receive(
    make_warm: MakeGuard, opened: Opened
) -> None:
    guard = make_warm(form_parameter=True)
    app = Socket()
    left = {"type": "websocket.disconnect", "code": 1001}
    await call(BearerMiddleware(app, guard), opened(), CONNECT, *body_messages(b"x"), left)
    assert app.heard == [*body_messages(b"x"), left]
