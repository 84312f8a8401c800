"""WebSockets of aiohttp: refused before they are accepted, closed when their token expires."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
from aiohttp.test_utils import TestServer
from aiohttp_stage import ProductionServer, application, asked, served
from starlette_rows import Row
from starlette_rows import ask as ask_plain
from starlette_world import CLOCK, HeadersOf, MakeGuard

from bearer_guard import Guard, SettingsError, _aiohttp_expiry, _aiohttp_websocket
from bearer_guard import aiohttp as guarding
from bearer_guard.aiohttp import access_token, require_scopes, setup
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.asgi import require_scopes as plain_require_scopes
from bearer_guard.testing import HandClock

pytestmark = pytest.mark.anyio
SHORT = 3.0
"""Seconds that a token lives on. The clock that says so stands still; the close does not."""
UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def echo(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    async for message in websocket:
        await websocket.send_str(message.data)
    return websocket


async def asking(request: web.Request) -> web.WebSocketResponse:
    access_token(request).require_scopes("chat")
    return await echo(request)


class View(web.View):
    async def get(self) -> web.WebSocketResponse:
        return await echo(self.request)


HANDLERS = {
    "a_function": require_scopes("chat")(echo),
    "a_view": require_scopes("chat")(type("Guarded", (View,), {})),
    "a_handler_that_asks_the_token": asking,
}


@pytest.fixture(params=HANDLERS.values(), ids=[*HANDLERS])
def handler(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def clock() -> HandClock:
    return HandClock(CLOCK.time())


@pytest.fixture
def strict(make_guard: MakeGuard, clock: HandClock) -> Guard:
    return make_guard(issuer={"leeway": 0}, clock=clock)


@pytest.fixture
def brief(bearer: HeadersOf, clock: HandClock) -> Callable[..., dict[str, str]]:
    """Headers with a token that is good for ``SHORT`` seconds."""
    return lambda *scopes, left=SHORT: bearer(*scopes, claims={"exp": clock.time() + left})


@asynccontextmanager
async def opened(
    app: web.Application,
    headers: dict[str, str],
    path: str = "/",
    server: type[TestServer] = TestServer,
) -> AsyncIterator[ClientWebSocketResponse[Any]]:
    async with (
        served(app, server) as client,
        client.ws_connect(path, headers=headers) as websocket,
    ):
        yield websocket


async def closed(websocket: ClientWebSocketResponse[Any]) -> int:
    """The code with which the server closes."""
    message = await websocket.receive(5)
    assert message.type is WSMsgType.CLOSE, message
    code: int = message.data
    return code


async def test_a_good_token_opens_it(guard: Guard, bearer: HeadersOf, handler: Any) -> None:
    async with opened(application(guard, web.get("/", handler)), bearer("chat")) as websocket:
        await websocket.send_str("hello")
        assert await websocket.receive_str() == "hello"


async def unreached(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("it is not reached")


async def test_it_is_refused_as_a_request_is(guard: Guard, bearer: HeadersOf, handler: Any) -> None:
    plain = PlainMiddleware(plain_require_scopes("chat")(unreached), guard)
    made = {"other": bearer("other")["authorization"].removeprefix("Bearer ")}
    app = application(guard, web.get("/", handler))
    async with served(app) as client:
        for headers, token, status in (({}, None, 401), (bearer("other"), "other", 403)):
            refused = await asked(client, "GET", "/", UPGRADE | headers)
            expected = ask_plain(plain, Row("as HTTP", status, "/", token), made)
            assert refused == tuple(expected)
            with pytest.raises(WSServerHandshakeError) as denied:
                await client.ws_connect("/", headers=headers)
            assert denied.value.status == status
            assert denied.value.headers["www-authenticate"].startswith("Bearer realm=")


async def test_a_request_that_is_no_websocket_is_answered_as_ever(
    guard: Guard, bearer: HeadersOf
) -> None:
    async with served(application(guard, web.get("/", echo))) as client:
        assert (await asked(client, "GET", "/", bearer())).status == 400


# Expiry


async def receiving(websocket: web.WebSocketResponse, heard: list[Any]) -> None:
    async for message in websocket:
        heard += [message.data]


async def receiving_by_hand(websocket: web.WebSocketResponse, heard: list[Any]) -> None:
    while (message := await websocket.receive()).type is WSMsgType.TEXT:
        heard.append(message.data)


async def sending(websocket: web.WebSocketResponse, heard: list[Any]) -> None:
    while True:
        await websocket.send_str("tick")
        await asyncio.sleep(0.01)


async def doing_both(websocket: web.WebSocketResponse, heard: list[Any]) -> None:
    sender = asyncio.ensure_future(sending(websocket, heard))
    await receiving(websocket, heard)
    await asyncio.wait([sender])
    assert isinstance(sender.exception(), ConnectionError)


async def lingering(websocket: web.WebSocketResponse, heard: list[Any]) -> None:
    await asyncio.sleep(SHORT * 2)
    with pytest.raises(ConnectionError):
        await websocket.send_str("after expiry")


@pytest.mark.parametrize("conduct", [receiving, receiving_by_hand, sending, doing_both, lingering])
async def test_it_is_closed_with_1008_whatever_the_handler_does(
    strict: Guard, brief: Any, caplog: pytest.LogCaptureFixture, conduct: Any
) -> None:
    heard: list[Any] = []
    ended: list[Any] = []

    async def handler(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        try:
            await conduct(websocket, heard)
        finally:
            ended.append((websocket.closed, (await websocket.receive()).type))
        return websocket

    tasks = asyncio.all_tasks()
    app = application(strict, web.get("/", handler))
    async with opened(app, brief(), server=ProductionServer) as websocket:
        await websocket.send_str("hello")
        while (message := await websocket.receive(5)).type is WSMsgType.TEXT:
            assert message.data == "tick"
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)
    assert (heard in ([], ["hello"]), ended) == (True, [(True, WSMsgType.CLOSED)])
    assert asyncio.all_tasks() == tasks
    # Nobody did anything wrong.
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_other_lost_connections_of_the_handler_are_its_own(
    strict: Guard, brief: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def losing(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        await websocket.close()
        await websocket.send_str("too late")
        raise AssertionError("it is not reached")

    app = application(strict, web.get("/", losing))
    async with opened(app, brief(), server=ProductionServer) as websocket:
        assert await closed(websocket) == 1000
    assert [record.name for record in caplog.records] == ["aiohttp.server"]


async def test_a_token_that_expires_before_the_handler_accepts_is_answered(
    strict: Guard, brief: Any, clock: HandClock
) -> None:
    async def slow(request: web.Request) -> web.WebSocketResponse:
        clock.turn(SHORT)
        return await echo(request)

    async with served(application(strict, web.get("/", slow))) as client:
        refused = await asked(client, "GET", "/", UPGRADE | brief())
    assert refused.status == 401
    assert "The access token expired." in refused["www-authenticate"]


async def test_one_that_expires_while_it_is_accepted_closes_it_then(
    strict: Guard, brief: Any
) -> None:
    async def slow(request: web.Request, response: web.StreamResponse) -> None:
        await asyncio.sleep(SHORT * 1.5)

    app = application(strict, web.get("/", echo))
    app.on_response_prepare.append(slow)
    async with served(app) as client, client.ws_connect("/", headers=brief()) as websocket:
        assert await closed(websocket) == 1008


async def test_the_wall_clock_counts_too_as_after_a_machine_slept(
    strict: Guard, brief: Any, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_aiohttp_expiry, "LOOK_AGAIN", 0.05)
    app = application(strict, web.get("/", echo))
    async with opened(app, brief(left=3000)) as websocket:
        clock.turn(3000)
        assert await closed(websocket) == 1008


async def test_a_socket_that_the_handler_closed_is_not_closed_again(
    strict: Guard, brief: Any
) -> None:
    async def closing(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        await websocket.close(code=4000)
        await asyncio.sleep(SHORT * 1.5)
        return websocket

    async with opened(application(strict, web.get("/", closing)), brief()) as websocket:
        assert await closed(websocket) == 4000


async def test_an_expiry_after_the_client_left_disturbs_nobody(
    strict: Guard, brief: Any, caplog: pytest.LogCaptureFixture
) -> None:
    tidied = asyncio.Event()

    async def tidying(request: web.Request) -> web.WebSocketResponse:
        websocket = await echo(request)
        await asyncio.sleep(SHORT * 1.5)
        tidied.set()
        return websocket

    app = application(strict, web.get("/", tidying))
    async with served(app, ProductionServer) as client:
        async with client.ws_connect("/", headers=brief()):
            pass
        await asyncio.wait_for(tidied.wait(), 5)
    assert caplog.records == []


async def test_nor_does_one_after_a_client_that_vanished(
    strict: Guard, brief: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It said no goodbye, and the handler does not listen."""
    tidied = asyncio.Event()

    async def deaf(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        await asyncio.sleep(SHORT * 1.5)
        tidied.set()
        return websocket

    async with served(application(strict, web.get("/", deaf)), ProductionServer) as client:
        _, writer = await shaken_hands(client, brief())
        writer.transport.abort()
        await asyncio.wait_for(tidied.wait(), 5)
    assert caplog.records == []


async def test_two_guards_close_it_once(strict: Guard, brief: Any) -> None:
    app = application(strict, web.get("/", echo))
    setup(app, strict)
    async with served(app) as client, client.ws_connect("/", headers=brief()) as websocket:
        assert await closed(websocket) == 1008


async def test_on_a_public_path_it_stays_open(make_guard: MakeGuard, brief: Any) -> None:
    guard = make_guard(public=["/health"])
    async with opened(
        application(guard, web.get("/health", echo)), brief(), "/health"
    ) as websocket:
        await asyncio.sleep(SHORT * 1.5)
        await websocket.send_str("hello")
        assert await websocket.receive_str() == "hello"


async def test_after_the_handler_nobody_waits_for_expiry(strict: Guard, bearer: HeadersOf) -> None:
    kept: list[weakref.ref[Any]] = []

    async def handler(request: web.Request) -> web.WebSocketResponse:
        (connection,) = request[guarding._CONNECTIONS].values()
        kept.append(weakref.ref(connection))
        return await echo(request)

    async with served(application(strict, web.get("/", handler))) as client:
        async with client.ws_connect("/", headers=bearer()) as websocket:
            await websocket.send_str("hello")
            await websocket.receive_str()
            assert kept[0]() is not None
        await asked(client, "GET", "/nowhere")
        gc.collect()
        assert kept[0]() is None


# Clients that do not read


async def test_one_that_reads_nothing_is_heard_no_more_and_is_cut_off(
    strict: Guard, brief: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_aiohttp_websocket, "CLOSING", 1.0)
    heard: list[Any] = []
    full, over = asyncio.Event(), asyncio.Event()

    async def flooding(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        assert request.transport is not None

        async def flood() -> None:
            while True:
                sending = asyncio.ensure_future(websocket.send_bytes(b"x" * 65_536))
                done, _ = await asyncio.wait([sending], timeout=0.1)
                if not done:
                    full.set()
                await sending

        flooder = asyncio.ensure_future(flood())
        await receiving(websocket, heard)
        over.set()
        await asyncio.wait([flooder])
        assert isinstance(flooder.exception(), ConnectionError)
        return websocket

    app = application(strict, web.get("/", flooding))
    async with served(app, ProductionServer) as client:
        _reader, writer = await shaken_hands(client, brief(left=1.0))
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.wait_for(full.wait(), 5)
        writer.write(_text(b"before"))
        await asyncio.sleep(1.2)
        # The token expired a moment ago, and the close waits behind what the client leaves unread.
        writer.write(_text(b"after"))
        await asyncio.wait_for(over.wait(), 5)
        assert heard == ["before"]
        writer.transport.abort()


async def test_the_connection_is_there_until_the_client_has_answered_the_close(
    strict: Guard, brief: Any
) -> None:
    async def noticing(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        while not websocket.closed:  # noqa: ASYNC110 - it is no event
            await asyncio.sleep(0.01)
        return websocket

    async with served(application(strict, web.get("/", noticing))) as client:
        reader, writer = await shaken_hands(client, brief())
        assert await asyncio.wait_for(reader.readexactly(4), 5) == b"\x88\x02\x03\xf0"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(), SHORT)
        writer.write(b"\x88\x82\0\0\0\0\x03\xf0")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def shaken_hands(
    client: Any, headers: dict[str, str]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket of which the test sees each octet."""
    reader, writer = await asyncio.open_connection(client.host, client.port, limit=1024)
    lines = "".join(f"{name}: {value}\r\n" for name, value in (UPGRADE | headers).items())
    writer.write(f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).split()[1] == b"101"
    return reader, writer


def _text(data: bytes) -> bytes:
    """A text frame from a client, whose mask is nought (RFC 6455 section 5.2)."""
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


# Refusals that come later


async def asking_later(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    await websocket.receive_str()
    access_token(request).require_scopes("chat")
    raise AssertionError("it is not reached")


async def test_a_scope_that_is_missing_later_closes_it_with_1008(
    guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(application(guard, web.get("/", asking_later)), bearer("other")) as websocket:
        await websocket.send_str("hello")
        # This was under way when the first one closed the socket.
        await websocket.send_str("are you there?")
        assert await closed(websocket) == 1008
    logged = [record.reason for record in caplog.records if record.name == "bearer_guard"]
    assert logged == ["scope_insufficient"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_nor_does_it_wait_for_a_client_that_reads_nothing(
    guard: Guard, bearer: HeadersOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_aiohttp_websocket, "CLOSING", 0.2)
    over = asyncio.Event()

    @web.middleware
    async def noting_the_end(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        finally:
            over.set()
        return answer

    async def flooding(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while True:
                    await websocket.send_bytes(b"x" * 65_536)
        access_token(request).require_scopes("chat")
        raise AssertionError("it is not reached")

    app = application(guard, web.get("/", flooding))
    app.middlewares.insert(0, noting_the_end)
    async with served(app, ProductionServer) as client:
        _, writer = await shaken_hands(client, bearer("other"))
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.wait_for(over.wait(), 5)
        writer.transport.abort()


async def test_a_refusal_that_comes_after_the_close_is_raised_again(
    guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    async def closing_first(request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        await websocket.close(code=4000)
        access_token(request).require_scopes("chat")
        return websocket

    async with opened(
        application(guard, web.get("/", closing_first)), bearer("other")
    ) as websocket:
        assert await closed(websocket) == 4000
    (record,) = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert record.exc_info is not None
    assert record.exc_info[0] is not None
    assert record.exc_info[0].__name__ == "InsufficientScope"


# Tokens among the subprotocols


async def saying_what_it_sees(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse(protocols=("chat",))
    await websocket.prepare(request)
    seen = [value for name, value in request.raw_headers if b"protocol" in name.lower()]
    await websocket.send_str(f"{access_token(request).subject} {seen} {request['x']}")
    return websocket


@web.middleware
async def noting(request: web.Request, handler: Any) -> web.StreamResponse:
    request["x"] = request.headers.get("X-Odd")
    answer: web.StreamResponse = await handler(request)
    return answer


def offering(bearer: HeadersOf, *names: str, **grant: Any) -> str:
    token = bearer(**grant)["authorization"].removeprefix("Bearer ").encode()
    return ", ".join(
        [*names, f"token.token.{base64.urlsafe_b64encode(token).decode().rstrip('=')}"]
    )


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
@pytest.mark.parametrize(
    ("names", "chosen", "seen"),
    [(["token"], "token", []), (["token", "chat"], "chat", [b"chat"]), ([], None, [])],
)
@pytest.mark.parametrize("guards", [1, 2])
async def test_a_token_there_opens_it_and_is_for_nobody_else(
    make_guard: MakeGuard,
    bearer: HeadersOf,
    caplog: pytest.LogCaptureFixture,
    names: list[str],
    chosen: str | None,
    seen: list[bytes],
    guards: int,
) -> None:
    guard = make_guard(websocket_protocol="token")
    app = application(guard, web.get("/", saying_what_it_sees), middlewares=[noting])
    if guards == 2:
        setup(app, guard)
    headers = {"sec-websocket-protocol": offering(bearer, *names, subject="alice")}
    async with served(app) as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in (UPGRADE | headers).items())
        # A header of another encoding comes along.
        writer.write(f"GET / HTTP/1.1\r\nHost: a\r\nX-Odd: \xff\r\n{lines}\r\n".encode("latin-1"))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        said = (await asyncio.wait_for(reader.readuntil(b"\xef\xbf\xbd"), 5)).decode(
            "utf-8", "replace"
        )
        writer.close()
    answered = [line for line in head.splitlines() if line.lower().startswith("sec-websocket-p")]
    assert answered == ([] if chosen is None else [f"Sec-WebSocket-Protocol: {chosen}"])
    assert f"alice {seen}" in said
    # aiohttp would warn of subprotocols that nobody knows, and name them.
    assert caplog.records == []


async def test_a_bad_token_there_is_refused_as_any(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    guard = make_guard(websocket_protocol="token")
    offered = {"sec-websocket-protocol": offering(bearer, "token", expires_in=-1000)}
    async with served(application(guard, web.get("/", echo))) as client:
        assert (await asked(client, "GET", "/", UPGRADE | offered)).status == 401
        both = await asked(client, "GET", "/", UPGRADE | offered | bearer())
        assert both.status == 400
        # It is a place for WebSockets alone, and they begin with GET.
        plain = {"sec-websocket-protocol": offering(bearer, "token")}
        assert (await asked(client, "GET", "/", plain)).status == 401
        assert (await asked(client, "POST", "/", UPGRADE | plain)).status == 401


async def test_renewal_is_refused_when_it_is_set_up(make_guard: MakeGuard) -> None:
    with pytest.raises(SettingsError, match="websocket_renewal is not for aiohttp"):
        application(make_guard(websocket_renewal=True))
