"""``require_scopes`` and ``require_any_scope`` on every kind of view, and above ``route`` too."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask_ways import WAYS, Kit, Register
from quart import Blueprint, Quart
from quart.views import MethodView, View
from quart_stage import LOOPS, converse, echo, guarded
from starlette.testclient import TestClient
from starlette_world import HeadersOf

from bearer_guard import Guard
from bearer_guard.quart import current_token, require_any_scope, require_scopes

FORBIDDEN = (
    'Bearer realm="api", error="insufficient_scope", '
    'error_description="The access token grants too little.", scope="{}"'
)
PREFLIGHT = {"origin": "https://a.example", "access-control-request-method": "GET"}


def kit(app: Quart) -> Kit:
    return Kit(app, Blueprint, View, MethodView, require_scopes, current_token)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("register", WAYS.values(), ids=list(WAYS))
def test_it_needs_its_scope(register: Register, guard: Guard, bearer: HeadersOf, loop: str) -> None:
    app = guarded(guard, LOOPS[loop])
    register(kit(app))
    client = TestClient(app, backend=loop)
    refused = client.get("/", headers=bearer("other"))
    challenge = refused.headers["www-authenticate"]
    assert (refused.status_code, challenge) == (403, FORBIDDEN.format("a"))
    assert client.get("/", headers=bearer("a", subject="alice")).text == "for alice"
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "name", ["a_function", "a_function_above_its_route", "a_class", "a_blueprint"]
)
def test_a_preflight_passes_by_every_decorator(guard: Guard, bearer: HeadersOf, name: str) -> None:
    app = guarded(guard)
    WAYS[name](kit(app))
    client = TestClient(app)
    answer = client.options("/", headers=PREFLIGHT)
    assert (answer.status_code, "GET" in answer.headers["allow"]) == (200, True)
    assert client.options("/").status_code == 401


def test_any_scope_means_one_of_them(guard: Guard, bearer: HeadersOf) -> None:
    app = guarded(guard)
    app.add_url_rule("/", "view", require_any_scope("a", "b")(lambda: "let in"))
    client = TestClient(app)
    assert client.get("/", headers=bearer("b")).text == "let in"
    refused = client.get("/", headers=bearer("c"))
    assert refused.headers["www-authenticate"] == FORBIDDEN.format("a b")


def test_the_scopes_of_an_async_view_are_asked_for_in_its_own_thread(
    guard: Guard, bearer: HeadersOf
) -> None:
    app, threads = guarded(guard), set()

    @app.before_request
    async def before() -> None:
        threads.add(threading.get_ident())

    blueprint = require_scopes("a")(Blueprint("orders", __name__))

    @blueprint.get("/")
    @require_scopes("a")
    async def view() -> Any:
        threads.add(threading.get_ident())
        return str(threading.active_count())

    app.register_blueprint(blueprint)
    before_it = threading.active_count()
    # The thread of the test client's own loop, and no other.
    assert TestClient(app).get("/", headers=bearer("a")).text == str(before_it + 1)
    assert len(threads) == 1


def websocket_function(app: Quart) -> None:
    app.websocket("/")(require_scopes("a")(echo))


def websocket_above_its_route(app: Quart) -> None:
    @require_scopes("a")
    @app.websocket("/")
    async def view() -> None:
        await echo()


def websocket_of_a_blueprint(app: Quart) -> None:
    blueprint = require_scopes("a")(Blueprint("orders", __name__))
    blueprint.websocket("/")(echo)
    app.register_blueprint(blueprint)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    "register", [websocket_function, websocket_above_its_route, websocket_of_a_blueprint]
)
def test_a_websocket_needs_its_scope(
    register: Any, guard: Guard, bearer: HeadersOf, loop: str
) -> None:
    app = guarded(guard, LOOPS[loop])
    register(app)
    accepted, answered, *_ = converse(app, "/", bearer("a"), "hello", loop=loop)
    assert (accepted["type"], answered["text"]) == ("websocket.accept", "hello")
    denied = converse(app, "/", bearer("other"), loop=loop)
    assert denied[0]["status"] == 403
    challenge = dict(denied[0]["headers"])[b"www-authenticate"]
    assert challenge.decode() == FORBIDDEN.format("a")
