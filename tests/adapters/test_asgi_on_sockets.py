"""The ASGI middleware on uvicorn, a real HTTP and a real WebSocket client before it."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from adapters.conftest import Turned
from adapters.real_servers import exchange, on_uvicorn
from bearer_guard import Guard
from bearer_guard.asgi import KEY, BearerMiddleware, access_token
from bearer_guard.testing import AuthorizationServer
from watched_clock import WatchedClock

LIFE = 100


class Api:
    """What the tests ask of an application; ``gate`` is for them to open."""

    def __init__(self, clock: WatchedClock) -> None:
        self.clock = clock
        self.gate = threading.Event()
        self.ended = threading.Semaphore(0)
        self.tidied = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await getattr(self, scope["path"].strip("/"))(scope, receive, send)
        finally:
            self.ended.release()

    async def plain(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope[KEY].subject.encode()})

    async def stream(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first;", "more_body": True})
        await anyio.to_thread.run_sync(self.gate.wait, 5)
        await send({"type": "http.response.body", "body": b"second;"})

    async def late(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        access_token(scope).require_scopes("admin")

    async def echo(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        self.left = message["code"]

    async def picky(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        access_token(scope).require_scopes("admin")

    async def pushing(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "tick"})
            await anyio.sleep(0.01)

    async def tidying(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        self.clock.turn(LIFE)
        # Several looks at the clock: there is nothing that tells of the one that sees it.
        await anyio.sleep(0.05)
        self.tidied = True


@pytest.fixture(scope="module")
def clock(turned: Turned) -> WatchedClock:
    return turned.clock


@pytest.fixture(scope="module")
def server(turned: Turned) -> AuthorizationServer:
    return turned.server


@pytest.fixture(scope="module")
def api(clock: WatchedClock) -> Api:
    return Api(clock)


@pytest.fixture(scope="module")
def guarded(turned: Turned) -> Iterator[Guard]:
    with turned.guard() as guard:
        yield guard


@pytest.fixture
def token(server: AuthorizationServer) -> str:
    return server.jwt(subject="alice")


@pytest.fixture(scope="module")
def port(guarded: Guard, api: Api) -> Iterator[int]:
    app = BearerMiddleware(api, guarded)
    with on_uvicorn(app, lifespan="off", log_config=None, log_level="error") as port:
        yield port


@pytest.fixture
def dial(port: int, server: AuthorizationServer) -> Callable[..., ClientConnection]:
    def dial(path: str, seconds: float = 300, **headers: str) -> ClientConnection:
        token = server.jwt(expires_in=seconds)
        return connect(
            f"ws://127.0.0.1:{port}/{path}",
            additional_headers={"Authorization": f"Bearer {token}", **headers},
            open_timeout=5,
            proxy=None,
        )

    return dial


Dial = Callable[..., ClientConnection]


def get(path: str, fields: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n".encode()


def test_it_guards(port: int, token: str) -> None:
    assert exchange(port, get("/plain")).startswith(b"HTTP/1.1 401 Unauthorized\r\n")
    answer = exchange(port, get("/plain", f"Authorization: Bearer {token}\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"alice" in answer


@pytest.mark.parametrize("expects", ["", "Expect: 100-continue\r\n"])
def test_a_large_upload_is_refused_before_it_is_sent(port: int, expects: str) -> None:
    """The answer is there while the client still holds all of its gigabyte."""
    head = f"POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n{expects}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_a_stream_reaches_the_client_as_it_is_made(port: int, api: Api, token: str) -> None:
    api.gate.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(get("/stream", f"Authorization: Bearer {token}\r\n"))
        seen = b""
        while b"first;" not in seen:
            seen += connection.recv(65_536)
        assert b"second;" not in seen
        api.gate.set()
        while chunk := connection.recv(65_536):
            seen += chunk
    assert b"second;" in seen


def test_an_answer_that_is_refused_too_late_is_broken_off(
    port: int, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client cannot take half of it for the whole: the last chunk is missing."""
    answer = exchange(port, get("/late", f"Authorization: Bearer {token}\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not answer.endswith(b"0\r\n\r\n")
    assert "scope_insufficient" in caplog.text


def test_a_refused_handshake_is_an_http_answer(port: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{port}/echo", open_timeout=5, proxy=None)
    response = refused.value.response
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response.headers.get_all("Content-Length") == [str(len(response.body or b""))]
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_websocket_speaks_until_its_token_expires(
    dial: Dial, api: Api, clock: WatchedClock
) -> None:
    with dial("echo", LIFE) as websocket:
        clock.turn_before_all(LIFE - 1)
        websocket.send("hello")
        assert websocket.recv(timeout=5) == "hello"
        clock.turn(1)
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=5)
        assert websocket.close_code == 1008
    api.ended.acquire(timeout=5)
    assert api.left == 1008


def test_a_refusal_after_the_handshake_closes_it(dial: Dial) -> None:
    with dial("picky") as websocket:
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=5)
        assert websocket.close_code == 1008


@pytest.mark.parametrize(
    ("path", "leaves"),
    [("pushing", False), ("tidying", True)],
    ids=["it pushes", "its client left"],
)
def test_the_expiry_of_a_socket_is_no_error_in_the_log(
    dial: Dial,
    api: Api,
    clock: WatchedClock,
    port: int,
    caplog: pytest.LogCaptureFixture,
    path: str,
    leaves: bool,
) -> None:
    """Whether the application pushes, and never listens, or its client has left meanwhile."""
    while api.ended.acquire(blocking=False):
        pass
    with dial(path, LIFE) as websocket:
        if leaves:
            websocket.close()
        else:
            clock.turn(LIFE)
            # Iteration ends without an error at 1000 and 1001 alone.
            with pytest.raises(ConnectionClosed):
                assert {*websocket} == {"tick"}
            assert websocket.close_code == 1008
    assert api.ended.acquire(timeout=5)
    # The server logs once its task has ended, hence before it answers another request.
    exchange(port, get("/plain"))
    assert [
        record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR
    ] == []
    assert api.tidied == leaves
