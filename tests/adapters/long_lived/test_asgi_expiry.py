"""When a connection's life ends, whatever clocks, tasks and errors do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from adapters.asgi_wire import Wire, call, http_scope, websocket_scope
from adapters.conftest import MakeGuard
from adapters.long_lived.conftest import (
    ACCEPT,
    CLOSED_BY_US,
    CONNECT,
    DISCONNECTED_BY_US,
    SHORT,
    Opened,
)
from bearer_guard import Guard, Issuer, Request, _asgi_life
from bearer_guard.asgi import BearerMiddleware
from bearer_guard.testing import AuthorizationServer

pytestmark = pytest.mark.anyio

EVENTS = {"type": "http.response.start", "status": 200, "headers": []}
LAST = {"type": "http.response.body", "body": b"", "more_body": False}


@pytest.fixture(scope="module")
def strict(make_warm: MakeGuard) -> Guard:
    return make_warm(end_streams_at_expiry=True)


class SetClock:
    """A wall clock that somebody sets; the other one goes on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return 0.0


class World:
    """A guard by that clock, whose keys are known."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.server = AuthorizationServer(
            issuer="https://login.example.com/", clock=self.clock.time
        )
        self.guard = Guard(
            audience=self.server.audience,
            issuers=[Issuer(self.server.issuer, leeway=0)],
            http_client=self.server.http_client(),
            clock=self.clock,
            end_streams_at_expiry=True,
        )
        self.headers(1)

    def headers(self, seconds: float) -> dict[str, str]:
        headers = {"authorization": f"Bearer {self.server.jwt(expires_in=seconds)}"}
        self.guard.authenticate(Request(headers=headers))
        return headers


@pytest.fixture
def world() -> World:
    return World()


async def waiting(scope: Any, receive: Any, send: Any) -> None:
    """An application, of either protocol, that waits until its client leaves."""
    await send(ACCEPT if scope["type"] == "websocket" else EVENTS)
    while (await receive())["type"] not in ("websocket.disconnect", "http.disconnect"):
        pass


SCOPES = [(websocket_scope, CLOSED_BY_US), (http_scope, LAST)]


@pytest.mark.parametrize(("scope_of", "end"), SCOPES, ids=["websocket", "stream"])
async def test_a_wall_clock_that_is_set_forward_ends_it_within_moments(
    world: World, monkeypatch: pytest.MonkeyPatch, scope_of: Callable[..., Any], end: Any
) -> None:
    """So does a machine that slept: while it does, the loop's clock stands still."""
    monkeypatch.setattr(_asgi_life, "LOOK_AGAIN", SHORT)
    scope = scope_of(headers=world.headers(3600))
    wire = Wire(CONNECT)
    before = anyio.current_time()

    async def set_clock() -> None:
        await anyio.sleep(SHORT * 1.5)
        world.clock.now += 3601

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(set_clock)
        await BearerMiddleware(waiting, world.guard)(scope, wire.receive, wire.send)
    assert wire.sent[-1] == end
    assert anyio.current_time() - before < 60


def test_how_long_those_moments_are() -> None:
    assert _asgi_life.LOOK_AGAIN == 30


@pytest.mark.parametrize(("scope_of", "end"), SCOPES, ids=["websocket", "stream"])
async def test_a_wall_clock_that_is_set_back_does_not_prolong_it(
    world: World, scope_of: Callable[..., Any], end: Any
) -> None:
    scope = scope_of(headers=world.headers(SHORT))
    wire = Wire(CONNECT)

    async def app(*connection: Any) -> None:
        world.clock.now -= 86_400
        await waiting(*connection)

    await BearerMiddleware(app, world.guard)(scope, wire.receive, wire.send)
    assert wire.sent[-1] == end


