"""A response that is still streaming when its token expires (``end_streams_at_expiry``)."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from adapters.asgi_wire import App, Wire, call, http_scope
from adapters.conftest import MakeGuard
from adapters.long_lived.conftest import SHORT, Opened
from bearer_guard import Guard, InsufficientScope, Introspection, Request
from bearer_guard.asgi import KEY, BearerMiddleware
from bearer_guard.testing import AuthorizationServer

pytestmark = pytest.mark.anyio

EVENTS = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream")],
}
LAST = {"type": "http.response.body", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


@pytest.fixture(scope="module")
def ending(make_warm: MakeGuard) -> Guard:
    return make_warm(end_streams_at_expiry=True, public=["/health"])


def start(length: int | None = None, status: int = 200, **more: Any) -> dict[str, Any]:
    headers = [] if length is None else [(b"Content-Length", b"%d" % length)]
    return {"type": "http.response.start", "status": status, "headers": headers, **more}


def chunk(body: bytes = b"tick", more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


class Ticking:
    """An application that sends these, then waits until the client left."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = messages
        self.heard: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        for message in self.messages:
            await send(message)
        self.heard.append(await receive())


async def test_a_stream_is_properly_ended_and_the_application_hears_of_it(
    ending: Guard, asked: Opened
) -> None:
    app = Ticking(EVENTS, chunk(b"one"), chunk(b"two"))
    wire = await call(BearerMiddleware(app, ending), asked(SHORT))
    assert wire.sent == [EVENTS, chunk(b"one"), chunk(b"two"), LAST]
    assert app.heard == [GONE]


async def test_a_stream_that_has_sent_nothing_yet_is_ended_too(
    ending: Guard, asked: Opened
) -> None:
    """Its headers went out, and the client waits for the first event."""
    wire = await call(BearerMiddleware(Ticking(EVENTS), ending), asked(SHORT))
    assert wire.sent == [EVENTS, LAST]


async def test_leeway_is_granted_to_streams_too(make_warm: MakeGuard, asked: Opened) -> None:
    guard = make_warm(leeway=SHORT, end_streams_at_expiry=True)
    before = anyio.current_time()
    await call(BearerMiddleware(Ticking(EVENTS), guard), asked(0))
    assert anyio.current_time() - before >= SHORT * 0.99


async def test_nothing_is_ended_unless_the_settings_say_so(
    make_warm: MakeGuard, asked: Opened
) -> None:
    wire = Wire()
    app = Ticking(EVENTS, chunk())
    with anyio.move_on_after(SHORT * 2) as waiting:
        await BearerMiddleware(app, make_warm())(asked(SHORT), wire.receive, wire.send)
    assert waiting.cancelled_caught
    assert wire.sent == [EVENTS, chunk()]


