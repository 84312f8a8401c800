"""The ASGI middleware with real Starlette applications, around them and inside of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from adapters.asgi_wire import Wire, call, http_scope, websocket_scope
from adapters.conftest import MakeGuard
from bearer_guard import Guard, Rule
from bearer_guard import Request as HandMade
from bearer_guard.asgi import BearerMiddleware, access_token
from bearer_guard.testing import AuthorizationServer
from jumping_loop import LOOPS, jumping

pytestmark = pytest.mark.anyio


async def me(request: Request) -> Response:
    return JSONResponse(
        {
            "authenticated": request.user.is_authenticated,
            "name": request.user.display_name,
            "scopes": sorted(request.auth.scopes),
        }
    )


@requires("orders:read", status_code=418)
async def read(request: Request) -> Response:
    return JSONResponse({"subject": access_token(request.scope).subject})


@requires("admin", status_code=418)
async def administer(request: Request) -> Response:
    raise AssertionError("nobody in these tests is an administrator")


async def write(request: Request) -> Response:
    access_token(request.scope).require_scopes("orders:write")
    raise AssertionError("nobody in these tests may write")


async def stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"a", b"b", b"c"):
            yield chunk

    return StreamingResponse(chunks())


async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    name = websocket.user.display_name
    try:
        while True:
            await websocket.send_text(f"{name} said {await websocket.receive_text()}")
    except WebSocketDisconnect as disconnected:
        name = f"left {disconnected.code}"
    websocket.app.state.last_words = name


ROUTES = [
    Route("/health", me),
    Route("/me", me),
    Route("/read", read),
    Route("/administer", administer),
    Route("/write", write, methods=["POST"]),
    Route("/stream", stream),
    Mount("/mounted", routes=[Route("/health", me), Route("/me", me)]),
    WebSocketRoute("/chat", chat),
]


@pytest.fixture(scope="module")
def guarded(make_guard: MakeGuard, bearer: dict[str, str]) -> Guard:
    guard = make_guard(issuer={"leeway": 0}, public=["/health"])
    guard.authenticate(HandMade(headers=bearer))
    return guard


def around(guard: Guard) -> tuple[Any, Starlette]:
    app = Starlette(routes=ROUTES)
    return BearerMiddleware(app, guard), app


def inside(guard: Guard) -> tuple[Any, Starlette]:
    app = Starlette(routes=ROUTES, middleware=[Middleware(BearerMiddleware, guard=guard)])
    return app, app


@pytest.fixture(params=[around, inside])
def app(request: pytest.FixtureRequest, guarded: Guard) -> Any:
    return request.param(guarded)[0]


async def test_user_and_auth_tell_of_the_token(app: Any, bearer: dict[str, str]) -> None:
    wire = await call(app, http_scope("/me", headers=bearer))
    assert json.loads(wire.body) == {
        "authenticated": True,
        "name": "alice",
        "scopes": ["orders:read", "profile"],
    }


async def test_on_a_public_path_the_user_is_unauthenticated(
    app: Any, bearer: dict[str, str]
) -> None:
    for headers in ({}, bearer):
        wire = await call(app, http_scope("/health", headers=headers))
        assert json.loads(wire.body) == {"authenticated": False, "name": "", "scopes": []}


async def test_starlettes_own_requires_sees_the_scopes(app: Any, bearer: dict[str, str]) -> None:
    wire = await call(app, http_scope("/read", headers=bearer))
    assert json.loads(wire.body) == {"subject": "alice"}
    wire = await call(app, http_scope("/administer", headers=bearer))
    assert wire.status == 418


async def test_a_refusal_comes_before_the_router(app: Any) -> None:
    for path in ("/me", "/read", "/nowhere"):
        wire = await call(app, http_scope(path))
        assert wire.status == 401
        assert wire.headers["www-authenticate"] == 'Bearer realm="api"'


async def test_inside_of_starlette_a_handlers_refusal_is_answered(
    guarded: Guard, bearer: dict[str, str]
) -> None:
    app, _ = inside(guarded)
    wire = await call(app, http_scope("/write", method="POST", headers=bearer))
    assert wire.status == 403
    assert wire.headers["www-authenticate"].endswith('scope="orders:write"')


async def test_around_starlette_an_exception_handler_can_hand_the_refusal_on(
    guarded: Guard, bearer: dict[str, str]
) -> None:
    """Else Starlette's outermost middleware answers 500 before it lets the error out."""
    from bearer_guard import BearerError

    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, BearerError)
        refusal = guarded.refusal(error)
        return Response(refusal.body, refusal.status, dict(refusal.headers))

    app = Starlette(routes=ROUTES, exception_handlers={BearerError: answer})
    scope = http_scope("/write", method="POST", headers=bearer)
    wire = await call(BearerMiddleware(app, guarded), scope)
    assert wire.status == 403
    assert wire.headers["www-authenticate"].endswith('scope="orders:write"')