# Errors


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), LookupError("mine")])
async def test_an_error_comes_out_as_it_is_and_in_no_group(
    strict: Guard, opened: Opened, asked: Opened, error: BaseException
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    for scope in (opened(), asked()):
        wire = Wire(CONNECT)
        with pytest.raises(type(error)) as failure:
            await BearerMiddleware(app, strict)(scope, wire.receive, wire.send)
        assert failure.value is error
        assert failure.value.__context__ is None


def left_in_a_group(error: Exception) -> Exception:
    return ExceptionGroup("tasks", [error, ExceptionGroup("more", [error])])


@pytest.mark.parametrize("wrap", [lambda error: error, left_in_a_group], ids=["plain", "group"])
@pytest.mark.parametrize(
    "error",
    [None, ClientDisconnect(), WebSocketDisconnect(1008)],
    ids=["ours", "http", "websocket"],
)
async def test_what_frameworks_make_of_the_end_is_no_failure_of_the_application(
    strict: Guard, opened: Opened, asked: Opened, error: Exception | None, wrap: Any
) -> None:
    """Servers would log each expiry with a traceback."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await waiting(scope, receive, send)
        try:
            await send({})
        except OSError as ours:
            raise wrap(error or ours) from None

    assert (await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)).sent[
        -1
    ] == CLOSED_BY_US
    assert (await call(BearerMiddleware(app, strict), asked(SHORT))).sent[-1] == LAST


async def test_another_error_among_them_is_not_hidden(strict: Guard, opened: Opened) -> None:
    other = LookupError("mine")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await waiting(scope, receive, send)
        raise ExceptionGroup("tasks", [WebSocketDisconnect(1008), other])

    with pytest.raises(ExceptionGroup) as failure:
        await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)
    assert failure.value.exceptions == (other,)


@pytest.mark.parametrize("error", [WebSocketDisconnect(1001), OSError("gone")])
async def test_before_the_end_the_same_errors_are_the_applications_own(
    strict: Guard, opened: Opened, error: Exception
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    with pytest.raises(type(error)) as failure:
        await call(BearerMiddleware(app, strict), opened(), CONNECT)
    assert failure.value is error


# Cancellation


async def test_a_server_that_gives_up_ends_all_of_it(
    strict: Guard, opened: Opened, asked: Opened
) -> None:
    for scope in (opened(86_400), asked(86_400)):
        wire = Wire(CONNECT)
        with anyio.move_on_after(SHORT) as gave_up:
            await BearerMiddleware(waiting, strict)(scope, wire.receive, wire.send)
        assert gave_up.cancelled_caught
        assert len(wire.sent) == 1


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_a_task_that_asyncio_cancels_is_cancelled(
    strict: Guard, opened: Opened, asked: Opened
) -> None:
    """As uvicorn and hypercorn do when they stop: not through anyio."""
    for scope in (opened(86_400), asked(86_400)):
        wire = Wire(CONNECT)
        guarded = BearerMiddleware(waiting, strict)(scope, wire.receive, wire.send)
        task = asyncio.ensure_future(guarded)
        await anyio.sleep(SHORT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_an_application_that_awaits_a_cancelled_task_hears_of_that(
    strict: Guard, opened: Opened
) -> None:
    """And its ``CancelledError`` is not taken for the guard's own."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        inner = asyncio.ensure_future(asyncio.sleep(300))
        inner.cancel()
        await inner

    with pytest.raises(asyncio.CancelledError):
        await call(BearerMiddleware(app, strict), opened(), CONNECT)


async def test_nothing_is_heard_that_arrives_with_the_end(strict: Guard, opened: Opened) -> None:
    """A server that cannot be interrupted while it hands a message over."""

    class Stubborn(Wire):
        async def receive(self) -> dict[str, Any]:
            if self.incoming:
                return await super().receive()
            with anyio.CancelScope(shield=True):
                await anyio.sleep(SHORT * 2)
            return {"type": "websocket.receive", "text": "late"}

    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        heard.extend([await receive(), await receive()])

    wire = Stubborn(CONNECT)
    await BearerMiddleware(app, strict)(opened(SHORT), wire.receive, wire.send)
    assert heard == [CONNECT, DISCONNECTED_BY_US]


async def test_an_application_that_comes_too_late_hears_of_a_beginning_and_an_end(
    make_warm: MakeGuard, opened: Opened
) -> None:
    """As from servers whose client left at once: Starlette takes no other message first."""
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await anyio.sleep(SHORT * 2)
        heard.extend([await receive(), await receive()])
        with pytest.raises(OSError, match="the access token expired"):
            await send(ACCEPT)

    for renewal in (False, True):
        guard = make_warm(websocket_renewal=renewal)
        wire = await call(BearerMiddleware(app, guard), opened(SHORT), CONNECT)
        assert wire.sent == [CLOSED_BY_US]
    assert heard == [CONNECT, DISCONNECTED_BY_US] * 2


async def test_every_listener_hears_the_end(strict: Guard, opened: Opened) -> None:
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert await receive() == CONNECT
        await send(ACCEPT)

        async def listen() -> None:
            heard.append(await receive())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            tasks.start_soon(listen)

    await call(BearerMiddleware(app, strict), opened(SHORT), CONNECT)
    assert heard == [DISCONNECTED_BY_US] * 2