async def test_a_public_stream_and_one_whose_token_names_no_expiry_go_on(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    introspection = Introspection(**server.introspection_settings())  # type: ignore[arg-type]
    guard = make_guard(
        issuer={"introspection": introspection}, end_streams_at_expiry=True, public=["/health"]
    )
    token = server.opaque(claims={"exp": server.ABSENT})
    headers = {"authorization": f"Bearer {token}"}
    guard.authenticate(Request(headers=headers))
    given: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        given.append(receive)

    for scope in (http_scope(headers=headers), http_scope("/health")):
        wire = Wire()
        own = wire.receive
        await BearerMiddleware(app, guard)(scope, own, wire.send)
        assert given.pop() == own


async def test_whoever_sends_after_expiry_hears_what_servers_raise(
    ending: Guard, asked: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        await anyio.sleep(SHORT * 1.5)
        for _ in range(2):
            with pytest.raises(OSError, match="the access token expired"):
                await send(chunk(b"secret"))
        assert await receive() == GONE

    wire = await call(BearerMiddleware(app, ending), asked(SHORT))
    assert wire.sent == [EVENTS, LAST]


async def test_a_sender_that_lets_that_error_out_is_no_failure_of_the_application(
    ending: Guard, asked: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        while True:
            await send(chunk())
            await anyio.sleep(SHORT / 4)

    wire = await call(BearerMiddleware(app, ending), asked(SHORT))
    assert wire.sent[-2:] == [chunk(), LAST]


async def test_an_applications_own_error_after_expiry_is_not_hidden(
    ending: Guard, asked: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        await receive()
        raise OSError("the disk is full")

    wire = Wire()
    with pytest.raises(OSError, match="the disk is full"):
        await BearerMiddleware(app, ending)(asked(SHORT), wire.receive, wire.send)
    assert wire.sent == [EVENTS, LAST]


# Answers that are whole, or have to be


async def test_a_short_answer_is_left_alone_however_late_it_comes(
    ending: Guard, asked: Opened
) -> None:
    """It was asked for in time. What is done afterwards is nobody's stream."""
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await anyio.sleep(SHORT * 1.5)
        for message in (start(4), chunk(more=False)):
            await send(message)
        await anyio.sleep(SHORT * 1.5)
        with anyio.move_on_after(SHORT):
            heard.append(await receive())

    wire = await call(BearerMiddleware(app, ending), asked(SHORT))
    assert wire.sent == [start(4), chunk(more=False)]
    assert heard == []


async def test_an_answer_of_unknown_length_that_is_whole_is_left_alone(
    ending: Guard, asked: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in (start(), chunk(), chunk(more=False)):
            await send(message)
        await anyio.sleep(SHORT * 1.5)

    wire = await call(BearerMiddleware(app, ending), asked(SHORT))
    assert wire.sent == [start(), chunk(), chunk(more=False)]


async def test_a_stream_that_begins_too_late_ends_after_its_first_chunk(
    ending: Guard, asked: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await anyio.sleep(SHORT * 1.5)
        await send({**EVENTS, "headers": [(b"content-length", b"4")]})
        await send(chunk(b"tick"))
        assert await receive() == GONE

    wire = await call(BearerMiddleware(app, ending), asked(SHORT))
    assert wire.sent[1:] == [chunk(b"tick"), LAST]


async def test_half_an_answer_is_broken_off_and_never_passed_off_as_whole(
    ending: Guard, asked: Opened
) -> None:
    """Servers close a connection whose application fails; ended properly it would look whole."""
    ended: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start(100))
        await send(chunk())
        try:
            await anyio.sleep(300)
        finally:
            ended.append("at once")

    wire = Wire()
    before = anyio.current_time()
    with pytest.raises(OSError, match="the access token expired and the response was ended"):
        await BearerMiddleware(app, ending)(asked(SHORT), wire.receive, wire.send)
    assert wire.sent == [start(100), chunk()]
    assert ended == ["at once"]
    assert anyio.current_time() - before < 100


async def test_an_answer_whose_length_is_met_is_whole(ending: Guard, asked: Opened) -> None:
    wire = await call(BearerMiddleware(Ticking(start(8), chunk(), chunk()), ending), asked(SHORT))
    assert wire.sent == [start(8), chunk(), chunk(), LAST]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304)])
async def test_an_answer_without_a_body_misses_none(
    ending: Guard, asked: Opened, method: str, status: int
) -> None:
    app = Ticking(start(100, status), chunk())
    wire = await call(BearerMiddleware(app, ending), asked(SHORT, method=method))
    assert wire.sent == [start(100, status), chunk(), LAST]


async def test_what_a_server_is_told_to_send_by_itself_cannot_be_counted(
    ending: Guard, asked: Opened
) -> None:
    """ASGI's zero-copy extension: the octets stand in a file."""
    copy = {"type": "http.response.zerocopysend", "file": 7, "more_body": True}
    wire = Wire()
    with pytest.raises(OSError, match="the access token expired"):
        await BearerMiddleware(Ticking(start(9), copy), ending)(
            asked(SHORT), wire.receive, wire.send
        )
    path = {"type": "http.response.pathsend", "path": "/srv/x"}
    whole = Ticking(start(9), path)
    wire = Wire()
    with anyio.move_on_after(SHORT * 2):
        await BearerMiddleware(whole, ending)(asked(SHORT), wire.receive, wire.send)
    assert wire.sent == [start(9), path]


async def test_promised_trailers_are_sent_without_a_field(ending: Guard, asked: Opened) -> None:
    """ASGI's trailers extension: without them the server waits on."""
    hint = {"type": "http.response.early_hint", "links": []}
    app = Ticking(hint, start(trailers=True), chunk())
    wire = await call(BearerMiddleware(app, ending), asked(SHORT))
    trailers = {"type": "http.response.trailers", "headers": [], "more_trailers": False}
    assert wire.sent == [hint, start(trailers=True), chunk(), LAST, trailers]


async def test_a_refusal_before_the_answer_is_still_the_answer(
    ending: Guard, asked: Opened
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope[KEY].require_scopes("admin")

    assert (await call(BearerMiddleware(app, ending), asked())).status == 403


async def test_a_refusal_that_comes_too_late_is_raised_again(ending: Guard, asked: Opened) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        raise InsufficientScope(("late",))

    wire = Wire()
    with pytest.raises(InsufficientScope):
        await BearerMiddleware(app, ending)(asked(), wire.receive, wire.send)


async def test_after_the_application_nobody_waits_for_expiry(ending: Guard, asked: Opened) -> None:
    before = anyio.current_time()
    wire = await call(BearerMiddleware(App(), ending), asked(86_400))
    assert wire.body == b"ok"
    assert anyio.current_time() - before < 1


# Chunks that are under way


class Slow(Wire):
    """A client that reads its second message and all others only after a while."""

    async def send(self, message: dict[str, Any]) -> None:
        if self.sent:
            await anyio.sleep(SHORT * 2)
        await super().send(message)


async def test_a_chunk_that_is_under_way_arrives_before_the_end(
    ending: Guard, asked: Opened
) -> None:
    """A server takes nothing after the last message: its order must not depend on the client."""
    wire = Slow()
    app = Ticking(EVENTS, chunk(b"slow"))
    await BearerMiddleware(app, ending)(asked(SHORT), wire.receive, wire.send)
    assert wire.sent == [EVENTS, chunk(b"slow"), LAST]
    assert app.heard == [GONE]


async def test_so_it_is_with_two_senders(ending: Guard, asked: Opened) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, chunk(b"a"))
            tasks.start_soon(send, chunk(b"b"))

    wire = Slow()
    await BearerMiddleware(app, ending)(asked(SHORT), wire.receive, wire.send)
    assert sorted(message["body"] for message in wire.sent[1:3]) == [b"a", b"b"]
    assert wire.sent[3:] == [LAST]


async def test_so_it_is_where_the_application_stops_sending_when_it_hears_of_the_end(
    ending: Guard, asked: Opened
) -> None:
    """Starlette's streaming responses do."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, chunk(b"given up"))
            while await receive() != GONE:
                pass
            tasks.cancel_scope.cancel()

    wire = Slow()
    await BearerMiddleware(app, ending)(asked(SHORT), wire.receive, wire.send)
    assert wire.sent == [EVENTS, LAST]


async def test_half_an_answer_is_broken_off_even_if_the_client_does_not_read(
    ending: Guard, asked: Opened
) -> None:
    wire = Slow()
    app = Ticking(start(100), chunk(b"slow"))
    with pytest.raises(OSError, match="the access token expired"):
        await BearerMiddleware(app, ending)(asked(SHORT), wire.receive, wire.send)
    assert wire.sent == [start(100)]


class Leaving(Wire):
    """A server whose client left: the last message is one too many for it."""

    async def send(self, message: dict[str, Any]) -> None:
        if message == LAST:
            raise RuntimeError("the client has left")
        await super().send(message)


async def test_an_expiry_after_the_client_left_disturbs_nobody(
    ending: Guard, asked: Opened
) -> None:
    wire = Leaving()
    app = Ticking(EVENTS)
    await BearerMiddleware(app, ending)(asked(SHORT), wire.receive, wire.send)
    assert app.heard == [GONE]


# Starlette's own responses, by either way in which they hear that a client left


class Ticks:
    """No generator: Starlette leaves those unfinished when a client left."""

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        await anyio.sleep(SHORT / 4)
        return b"tick"


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_a_streaming_response_ends_without_an_error(
    ending: Guard, asked: Opened, spec_version: str
) -> None:
    async def endpoint(request: Any) -> Any:
        return StreamingResponse(Ticks(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/orders", endpoint)])
    scope = asked(SHORT, asgi={"version": "3.0", "spec_version": spec_version})
    wire = await call(BearerMiddleware(app, ending), scope)
    assert wire.sent[-2:] == [chunk(), LAST]
    assert wire.status == 200


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_a_streaming_response_of_known_length_is_broken_off(
    ending: Guard, asked: Opened, spec_version: str
) -> None:
    async def endpoint(request: Any) -> Any:
        return StreamingResponse(Ticks(), headers={"content-length": "100000"})

    app = Starlette(routes=[Route("/orders", endpoint)])
    scope = asked(SHORT, asgi={"version": "3.0", "spec_version": spec_version})
    wire = Wire()
    with pytest.raises(OSError, match="the access token expired"):
        await BearerMiddleware(app, ending)(scope, wire.receive, wire.send)
    assert wire.status == 200
    assert LAST not in wire.sent
