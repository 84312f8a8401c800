"""``Security(bearer, scopes=[...])`` on WebSocket routes."""
# ruff: noqa: B008 - FastAPI's own way to say what an endpoint needs

from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security, WebSocket, WebSocketDisconnect
from starlette.testclient import WebSocketDenialResponse
from starlette_world import CLOCK, HeadersOf, MakeGuard, client, handshake, kinds

from bearer_guard import AccessToken, Guard
from bearer_guard.asgi import BearerMiddleware as PlainMiddleware
from bearer_guard.asgi import require_scopes
from bearer_guard.fastapi import Bearer, BearerMiddleware
from watched_clock import WatchedClock, looking_often

DENIED = ["websocket.http.response.start", "websocket.http.response.body"]


async def unreached(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("it is not reached")


def make_app(guard: Guard, with_middleware: bool) -> FastAPI:
    app = FastAPI()
    if with_middleware:
        app.add_middleware(BearerMiddleware, guard=guard)
    bearer = Bearer(guard)

    def user(token: AccessToken = Security(bearer, scopes=["me"])) -> str:
        return token.subject or ""

    @app.websocket("/chat")
    async def chat(
        websocket: WebSocket, token: AccessToken = Security(bearer, scopes=["chat"])
    ) -> None:
        await websocket.accept()
        try:
            while True:
                await websocket.send_text(f"{token.subject}: {await websocket.receive_text()}")
        except WebSocketDisconnect:
            return

    @app.websocket("/nested")
    async def nested(websocket: WebSocket, name: str = Security(user, scopes=["chat"])) -> None:
        raise AssertionError("it is not reached")

    @app.websocket("/late")
    async def late(websocket: WebSocket, token: AccessToken = Depends(bearer)) -> None:
        await websocket.accept()
        await websocket.receive_text()
        token.require_scopes("chat")

    @app.websocket("/over")
    async def over(websocket: WebSocket, token: AccessToken = Depends(bearer)) -> None:
        await websocket.close(4000)
        token.require_scopes("chat")

    return app


@pytest.fixture(params=[False, True], ids=["alone", "with_middleware"])
def app(request: pytest.FixtureRequest, guard: Guard) -> FastAPI:
    return make_app(guard, request.param)


def test_a_good_token_opens_it(app: FastAPI, bearer: HeadersOf) -> None:
    headers = bearer("chat", subject="alice")
    with client(app).websocket_connect("/chat", headers=headers) as websocket:
        websocket.send_text("hello")
        assert websocket.receive_text() == "alice: hello"


def test_it_is_denied_as_the_plain_middleware_denies_it(
    app: FastAPI, guard: Guard, bearer: HeadersOf
) -> None:
    plain = PlainMiddleware(require_scopes("chat")(unreached), guard)
    for headers in (bearer("other"), bearer("chat", expires_in=-1000)):
        found = handshake(app, "/chat", headers)
        assert found == handshake(plain, "/chat", headers)
        assert kinds(found) == DENIED


def test_without_a_token_it_is_denied(app: FastAPI) -> None:
    start, body = handshake(app, "/chat", {})
    assert start["status"] == 401
    assert dict(start["headers"])[b"www-authenticate"].startswith(b'Bearer realm="api"')
    assert b"An access token is needed." in body["body"]


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_it_is_opened_and_denied_on_either_event_loop(
    app: FastAPI, bearer: HeadersOf, loop: str
) -> None:
    first, *rest = handshake(app, "/chat", bearer("chat"), "hello", loop=loop)
    assert (first["type"], rest[0]["text"]) == ("websocket.accept", "user-1: hello")
    assert handshake(app, "/chat", bearer("other"), loop=loop)[0]["status"] == 403


def test_it_is_closed_with_1008_where_the_server_cannot_deny(
    app: FastAPI, bearer: HeadersOf
) -> None:
    for headers in ({}, bearer("other")):
        (sent,) = handshake(app, "/chat", headers, denials=False)
        assert (sent["type"], sent["code"]) == ("websocket.close", 1008)


def test_scopes_of_enclosing_dependencies_count(app: FastAPI, bearer: HeadersOf) -> None:
    for scope in ("me", "chat"):
        start, _ = handshake(app, "/nested", bearer(scope))
        assert start["status"] == 403
        challenge = dict(start["headers"])[b"www-authenticate"].decode()
        assert sorted(challenge.partition('scope="')[2].rstrip('"').split()) == ["chat", "me"]


@pytest.mark.parametrize("denials", [True, False])
def test_a_scope_that_is_missing_later_closes_it_with_1008(
    app: FastAPI, bearer: HeadersOf, denials: bool
) -> None:
    sent = handshake(app, "/late", bearer("other"), "hello", denials=denials)
    assert kinds(sent) == ["websocket.accept", "websocket.close"]
    assert sent[-1]["code"] == 1008


def test_what_was_closed_already_is_not_answered_again(guard: Guard, bearer: HeadersOf) -> None:
    sent = handshake(make_app(guard, with_middleware=False), "/over", bearer("other"))
    assert [message["code"] for message in sent] == [4000]


def test_the_test_client_sees_the_denial(app: FastAPI, bearer: HeadersOf) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client(app).websocket_connect("/chat", headers=bearer("other")),
    ):
        raise AssertionError("it is not reached")
    assert denied.value.status_code == 403
    assert denied.value.json()["error"] == "insufficient_scope"


def test_with_the_middleware_it_is_closed_when_the_token_expires(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    clock = WatchedClock(CLOCK.time())
    app = make_app(make_guard(issuer={"leeway": 0}, clock=clock), with_middleware=True)
    headers = bearer("chat", claims={"exp": clock.time() + 100})
    with looking_often(), client(app).websocket_connect("/chat", headers=headers) as websocket:
        clock.turn_before_all(99)
        websocket.send_text("hello")
        assert websocket.receive_text() == "user-1: hello"
        clock.turn(1)
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_text()
    assert closed.value.code == 1008
