"""Renewals for which an authorization server is asked: slow ones, and those in an outage."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from adapters.asgi_wire import Wire, websocket_scope
from adapters.long_lived.conftest import ACCEPT, CLOSED_BY_US, CONNECT, DISCONNECTED_BY_US
from bearer_guard import Guard, Introspection, Issuer, Request
from bearer_guard.asgi import KEY, BearerMiddleware
from bearer_guard.testing import AuthorizationServer, HandClock
from watched_clock import looking_often

pytestmark = pytest.mark.anyio

LEFT = {"type": "websocket.disconnect", "code": 1001}
INTROSPECT = "/introspect"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Loops whose time does not jump while a thread waits."""
    backend: str = request.param
    return backend


LIFE = 100


class World:
    """An authorization server that answers introspections only while the gate is open."""

    def __init__(self) -> None:
        clock = self.clock = HandClock()
        self.gate = threading.Event()
        self.called = threading.Event()
        self.asked = 0
        self.server = AuthorizationServer(issuer="https://login.example.com/", clock=clock.time)
        true = self.server.http_client()
        self.client = httpx.Client(
            transport=httpx.MockTransport(lambda sent: self._pass(true, sent))
        )
        settings = self.server.introspection_settings()
        issuer = Issuer(
            self.server.issuer,
            introspection=Introspection(**settings),  # type: ignore[arg-type]
            leeway=0,
        )
        self.guard = Guard(
            audience=self.server.audience,
            issuers=[issuer],
            websocket_renewal=True,
            http_client=self.client,
            clock=clock,
        )

    def _pass(self, true: httpx.Client, sent: httpx.Request) -> httpx.Response:
        if sent.url.path == INTROSPECT:
            self.asked += 1
            self.called.set()
            assert self.gate.wait(30)
        return true.send(sent)

    def opened(self, seconds: float = 300) -> dict[str, Any]:
        token = self.server.jwt(expires_in=seconds)
        headers = {"authorization": f"Bearer {token}"}
        self.guard.authenticate(Request(headers=headers))
        return websocket_scope(headers=headers)

    def renewal(self, **grant: Any) -> dict[str, Any]:
        token = self.server.opaque(**grant)
        return {"type": "websocket.receive", "text": f"bearer_guard.renew {token}"}


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    with looking_often():
        yield world
    world.gate.set()
    world.guard.close()
    world.client.close()


async def test_an_application_that_gives_up_waiting_takes_no_renewal_with_it(
    world: World,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        gave_up = 0
        while scope[KEY].client_id is None or "profile" not in scope[KEY].scopes:
            with anyio.move_on_after(0.002) as waiting:
                await receive()
            assert waiting.cancelled_caught
            gave_up += 1
            if gave_up == 3:
                world.gate.set()
        assert await receive() == LEFT

    opened = world.opened()
    wire = Waiting(CONNECT, world.renewal(scope="orders:read profile"))
    with anyio.fail_after(30):
        await BearerMiddleware(app, world.guard)(opened, wire.receive, wire.send)
    assert world.asked == 1


class Waiting(Wire):
    """A client that leaves once it has nothing to say any more and the application listens."""

    async def receive(self) -> dict[str, Any]:
        if not self.incoming:
            await anyio.sleep(0.05)
            return LEFT
        return await super().receive()


async def test_renewals_are_judged_one_at_a_time_and_in_order(world: World) -> None:
    scope = world.opened()
    asked_at_once: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await anyio.to_thread.run_sync(world.called.wait, 30)
        await anyio.sleep(0.02)
        asked_at_once.append(world.asked)
        world.gate.set()
        assert await receive() == LEFT

    granted = ["orders:read a", "orders:read a b", "orders:read a b c"]
    wire = Waiting(CONNECT, *[world.renewal(scope=scopes) for scopes in granted])
    with anyio.fail_after(30):
        await BearerMiddleware(app, world.guard)(scope, wire.receive, wire.send)
    assert asked_at_once == [1]
    assert world.asked == 3
    assert scope[KEY].scopes == {"orders:read", "a", "b", "c"}


async def test_in_an_outage_the_old_expiry_stays(world: World) -> None:
    world.gate.set()
    scope, renewal = world.opened(LIFE), world.renewal(expires_in=LIFE * 2)
    world.server.go_down()
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        heard.append(await receive())
        world.clock.turn(LIFE)
        heard.append(await receive())

    hello = {"type": "websocket.receive", "text": "hello"}
    wire = Wire(CONNECT, renewal, hello)
    with anyio.fail_after(30):
        await BearerMiddleware(app, world.guard)(scope, wire.receive, wire.send)
    assert heard == [hello, DISCONNECTED_BY_US]
    assert wire.sent == [ACCEPT, CLOSED_BY_US]


async def test_a_token_that_expires_while_another_is_judged_closes_it(world: World) -> None:
    """Nobody knows yet whether the fresh one is good."""
    scope, renewal = world.opened(LIFE), world.renewal(expires_in=LIFE * 2)
    heard: list[Any] = []

    async def expire() -> None:
        await anyio.to_thread.run_sync(world.called.wait, 30)
        world.clock.turn(LIFE)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(expire)
            heard.append(await receive())
        world.gate.set()

    wire = Wire(CONNECT, renewal)
    with anyio.fail_after(30):
        await BearerMiddleware(app, world.guard)(scope, wire.receive, wire.send)
    assert heard == [DISCONNECTED_BY_US]
    assert wire.sent == [ACCEPT, CLOSED_BY_US]
