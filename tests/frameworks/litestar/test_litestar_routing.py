"""The guard stands before Litestar looks up a route, and sees the path that is looked up."""

import subprocess
import sys
from typing import Any

import anyio
import pytest
from litestar import Litestar, Request, asgi, get, post, websocket
from litestar.connection import WebSocket
from litestar.exceptions import NotFoundException
from litestar.response import Response
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send
from litestar_stage import Token, application, ask
from starlette_world import HeadersOf, MakeGuard, handshake

from bearer_guard import Guard, Rule, SettingsError
from bearer_guard.asgi import GUARD_KEY
from bearer_guard.litestar import BearerPlugin, require_scopes


@get("/orders")
async def orders(token: Token) -> str:
    return token.subject or ""


@get(["/health", "/stock", "/admin/stock", "/api/health"])
async def stock() -> str:
    return "tea"


def test_what_no_route_answers_needs_a_token_too(guard: Guard, bearer: HeadersOf) -> None:
    app = application(guard, orders)
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/orders", 405)):
        refused = ask(app, {}, path, method)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (
            401,
            'Bearer realm="api"',
        )
        assert ask(app, bearer(), path, method).status_code == status


def test_a_websocket_that_no_route_answers_is_denied_too(guard: Guard) -> None:
    found = handshake(application(guard, orders), "/nowhere", {})
    assert (found[0]["type"], found[0]["status"]) == ("websocket.http.response.start", 401)


def test_the_applications_own_pages_for_unknown_routes_stay(
    guard: Guard, bearer: HeadersOf
) -> None:
    def nowhere(request: Any, error: NotFoundException) -> Response[str]:
        return Response("no such route", status_code=404)

    app = application(guard, orders, exception_handlers={404: nowhere})
    assert ask(app, bearer(), "/nowhere").text == "no such route"
    assert ask(app, {}, "/nowhere").status_code == 401


@pytest.mark.parametrize(
    "path", ["//health", "/health//", "/health/", "/%2fhealth", "/x/%2e%2e/health"]
)
def test_a_path_that_litestar_tidies_is_not_public(
    guard: Guard, bearer: HeadersOf, path: str
) -> None:
    app = application(guard, stock)
    assert ask(app, {}, "/health").status_code == 200
    assert ask(app, {}, path).status_code == 401


@pytest.mark.parametrize(
    "path", ["//admin/stock", "/admin//stock", "/admin/stock/", "/%61dmin/stock"]
)
def test_a_path_that_litestar_tidies_needs_the_scopes_of_its_rule(
    guard: Guard, bearer: HeadersOf, path: str
) -> None:
    app = application(guard, stock)
    assert ask(app, bearer("orders:read"), path).status_code == 403
    assert ask(app, bearer("admin:all"), path).status_code == 200


# Litestar cuts the root path out wherever it finds it.
ROOTED = [
    ("/api", "/api/admin/stock"),
    ("/api", "/x/api/admin/stock"),
    ("/api", "/apiadmin/stock"),
    ("/api", "/admin/stock"),
    ("/api/", "/api/admin/stock"),
    ("/", "/admin/stock"),
    ("", "/admin/stock"),
]


@pytest.mark.parametrize(("root", "path"), ROOTED)
def test_a_rule_sees_the_path_that_litestar_routes_below_any_root_path(
    guard: Guard, bearer: HeadersOf, root: str, path: str
) -> None:
    app = application(guard, stock)
    with TestClient(app, root_path=root, raise_server_exceptions=False) as client:
        assert client.get(path, headers=bearer("orders:read")).status_code == 403
        assert client.get(path, headers=bearer("admin:all")).status_code == 200


def test_a_path_that_lacks_its_first_slash_needs_the_scopes_of_the_one_that_has_it(
    guard: Guard, bearer: HeadersOf
) -> None:
    """As granian makes it of /apiadmin/stock below /api."""
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("nothing of the body is asked for")

    async def send(message: Any) -> None:
        sent.append(message)

    for scope, status in (("orders:read", 403), ("admin:all", 200)):
        headers = [(name.encode(), value.encode()) for name, value in bearer(scope).items()]
        asked: Any = {"type": "http", "method": "GET", "path": "admin/stock", "root_path": "/api"}
        anyio.run(application(guard, stock), {**asked, "headers": headers}, receive, send)
        assert sent[-2]["status"] == status


def test_a_path_below_the_root_path_is_not_shortened_twice(guard: Guard) -> None:
    with TestClient(application(guard, stock), root_path="/api") as client:
        assert client.get("/api/health").status_code == 200
        assert client.get("/api/api/health").status_code == 401


def test_the_root_itself_is_a_path_below_the_root_path(make_guard: MakeGuard) -> None:
    @get("/")
    async def root() -> str:
        return "root"

    app = application(make_guard(public=["/"]), root)
    with TestClient(app, root_path="/api") as client:
        assert client.get("/api").text == client.get("/api/").text == "root"


