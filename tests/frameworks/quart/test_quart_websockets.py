"""WebSockets of Quart: denied before they are accepted, closed when a scope is missing later."""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from quart import websocket
from quart.testing.connections import WebsocketResponseError
from quart_stage import LOOPS, converse, echo, guarded, kinds
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import BearerError, Guard
from bearer_guard.asgi import BearerMiddleware
from bearer_guard.quart import access_token, current_token
from bearer_guard.testing import AuthorizationServer

CLOSED = {"type": "websocket.close", "code": 1008, "reason": ""}
on_each_loop = pytest.mark.parametrize("loop", LOOPS)


async def plain_echo(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("it is not reached")


async def asks_first() -> None:
    access_token().require_scopes("chat")
    await echo()


async def asks_later() -> None:
    await websocket.accept()
    await websocket.receive()
    access_token().require_scopes("chat")
    raise AssertionError("it is not reached")


async def asks_after_closing() -> None:
    await websocket.accept()
    await websocket.close(1000)
    access_token().require_scopes("chat")


async def asks_after_a_close_before_acceptance() -> None:
    await websocket.close(1000)
    access_token().require_scopes("chat")


@on_each_loop
def test_a_good_token_opens_it(guard: Guard, bearer: HeadersOf, loop: str) -> None:
    app = guarded(guard, LOOPS[loop])

    @app.websocket("/chat")
    async def chat() -> None:
        await websocket.send(f"for {current_token.subject}")
        await echo()

    sent = converse(app, "/chat", bearer(subject="alice"), "hello", "again", loop=loop)
    assert [message.get("text") for message in sent[:3]] == [None, "for alice", "hello"]


@on_each_loop
def test_it_is_denied_as_the_plain_middleware_denies_it(
    guard: Guard, bearer: HeadersOf, loop: str
) -> None:
    app = guarded(guard, LOOPS[loop])
    app.websocket("/chat")(echo)
    app.websocket("/admin/chat")(echo)
    plain = BearerMiddleware(plain_echo, guard)
    for path, headers, status in (
        ("/chat", {}, 401),
        ("/nowhere", {}, 401),
        ("/chat", bearer(expires_in=-1000), 401),
        ("/chat", {"authorization": "Bearer a b"}, 400),
        ("/admin/chat", bearer(), 403),
        ("/chat", bearer(claims={"iss": "https://away.example.com/"}), 503),
    ):
        found = converse(app, path, headers, loop=loop)
        expected = converse(plain, path, headers, loop=loop)
        assert kinds(found)[:2] == ["http.response.start", "http.response.body"]
        assert (found[0], found[1]["body"]) == (expected[0], expected[1]["body"])
        assert found[0]["status"] == status
        # Quart ends a body with an empty piece.
        assert [message["body"] for message in found[2:]] == [b""]


@on_each_loop
def test_it_is_closed_with_1008_where_the_server_cannot_deny(
    guard: Guard, bearer: HeadersOf, loop: str
) -> None:
    app = guarded(guard, LOOPS[loop])
    app.websocket("/chat")(asks_first)
    for headers in ({}, bearer("other")):
        assert converse(app, "/chat", headers, loop=loop, extensions={}) == [CLOSED]
        assert converse(app, "/chat", headers, loop=loop, extensions=None) == [CLOSED]


@on_each_loop
def test_a_view_that_asks_before_it_accepts_has_it_denied(
    guard: Guard, bearer: HeadersOf, loop: str
) -> None:
    app = guarded(guard, LOOPS[loop])
    app.websocket("/chat")(asks_first)
    denied = converse(app, "/chat", bearer("other"), loop=loop)
    assert denied[0]["status"] == 403
    opened = converse(app, "/chat", bearer("chat"), "hello", loop=loop)
    assert kinds(opened)[:2] == ["accept", "send"]


@on_each_loop
@pytest.mark.parametrize("extensions", [{"websocket.http.response": {}}, {}])
def test_a_scope_that_is_missing_later_closes_it_with_1008(
    guard: Guard, bearer: HeadersOf, loop: str, extensions: Any
) -> None:
    app = guarded(guard, LOOPS[loop])

    @app.websocket("/chat")
    async def chat() -> None:
        await websocket.accept()
        access_token().require_scopes("chat")

    sent = converse(app, "/chat", bearer("other"), "hello", loop=loop, extensions=extensions)
    assert kinds(sent) == ["accept", "close"]
    assert sent[-1]["code"] == 1008


@on_each_loop
def test_it_is_closed_in_the_middle_of_a_conversation(
    guard: Guard, bearer: HeadersOf, loop: str
) -> None:
    app = guarded(guard, LOOPS[loop])
    app.websocket("/chat")(asks_later)
    sent = converse(app, "/chat", bearer("other"), "hello", loop=loop, stays=True)
    assert kinds(sent) == ["accept", "close"]
    assert sent[-1]["code"] == 1008


@pytest.mark.parametrize("view", [asks_after_closing, asks_after_a_close_before_acceptance])
def test_after_a_close_there_is_nothing_more_to_say(
    guard: Guard, bearer: HeadersOf, view: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = guarded(guard)
    app.websocket("/chat")(view)
    with caplog.at_level(logging.INFO, "bearer_guard"):
        sent = converse(app, "/chat", bearer("other"))
    assert kinds(sent)[-1] == "close"
    assert kinds(sent).count("close") == 1
    assert [record.reason for record in caplog.records] == ["scope_insufficient"]  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_quarts_own_client_sees_the_denial(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)
    app.websocket("/chat")(asks_first)
    async with app.test_client().websocket("/chat", headers=bearer("other")) as client:
        with pytest.raises(WebsocketResponseError) as denied:
            await client.receive()
    response = denied.value.response
    assert response.status_code == 403
    assert (await response.get_json())["error"] == "insufficient_scope"
    assert response.headers["www-authenticate"].endswith('scope="chat"')


def test_the_users_own_handler_words_the_denial(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)
    app.websocket("/chat")(asks_first)

    @app.errorhandler(BearerError)
    async def own_words(error: BearerError) -> Any:
        return f"no: {error.reason}", 418

    for headers, reason in (({}, b"token_missing"), (bearer("other"), b"scope_insufficient")):
        start, body, *_ = converse(app, "/chat", headers)
        assert (start["status"], body["body"]) == (418, b"no: " + reason)


@on_each_loop
def test_it_is_closed_when_its_token_expires(
    make_guard: MakeGuard, bearer: HeadersOf, loop: str
) -> None:
    app = guarded(make_guard(issuer={"leeway": 0}), LOOPS[loop])
    app.websocket("/chat")(echo)
    headers = bearer(expires_in=10)
    sent = converse(app, "/chat", headers, "hello", loop=loop, stays=True, jumps=True)
    assert kinds(sent) == ["accept", "send", "close"]
    assert sent[-1]["code"] == 1008


@on_each_loop
def test_a_view_that_only_sends_ends_with_its_token_and_is_no_bug(
    make_guard: MakeGuard, bearer: HeadersOf, loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = guarded(make_guard(issuer={"leeway": 0}), LOOPS[loop])

    @app.websocket("/ticks")
    async def ticks() -> None:
        while True:
            await websocket.send("tick")
            await anyio.sleep(1)

    sent = converse(app, "/ticks", bearer(expires_in=10), loop=loop, stays=True, jumps=True)
    assert kinds(sent)[0] == "accept"
    assert (kinds(sent)[-1], sent[-1]["code"]) == ("close", 1008)
    assert [record for record in caplog.records if record.name == "stage"] == []


@on_each_loop
def test_it_is_renewed_in_band_and_the_view_sees_the_new_token(
    make_guard: MakeGuard, bearer: HeadersOf, server: AuthorizationServer, loop: str
) -> None:
    app = guarded(make_guard(issuer={"leeway": 0}, websocket_renewal=True), LOOPS[loop])

    @app.websocket("/chat")
    async def chat() -> None:
        await websocket.accept()
        while True:
            await websocket.receive()
            await websocket.send(" ".join(sorted(current_token.scopes)))

    # The new one expires, and ends it all.
    fresh = server.jwt(scope="old new", expires_in=10)
    renewal = f"bearer_guard.renew {fresh}"
    sent = converse(
        app,
        "/chat",
        bearer("old"),
        renewal,
        "hello",
        loop=loop,
        stays=True,
        at_once=True,
        jumps=True,
    )
    assert sent[1]["text"] == "new old"


@on_each_loop
def test_its_token_may_come_beside_a_subprotocol(
    make_guard: MakeGuard, server: AuthorizationServer, loop: str
) -> None:
    app = guarded(make_guard(websocket_protocol="bearer.example"), LOOPS[loop])

    @app.websocket("/chat")
    async def chat() -> None:
        await websocket.send(current_token.subject or "")

    token = urlsafe_b64encode(server.jwt(subject="alice").encode()).decode().rstrip("=")
    offered = ["bearer.example", f"bearer.example.token.{token}"]
    headers = {"sec-websocket-protocol": ", ".join(offered)}
    accepted, said, *_ = converse(app, "/chat", headers, loop=loop, subprotocols=offered)
    assert (accepted["subprotocol"], said["text"]) == ("bearer.example", "alice")
