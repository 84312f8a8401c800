"""``BearerGuard`` of Quart: its settings, where it keeps what, and that nothing comes before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from quart import Quart, abort, request
from quart_stage import LOOPS, answer_to, bare, converse, echo, guarded, health, kinds, with_routes
from starlette.testclient import TestClient
from starlette_world import Headers, HeadersOf, MakeGuard

from bearer_guard import Guard, InsufficientScope, Rule, SettingsError
from bearer_guard.asgi import require_scopes as plain_require_scopes
from bearer_guard.quart import BearerGuard, current_token
from bearer_guard.testing import AuthorizationServer

SETTINGS = {"audience": "https://api.example.com", "issuers": ["https://login.example.com/"]}


def from_settings(server: AuthorizationServer, make: type[Quart] = Quart) -> Quart:
    app = bare(make)
    app.config["BEARER_GUARD"] = {**SETTINGS, "issuers": [server.issuer], "public": ["/health"]}
    BearerGuard(app)
    with_routes(app)
    return app


@pytest.mark.anyio
async def test_its_settings_are_the_applications_own(
    authorization_server: AuthorizationServer,
) -> None:
    client = from_settings(authorization_server).test_client()
    good = {"authorization": f"Bearer {authorization_server.jwt(subject='alice')}"}
    assert await (await client.get("/health")).get_data() == b"well"
    assert (await client.get("/orders")).status_code == 401
    assert await (await client.get("/orders", headers=good)).get_data() == b"for alice"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_guard_of_the_settings_ends_with_the_serving_and_the_next_has_its_own(
    authorization_server: AuthorizationServer, loop: str
) -> None:
    app = from_settings(authorization_server, LOOPS[loop])
    good = {"authorization": f"Bearer {authorization_server.jwt()}"}
    served: list[Any] = []

    async def serve() -> None:
        async with app.test_app() as running:
            served.append(app.extensions["bearer_guard"])
            answer = await running.test_client().get("/orders", headers=good)
            assert answer.status_code == 200

    for _ in range(2):
        anyio.run(serve, backend=loop)
    first, second = served
    assert first is not second
    assert authorization_server.count("/jwks") == 2


@pytest.mark.anyio
async def test_a_guard_that_was_given_stays_its_owners(guard: Guard, bearer: HeadersOf) -> None:
    app = with_routes(guarded(guard))
    async with app.test_app():
        pass
    assert app.extensions["bearer_guard"] is guard
    assert (await app.test_client().get("/orders", headers=bearer())).status_code == 200


def test_the_extension_keeps_nothing_and_the_application_its_guard(make_guard: MakeGuard) -> None:
    extension, first, second = BearerGuard(), bare(), bare()
    guards = make_guard(realm="first"), make_guard(realm="second", public=["/orders"])
    for app, guard in zip((first, second), guards, strict=True):
        extension.init_app(app, guard=guard)
        app.add_url_rule("/orders", view_func=health)
        assert app.extensions["bearer_guard"] is guard
    assert vars(extension) == {}
    refused = TestClient(first).get("/orders")
    assert refused.headers["www-authenticate"] == 'Bearer realm="first"'
    assert TestClient(second).get("/orders").status_code == 200


# Before everything else


def test_a_stranger_does_not_learn_which_routes_there_are(guard: Guard, bearer: HeadersOf) -> None:
    client = TestClient(with_routes(guarded(guard)), follow_redirects=False)
    asked = [("GET", "/orders"), ("GET", "/nowhere"), ("DELETE", "/orders"), ("GET", "/orders/")]
    assert {client.request(*each).status_code for each in asked} == {401}
    known = [client.request(*each, headers=bearer()).status_code for each in asked]
    assert known == [200, 404, 405, 404]


@pytest.mark.anyio
async def test_static_files_need_a_token_too(
    guard: Guard, bearer: HeadersOf, tmp_path: Path
) -> None:
    (tmp_path / "price.txt").write_text("3")
    app = Quart(__name__, static_folder=str(tmp_path), static_url_path="/static")
    BearerGuard(app, guard=guard)
    client = app.test_client()
    assert (await client.get("/static/price.txt")).status_code == 401
    found = await client.get("/static/price.txt", headers=bearer())
    assert await found.get_data() == b"3"


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_function_of_the_application_is_called_for_a_stranger(
    guard: Guard, bearer: HeadersOf, when: str
) -> None:
    called = []

    def preprocessor(endpoint: str | None, values: dict[str, Any] | None) -> None:
        called.append("url_value_preprocessor")
        abort(404)

    async def before() -> None:
        called.append("before_request")

    app = bare()
    if when == "after":
        BearerGuard(app, guard=guard)
    app.url_value_preprocessor(preprocessor)
    app.before_request(before)
    app.before_websocket(before)
    if when == "before":
        BearerGuard(app, guard=guard)
    client = TestClient(with_routes(app))
    app.websocket("/chat")(echo)
    assert (client.get("/orders").status_code, called) == (401, [])
    assert (converse(app, "/chat", {})[0]["status"], called) == (401, [])
    assert client.get("/orders", headers=bearer()).status_code == 404
    assert called == ["url_value_preprocessor"]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_large_upload_is_refused_unread(guard: Guard, loop: str) -> None:
    app = with_routes(guarded(guard, LOOPS[loop]))
    read = []

    async def reading(scope: Any, receive: Any, send: Any) -> None:
        async def receive_it() -> Any:
            read.append("a piece of the body")
            return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

        await app(scope, receive_it, send)

    headers = {"content-length": "1000000000"}
    sent = answer_to(reading, "/write", headers, loop=loop, method="POST")
    assert (sent[0]["status"], read) == (401, [])


def test_a_handler_of_the_users_finds_the_refused_body_empty(guard: Guard) -> None:
    from bearer_guard import BearerError

    app = with_routes(guarded(guard))

    @app.errorhandler(BearerError)
    async def answer(error: BearerError) -> Any:
        return f"{len(await request.get_data())} octets", 401

    assert TestClient(app).post("/write", content=b"x" * 1000).text == "0 octets"


# The path that the rules see is the one that Quart goes by


@pytest.fixture
def ruled(make_guard: MakeGuard) -> Quart:
    app = guarded(make_guard(rules=[Rule("/admin/**", scopes=["admin:all"])], public=["/health"]))
    app.add_url_rule("/admin/stock", view_func=health)
    app.add_url_rule("/health", "health", health)
    app.add_url_rule("/", "root", health)
    app.websocket("/admin/chat")(echo)
    return app


def status_of(app: Quart, path: str, headers: Headers, **more: Any) -> int:
    status: int = answer_to(app, path, headers, **more)[0]["status"]
    return status


@pytest.mark.parametrize(
    ("path", "root_path", "status"),
    [
        ("/api/admin/stock", "/api", 403),
        ("/apiadmin/stock", "/api", 404),
        ("/x/api/admin/stock", "/api", 404),
        ("/admin/stock", "/api", 404),
        ("/api", "/api", 404),
        ("https://api.example.com/admin/stock", "", 403),
        ("https://api.example.com/api/admin/stock", "/api", 403),
        ("https://api.example.com/health", "", 200),
        ("https://api.example.com", "", 200),
        ("https://[/admin/stock", "", 404),
        ("*", "", 404),
        ("a:https://[", "", 404),
        ("", "", 200),
    ],
)
def test_no_path_is_read_in_one_way_by_the_rules_and_in_another_by_quart(
    ruled: Quart, bearer: HeadersOf, path: str, root_path: str, status: int
) -> None:
    # A stranger's request to the public path is let in, all others not.
    expected = 200 if path.endswith("/health") else 401
    assert status_of(ruled, path, {}, root_path=root_path) == expected
    found = status_of(ruled, path, bearer("other"), root_path=root_path)
    assert found == (403 if path in UNROUTED and found == 403 else status)


UNROUTED = ("/admin/stock",)
"""Below a root path of which it says nothing: a rule may cover it all the same."""


@pytest.mark.parametrize("loop", LOOPS)
def test_nor_is_the_path_of_a_websocket(
    make_guard: MakeGuard, bearer: HeadersOf, loop: str
) -> None:
    app = guarded(make_guard(rules=[Rule("/admin/**", scopes=["admin:all"])]), LOOPS[loop])
    app.websocket("/admin/chat")(echo)
    for path, status in (
        ("/api/admin/chat", 403),
        ("/apiadmin/chat", 404),
        ("/x/api/admin/chat", 404),
    ):
        sent = converse(app, path, bearer("other"), "hello", loop=loop, root_path="/api")
        assert sent[0].get("status") == status
    admin = converse(
        app, "/api/admin/chat", bearer("admin:all"), "hello", loop=loop, root_path="/api"
    )
    assert kinds(admin)[:2] == ["accept", "send"]


# Tokens elsewhere than in the header


def test_a_form_is_there_for_the_view_as_well(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    app = guarded(make_guard(form_parameter=True))

    @app.post("/")
    async def view() -> Any:
        return (await request.form)["more"]

    client = TestClient(app)
    answer = client.post("/", data={"access_token": server.jwt(), "more": "tea"})
    assert answer.text == "tea"
    assert client.post("/", data={"more": "tea"}).status_code == 401


def test_what_a_token_in_the_url_opens_is_for_nobody_else(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    client = TestClient(with_routes(guarded(make_guard(query_parameter=True))))
    found = client.get("/orders", params={"access_token": server.jwt()})
    assert found.headers["cache-control"] == "private"
    assert "cache-control" not in client.get("/orders", headers=bearer()).headers


# What stands between the guard and Quart


def test_a_refusal_from_between_is_the_plain_one(guard: Guard, bearer: HeadersOf) -> None:
    app = bare()
    app.asgi_app = plain_require_scopes("a")(app.asgi_app)  # type: ignore[method-assign, arg-type, assignment]
    BearerGuard(app, guard=guard)
    client = TestClient(with_routes(app))
    assert client.get("/orders", headers=bearer("a")).status_code == 200
    for headers, status in (({}, 401), (bearer("b"), 403)):
        refused = client.get("/orders", headers=headers)
        assert refused.status_code == status
        assert refused.headers["www-authenticate"].startswith('Bearer realm="api"')


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("host", "query"), [("a..b", b""), (".", b""), ("a" * 300, b""), ("a", b"\xff")]
)
def test_a_stranger_is_refused_in_what_quart_can_make_no_request_of(
    guard: Guard, loop: str, host: str, query: bytes
) -> None:
    app = with_routes(guarded(guard, LOOPS[loop]))
    app.websocket("/chat")(echo)
    asked = {"loop": loop, "query_string": query}
    assert status_of(app, "/orders", {"host": host}, **asked) == 401
    assert converse(app, "/chat", {"host": host}, **asked)[0]["status"] == 401


def test_a_request_that_came_around_the_guard_is_not_answered(
    guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    app = bare()
    around = app.asgi_app
    BearerGuard(app, guard=guard)
    app.asgi_app = around  # type: ignore[method-assign]
    assert TestClient(with_routes(app)).get("/orders", headers=bearer()).status_code == 500
    assert "RuntimeError: no guard has seen this request" in caplog.text


# Set up wrongly


def test_without_settings_it_says_what_to_write() -> None:
    with pytest.raises(SettingsError, match=r'app.config\["BEARER_GUARD"\] is missing: write'):
        BearerGuard(bare())


def test_a_guard_beside_settings_is_refused(guard: Guard) -> None:
    app = bare()
    app.config["BEARER_GUARD"] = SETTINGS
    with pytest.raises(SettingsError, match="leave one of them out"):
        BearerGuard(app, guard=guard)


def test_a_guard_without_an_application_is_refused(guard: Guard) -> None:
    with pytest.raises(SettingsError, match=r"init_app\(app, guard=guard\)"):
        BearerGuard(guard=guard)


def test_a_second_guard_for_one_application_is_refused(guard: Guard) -> None:
    app = guarded(guard)
    with pytest.raises(SettingsError, match="call it once"):
        BearerGuard(app, guard=guard)


def test_a_view_without_a_guard_says_what_to_write(caplog: pytest.LogCaptureFixture) -> None:
    assert TestClient(with_routes(bare())).post("/write").status_code == 500
    assert "write BearerGuard(app)" in caplog.text


def test_quarts_page_for_a_developers_errors_is_shown_as_before(guard: Guard) -> None:
    """It cannot show what of Quart is bound to a request that is over."""
    app = with_routes(bare())
    app.testing = True
    around = app.asgi_app
    BearerGuard(app, guard=guard)
    app.asgi_app = around
    try:
        shown = TestClient(app).get("/orders").text
    except RuntimeError as raised:
        # Before Quart 0.20 tests see the error itself.
        shown = str(raised)
    assert "no guard has seen this request" in shown


@pytest.mark.anyio
async def test_in_a_request_context_of_a_test_nothing_is_checked_and_it_says_so(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = with_routes(guarded(guard))
    async with app.test_request_context("/orders", headers=bearer()):
        assert not current_token
        with pytest.raises(RuntimeError, match=r"app\.test_client\(\) do"):
            _ = current_token.subject
        with pytest.raises(RuntimeError, match="no guard has seen this request"):
            await app.preprocess_request()


def test_without_quart_a_sentence_says_what_to_install() -> None:
    program = "import sys; sys.modules['quart'] = None; import bearer_guard.quart"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ImportError: bearer_guard.quart needs Quart: install bearer-guard[quart]" in done.stderr


def test_an_error_of_trios_groups_is_answered_as_well(guard: Guard, bearer: HeadersOf) -> None:
    import trio

    app = guarded(guard, LOOPS["trio"])

    async def ask() -> None:
        raise InsufficientScope(("b",))

    @app.get("/")
    async def view() -> Any:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
        return "not reached"

    assert TestClient(app, backend="trio").get("/", headers=bearer()).status_code == 403