def test_an_application_without_routes_is_guarded_from_its_first_one_on(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = application(guard, openapi_config=None)
    app.register(orders)
    app.register(stock)
    assert ask(app, {}, "/orders").status_code == 401
    assert ask(app, {}, "/nowhere").status_code == 401
    assert ask(app, {}, "/health").status_code == 200
    assert ask(app, bearer(subject="alice"), "/orders").text == "alice"


def test_a_route_that_is_added_later_is_guarded(guard: Guard, bearer: HeadersOf) -> None:
    app = application(guard, stock)
    app.register(orders)
    assert ask(app, {}, "/orders").status_code == 401
    assert ask(app, bearer(subject="alice"), "/orders").text == "alice"
    # Its own reverse look-ups work as ever.
    assert app.asgi_router.route_mapping["nowhere"] == []


@pytest.mark.parametrize("saw_another", [False, True])
def test_a_way_past_the_guard_is_an_error(
    guard: Guard, make_guard: MakeGuard, saw_another: bool
) -> None:
    app = application(guard, stock)
    # As a Litestar of the future might do without meaning it.
    app.asgi_handler = app.asgi_router.app  # type: ignore[assignment]

    async def send(message: Any) -> None:
        raise AssertionError("it is not reached")

    async def unguarded() -> None:
        scope = {"type": "http", "method": "GET", "path": "/stock", "headers": [], "app": app}
        if saw_another:
            scope[GUARD_KEY] = make_guard()
        await app(scope, send, send)  # type: ignore[arg-type]

    with pytest.raises(RuntimeError, match="came past the guard"):
        anyio.run(unguarded)


def test_an_application_of_asgi_that_is_mounted_is_guarded(guard: Guard, bearer: HeadersOf) -> None:
    @asgi("/inner", is_mount=True, guards=[require_scopes("a")], copy_scope=True)
    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        answer = Response(scope["path"], media_type="text/plain")
        request: Any = scope
        await answer.to_asgi_response(None, request)(scope, receive, send)

    app = application(guard, inner)
    assert ask(app, {}, "/inner/x").status_code == 401
    assert ask(app, bearer("b"), "/inner/x").status_code == 403
    assert ask(app, bearer("a"), "/inner/x").text == "/x/"


@pytest.mark.parametrize("path", ["/inner-x", "/innerx/y", "/inner%0A"])
def test_what_is_mounted_is_not_reached_by_a_longer_name(
    make_guard: MakeGuard, bearer: HeadersOf, path: str
) -> None:
    """Litestar finds a mount by the beginning of the path: a rule for it sees another name."""
    reached = []

    @asgi("/inner", is_mount=True, copy_scope=True)
    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        request: Any = scope
        await Response("let in").to_asgi_response(None, request)(scope, receive, send)

    app = application(make_guard(rules=[Rule("/inner/**", scopes=["a"])]), inner)
    assert ask(app, bearer(), path).status_code in (403, 404)
    assert ask(app, bearer("a"), path).status_code == 404
    assert reached == []
    for found in ("/inner", "/inner/", "/inner/x"):
        assert ask(app, bearer(), found).status_code == 403
        assert ask(app, bearer("a"), found).status_code == 200


def test_a_guarded_application_is_mounted_in_a_guarded_one(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    inner = application(make_guard(realm="inner", required_scopes=["b"]), orders)
    mount = asgi("/inner", is_mount=True, copy_scope=True)(inner)
    app = application(make_guard(realm="outer", required_scopes=["a"]), mount)
    for scopes, realm in (((), "outer"), (("a",), "inner")):
        refused = ask(app, bearer(*scopes), "/inner/orders")
        assert refused.status_code == 403
        assert f'realm="{realm}"' in refused.headers["www-authenticate"]
    assert ask(app, bearer("a", "b", subject="alice"), "/inner/orders").text == "alice"


def test_a_large_upload_is_refused_before_it_is_read(guard: Guard) -> None:
    @post("/uploads")
    async def upload(request: Request[Any, Any, Any]) -> str:
        await request.body()
        raise AssertionError("it is not reached")

    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("nothing of the body is asked for")

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": "/uploads",
        "raw_path": b"/uploads",
        "query_string": b"",
        "headers": [(b"content-length", b"1000000000")],
    }
    anyio.run(application(guard, upload), scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 401


def test_a_second_plugin_is_refused(guard: Guard) -> None:
    with pytest.raises(SettingsError, match="an application has one BearerPlugin"):
        application(guard, orders, plugins=[BearerPlugin(guard)])


def test_one_plugin_serves_two_applications(guard: Guard, bearer: HeadersOf) -> None:
    plugin = BearerPlugin(guard)
    apps = [Litestar([orders], plugins=[plugin], logging_config=None) for _ in range(2)]
    for app in apps:
        assert ask(app, {}, "/orders").status_code == 401
        assert ask(app, bearer(), "/orders").status_code == 200


def test_middleware_of_the_application_runs_for_guarded_requests_alone(
    guard: Guard, bearer: HeadersOf
) -> None:
    seen: list[Any] = []

    def noting(app: Any) -> Any:
        async def note(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["auth"].subject)
            await app(scope, receive, send)

        return note

    app = application(guard, orders, middleware=[noting])
    ask(app, {}, "/orders")
    ask(app, bearer(subject="alice"), "/orders")
    assert seen == ["alice"]


def test_a_websocket_is_routed_as_ever(guard: Guard, bearer: HeadersOf) -> None:
    @websocket("/items/{item:str}")
    async def echo(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.send_text(socket.path_params["item"])
        await socket.close()

    sent = handshake(application(guard, echo), "/items/tea", bearer())
    assert [message.get("text") for message in sent] == [None, "tea", None]


def test_without_litestar_a_sentence_says_what_to_install() -> None:
    program = "import sys; sys.modules['litestar'] = None; import bearer_guard.litestar"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        "ImportError: bearer_guard.litestar needs Litestar: install bearer-guard[litestar]"
        in done.stderr
    )
