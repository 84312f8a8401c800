"""WebSockets and streams that outlive their token, on real servers before real clients.

A browser's WebSocket offers subprotocols and sets no header; it fails the connection unless one
of those is chosen. The client here offers the same, and the browser's rule is checked by hand.

Tokens expire when the clock is turned, and no sooner, however slow the machine is.
"""

from __future__ import annotations

import logging
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest
from httpx_sse import connect_sse
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from adapters.conftest import Turned
from adapters.real_servers import on_hypercorn, on_uvicorn
from bearer_guard import Guard
from bearer_guard.asgi import KEY, BearerMiddleware
from bearer_guard.testing import AuthorizationServer
from patience import eventually
from watched_clock import WatchedClock

LIFE = 100
SERVERS: dict[str, Callable[[Any], Any]] = {
    "uvicorn websockets-sansio": lambda app: on_uvicorn(app, ws="websockets-sansio", http="h11"),
    "uvicorn wsproto": lambda app: on_uvicorn(app, ws="wsproto", http="httptools"),
    "hypercorn asyncio": lambda app: on_hypercorn(app, "asyncio"),
    "hypercorn trio": lambda app: on_hypercorn(app, "trio"),
}


class Api:
    """What the tests ask of an application."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.ended: list[str] = []
        self.over = threading.Semaphore(0)
        self.enough = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].strip("/")
        if scope["type"] == "lifespan":
            return
        self.scopes.append(scope)
        try:
            await getattr(self, name)(scope, receive, send)
            self.ended.append(name)
        finally:
            self.over.release()

    async def echo(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            text = f"{message['text']} {' '.join(sorted(scope[KEY].scopes))}"
            await send({"type": "websocket.send", "text": text})

    async def chat(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][-1]})
        await receive()

    async def ticks(self, scope: Any, receive: Any, send: Any) -> None:
        """It never listens."""
        await receive()
        await send({"type": "websocket.accept"})
        while not self.enough.is_set():
            await send({"type": "websocket.send", "text": "tick"})
            await anyio.sleep(0.01)
        await send({"type": "websocket.close", "code": 4000})

    async def events(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for event in (b"data: one\n\n", b"data: two\n\n", b"data: thr"):
            await send({"type": "http.response.body", "body": event, "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    async def half(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await anyio.sleep(60)

    async def plain(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def clock(turned: Turned) -> WatchedClock:
    return turned.clock


@pytest.fixture(scope="module")
def server(turned: Turned) -> AuthorizationServer:
    return turned.server


@pytest.fixture(scope="module")
def long_lived(turned: Turned) -> Iterator[Guard]:
    with turned.guard(
        websocket_protocol="bearer", websocket_renewal=True, end_streams_at_expiry=True
    ) as guard:
        yield guard


@pytest.fixture(scope="module")
def api() -> Api:
    return Api()


@pytest.fixture(scope="module", params=SERVERS.values(), ids=SERVERS)
def port(request: pytest.FixtureRequest, api: Api, long_lived: Guard) -> Iterator[int]:
    with request.param(BearerMiddleware(api, long_lived)) as port:
        yield port


def carrying(token: str) -> str:
    return "bearer.token." + urlsafe_b64encode(token.encode()).rstrip(b"=").decode()


@pytest.fixture
def dial(port: int, server: AuthorizationServer) -> Callable[..., Any]:
    """As ``new WebSocket(url, ["bearer", ...])`` does."""

    @contextmanager
    def dial(
        path: str, seconds: float = 300, *others: str, **grant: Any
    ) -> Iterator[ClientConnection]:
        offered = ["bearer", carrying(server.jwt(expires_in=seconds, **grant)), *others]
        with connect(
            f"ws://127.0.0.1:{port}/{path}",
            subprotocols=[Subprotocol(name) for name in offered],
            open_timeout=10,
            proxy=None,
        ) as websocket:
            # The Fetch standard's rule for browsers.
            assert websocket.subprotocol in offered
            yield websocket

    return dial


Dial = Callable[..., Any]


def test_a_browsers_websocket_is_opened_by_its_subprotocol(dial: Dial, api: Api) -> None:
    with dial("echo") as websocket:
        assert websocket.subprotocol == "bearer"
        websocket.send("hello")
        assert websocket.recv(timeout=10) == "hello orders:read"
    assert api.scopes[-1]["subprotocols"] == ["bearer"]
    assert "bearer.token." not in repr(api.scopes[-1])


def test_the_application_chooses_its_own(dial: Dial) -> None:
    with dial("chat", 300, "chat.v2") as websocket:
        assert websocket.subprotocol == "chat.v2"


def test_a_bad_token_among_them_is_refused_as_http(port: int) -> None:
    offered = [Subprotocol("bearer"), Subprotocol(carrying("not.a.jwt"))]
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{port}/echo", subprotocols=offered, open_timeout=10, proxy=None)
    assert refused.value.response.status_code == 401
    assert 'error="invalid_token"' in refused.value.response.headers["WWW-Authenticate"]


def test_a_renewed_websocket_outlives_its_first_token(
    dial: Dial, server: AuthorizationServer, clock: WatchedClock
) -> None:
    with dial("echo", LIFE) as websocket:
        fresh = server.jwt(expires_in=LIFE * 3, scope="orders:read orders:write")
        websocket.send(f"bearer_guard.renew {fresh}")
        # There is no answer to a renewal, and the application did not hear it.
        websocket.send("hello")
        assert websocket.recv(timeout=10) == "hello orders:read orders:write"
        clock.turn_before_all(LIFE * 2)
        websocket.send("still")
        assert websocket.recv(timeout=10) == "still orders:read orders:write"
        clock.turn(LIFE)
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=10)
        assert websocket.close_code == 1008


def test_an_application_that_never_listens_is_renewed_too(
    dial: Dial, server: AuthorizationServer, clock: WatchedClock, api: Api
) -> None:
    api.enough.clear()
    with dial("ticks", LIFE) as websocket:
        first = api.scopes[-1][KEY]
        websocket.send(f"bearer_guard.renew {server.jwt(expires_in=LIFE * 3)}")
        eventually(lambda: api.scopes[-1][KEY] is not first)
        clock.turn_before_all(LIFE * 2)
        api.enough.set()
        # Iteration ends without an error at 1000 and 1001 alone.
        with pytest.raises(ConnectionClosed):
            assert {*websocket} == {"tick"}
        assert websocket.close_code == 4000


def test_another_users_token_closes_it_at_once(dial: Dial, server: AuthorizationServer) -> None:
    with dial("echo") as websocket:
        websocket.send(f"bearer_guard.renew {server.jwt(subject='bob')}")
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=10)
        assert websocket.close_code == 1008


@pytest.fixture
def http(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def brief(server: AuthorizationServer) -> Callable[[], dict[str, str]]:
    """Headers with a token that expires when the clock is turned by ``LIFE``."""
    return lambda: {"Authorization": f"Bearer {server.jwt(expires_in=LIFE)}"}


Brief = Callable[[], dict[str, str]]


def test_a_client_of_events_sees_a_proper_end_and_may_ask_again(
    http: httpx.Client,
    brief: Brief,
    clock: WatchedClock,
    api: Api,
    caplog: pytest.LogCaptureFixture,
) -> None:
    while api.over.acquire(blocking=False):
        pass
    api.ended.clear()
    seen: list[str] = []
    with connect_sse(http, "GET", "/events", headers=brief()) as source:
        # A half event is none: the client waits for its end, and asks for it again.
        for event in source.iter_sse():
            seen.append(event.data)
            if event.data == "two":
                clock.turn(LIFE)
        assert source.response.headers["transfer-encoding"] == "chunked"
    assert seen == ["one", "two"]
    assert api.over.acquire(timeout=10)
    assert api.ended == ["events"]
    assert http.get("/plain", headers=brief()).text == "ok"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_client_that_was_promised_more_sees_that_it_was_broken_off(
    http: httpx.Client, brief: Brief, clock: WatchedClock
) -> None:
    with http.stream("GET", "/half", headers=brief()) as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"half"
        clock.turn(LIFE)
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
            list(chunks)