async def test_a_stream_stays_one(app: Any, bearer: dict[str, str]) -> None:
    scope = http_scope("/stream", headers=bearer)
    wire = await call(app, scope)
    assert [message["body"] for message in wire.sent[1:]] == [b"a", b"b", b"c", b""]


async def test_rules_see_what_a_mounted_middleware_sees(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    """The middleware inside of a mount, its public paths and rules below the mount."""
    guard = make_guard(public=["/health"], rules=[Rule("/me", scopes=("profile",))])
    below = Starlette(routes=ROUTES[:2], middleware=[Middleware(BearerMiddleware, guard=guard)])
    app = Starlette(routes=[Mount("/api", app=below), Mount("/v1/deep", app=below)])
    poor = {"authorization": f"Bearer {server.jwt(scope='orders:read')}"}
    rich = {"authorization": f"Bearer {server.jwt(scope='profile')}"}
    for prefix in ("/api", "/v1/deep"):
        for path, headers, status in (
            ("/health", {}, 200),
            ("/me", {}, 401),
            ("/me", poor, 403),
            ("/me", rich, 200),
        ):
            wire = await call(app, http_scope(prefix + path, headers=headers))
            assert wire.status == status
    wire = await call(app, http_scope("/health"))
    assert wire.status == 404


async def test_around_a_mount_a_public_path_is_only_that_one(app: Any) -> None:
    wire = await call(app, http_scope("/mounted/health"))
    assert wire.status == 401


async def test_a_websocket_is_told_of_its_user(app: Any, bearer: dict[str, str]) -> None:
    wire = await call(
        app,
        websocket_scope("/chat", headers=bearer),
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.disconnect", "code": 1001},
    )
    assert wire.kinds == ["websocket.accept", "websocket.send"]
    assert wire.sent[1]["text"] == "alice said hello"


@pytest.mark.parametrize("anyio_backend", [jumping(loop) for loop in LOOPS], ids=LOOPS)
@pytest.mark.parametrize("make", [around, inside])
async def test_a_websocket_whose_token_expires_is_left_as_by_its_client(
    make: Any, guarded: Guard, server: AuthorizationServer
) -> None:
    app, starlette = make(guarded)
    headers = {"authorization": f"Bearer {server.jwt(expires_in=300)}"}
    wire = Wire({"type": "websocket.connect"})
    await app(websocket_scope("/chat", headers=headers), wire.receive, wire.send)
    assert wire.sent[-1] == {"type": "websocket.close", "code": 1008}
    assert starlette.state.last_words == "left 1008"


async def test_lifespan_reaches_starlette(guarded: Guard) -> None:
    for make in (around, inside):
        app, _ = make(guarded)
        wire = await call(
            app,
            {"type": "lifespan", "state": {}},
            {"type": "lifespan.startup"},
            {"type": "lifespan.shutdown"},
        )
        assert wire.kinds == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
