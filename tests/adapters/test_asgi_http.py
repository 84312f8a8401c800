"""HTTP through the ASGI middleware, message by message."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.authentication import AuthCredentials, UnauthenticatedUser

from adapters.asgi_wire import App, Wire, call, http_scope
from adapters.conftest import MakeGuard
from bearer_guard import AccessToken, Guard, InsufficientScope, MissingToken
from bearer_guard.asgi import (
    GUARD_KEY,
    KEY,
    BearerMiddleware,
    BearerUser,
    access_token,
    require_scopes,
)
from bearer_guard.testing import AuthorizationServer

pytestmark = pytest.mark.anyio

START = {"type": "http.response.start", "status": 200, "headers": []}


async def test_a_good_token_reaches_the_application_in_three_places(
    guard: Guard, bearer: dict[str, str]
) -> None:
    app = App()
    wire = await call(BearerMiddleware(app, guard), http_scope(headers=bearer))
    assert (wire.status, wire.body) == (200, b"ok")
    token = app.scope["bearer_guard.token"]
    assert isinstance(token, AccessToken)
    assert access_token(app.scope) is token
    assert app.scope["bearer_guard.guard"] is guard
    assert (token.subject, token.client_id) == ("alice", "shop")
    assert isinstance(app.scope["auth"], AuthCredentials)
    assert sorted(app.scope["auth"].scopes) == ["orders:read", "profile"]
    # What one request does to its list reaches no other request, and no later check.
    app.scope["auth"].scopes.append("admin")
    assert sorted(app.scope["auth"].scopes) == ["orders:read", "profile"]
    user = app.scope["user"]
    assert isinstance(user, BearerUser)
    assert (user.token, user.is_authenticated, user.display_name) == (token, True, "alice")
    assert user.identity == "https://login.example.com/ alice"


def test_the_documented_keys_are_the_keys() -> None:
    assert (KEY, GUARD_KEY) == ("bearer_guard.token", "bearer_guard.guard")


async def test_a_token_without_a_subject_is_displayed_by_its_client(
    guard: Guard, server: AuthorizationServer
) -> None:
    for absent, shown in (
        ({"sub": server.ABSENT}, "shop"),
        ({"sub": server.ABSENT, "client_id": server.ABSENT}, ""),
    ):
        app = App()
        token = server.jwt(client_id="shop", claims=absent)
        await call(
            BearerMiddleware(app, guard), http_scope(headers={"authorization": f"Bearer {token}"})
        )
        assert app.scope["user"].display_name == shown
        # No user's, whatever the client is called: RFC 9068 section 5.
        assert app.scope["user"].identity == f"https://login.example.com/\t{shown}"


async def test_a_client_has_not_the_identity_of_the_user_who_has_its_name(
    guard: Guard, server: AuthorizationServer
) -> None:
    found = []
    for token in (
        server.jwt(subject="alice"),
        server.jwt(client_id="alice", claims={"sub": server.ABSENT}),
    ):
        app = App()
        headers = {"authorization": f"Bearer {token}"}
        await call(BearerMiddleware(app, guard), http_scope(headers=headers))
        found.append(app.scope["user"])
    assert found[0].display_name == found[1].display_name == "alice"
    assert found[0].identity != found[1].identity


async def test_without_a_token_the_application_is_not_called(guard: Guard) -> None:
    app = App()
    wire = await call(BearerMiddleware(app, guard), http_scope())
    assert app.scopes == []
    assert wire.kinds == ["http.response.start", "http.response.body"]
    assert wire.status == 401
    assert wire.headers == {
        "content-type": "application/problem+json",
        "content-length": str(len(wire.body)),
        "cache-control": "no-store",
        "www-authenticate": 'Bearer realm="api", scope="orders:read"',
    }
    assert wire.problem == {
        "title": "Unauthorized",
        "status": 401,
        "detail": "An access token is needed.",
    }


async def test_a_refusal_leaves_nothing_in_the_scope(guard: Guard) -> None:
    scope = http_scope()
    await call(BearerMiddleware(App(), guard), scope)
    assert {KEY, GUARD_KEY, "auth", "user"}.isdisjoint(scope)


async def test_a_refused_upload_is_not_read(guard: Guard, bearer: dict[str, str]) -> None:
    for headers in ({}, bearer, {"authorization": "Bearer made-up"}):
        wire = Wire({"type": "http.request", "body": b"x" * 10, "more_body": True})
        scope = http_scope(method="POST", headers={**headers, "content-length": "10000000000"})
        await BearerMiddleware(App(), guard)(scope, wire.receive, wire.send)
        assert wire.status in (401, 403)
        assert wire.asked == 0


async def test_head_is_answered_as_get_without_a_body(guard: Guard) -> None:
    get = await call(BearerMiddleware(App(), guard), http_scope())
    head = await call(BearerMiddleware(App(), guard), http_scope(method="HEAD"))
    assert (head.status, head.headers) == (get.status, get.headers)
    assert (head.body, int(head.headers["content-length"])) == (b"", len(get.body))


async def test_head_needs_what_get_needs(guard: Guard, server: AuthorizationServer) -> None:
    for scope, status in (("orders:read", 200), ("orders:write", 403)):
        headers = {"authorization": f"Bearer {server.jwt(scope=scope)}"}
        wire = await call(
            BearerMiddleware(App(), guard), http_scope(method="HEAD", headers=headers)
        )
        assert wire.status == status


async def test_an_authorization_line_is_never_chosen_from_two(
    guard: Guard, bearer: dict[str, str]
) -> None:
    good = ("authorization", bearer["authorization"])
    for other in (good, ("Authorization", "Bearer made-up"), ("authorization", "Basic eDp5")):
        for headers in ([good, other], [other, good]):
            wire = await call(BearerMiddleware(App(), guard), http_scope(headers=headers))
            assert wire.status == 400
            assert 'error="invalid_request"' in wire.headers["www-authenticate"]


async def test_a_path_rule_names_the_scopes_it_needs(guard: Guard, bearer: dict[str, str]) -> None:
    wire = await call(BearerMiddleware(App(), guard), http_scope(method="POST", headers=bearer))
    assert wire.status == 403
    assert wire.headers["www-authenticate"] == (
        'Bearer realm="api", error="insufficient_scope", '
        'error_description="The access token grants too little.", scope="orders:write"'
    )


async def test_a_public_path_has_no_token_and_an_unauthenticated_user(guard: Guard) -> None:
    app = App()
    wire = await call(BearerMiddleware(app, guard), http_scope("/health"))
    assert wire.status == 200
    assert app.scope[KEY] is None
    assert app.scope["auth"].scopes == []
    assert isinstance(app.scope["user"], UnauthenticatedUser)
    with pytest.raises(MissingToken, match=r"^path_is_public$"):
        access_token(app.scope)


def test_where_no_guard_was_there_is_no_token() -> None:
    with pytest.raises(MissingToken, match=r"^token_missing$"):
        access_token(http_scope("/orders"))


async def test_on_a_public_path_even_a_bad_token_is_not_looked_at(
    guard: Guard, bearer: dict[str, str]
) -> None:
    for headers in (bearer, {"authorization": "Bearer made-up"}):
        app = App()
        wire = await call(BearerMiddleware(app, guard), http_scope("/health", headers=headers))
        assert wire.status == 200
        assert app.scope[KEY] is None


@pytest.mark.parametrize(
    ("path", "raw_path"),
    [
        ("/docs/../orders", b"/docs/../orders"),
        ("/docs/../orders", b"/docs/%2e%2e/orders"),
        ("/docs//orders", b"/docs//orders"),
        ("//docs", b"//docs"),
        ("/docs/a/b", b"/docs/a%2Fb"),
        ("/docs/%2e%2e/orders", b"/docs/%252e%252e/orders"),
        ("/docs/..\\orders", b"/docs/..%5corders"),
        ("/docs/a\x00", b"/docs/a%00"),
        ("/docs/\ufffd", b"/docs/%ff"),
        ("/documents", b"/documents"),
        ("/health/", b"/health/"),
        ("/Health", b"/Health"),
    ],
)
async def test_an_ambiguous_path_is_never_public(guard: Guard, path: str, raw_path: bytes) -> None:
    wire = await call(BearerMiddleware(App(), guard), http_scope(path, raw_path=raw_path))
    assert wire.status == 401


@pytest.mark.parametrize(
    ("path", "root_path", "status"),
    [
        ("/mount/health", "/mount", 200),  # as uvicorn and Starlette's Mount have it
        ("/mount", "/mount", 401),
        ("/health", "/mount", 200),  # as servers before ASGI 2.3 had it
        ("/health", "", 200),
        ("/mount/orders", "/mount", 401),
        ("/mountain/health", "/mount", 401),  # whole segments only
        ("/mount/health", "", 401),
        ("/health/health", "/health", 200),
        ("/health", "/health", 401),  # the mounted application's root, not its /health
        ("/mount/docs/x", "/mount/docs", 401),
    ],
)
async def test_paths_are_those_below_the_mount(
    guard: Guard, path: str, root_path: str, status: int
) -> None:
    scope = http_scope(path, root_path=root_path)
    wire = await call(BearerMiddleware(App(), guard), scope)
    assert wire.status == status


async def test_rules_hold_below_a_mount(guard: Guard, server: AuthorizationServer) -> None:
    for scope, status in (("orders:read", 403), ("orders:write", 200)):
        headers = {"authorization": f"Bearer {server.jwt(scope=scope)}"}
        asked = http_scope("/api/orders/7", method="PUT", root_path="/api", headers=headers)
        wire = await call(BearerMiddleware(App(), guard), asked)
        assert wire.status == status


PREFLIGHT = {"origin": "https://shop.example.com", "access-control-request-method": "POST"}


async def test_a_preflight_passes_and_other_options_do_not(
    guard: Guard, make_guard: MakeGuard
) -> None:
    asked = [
        (guard, "OPTIONS", PREFLIGHT, 200),
        (guard, "OPTIONS", {"origin": PREFLIGHT["origin"]}, 401),
        (guard, "OPTIONS", {"access-control-request-method": "POST"}, 401),
        (guard, "OPTIONS", {}, 401),
        (guard, "POST", PREFLIGHT, 401),
        (make_guard(preflight=False), "OPTIONS", PREFLIGHT, 401),
    ]
    for judge, method, headers, status in asked:
        wire = await call(
            BearerMiddleware(App(), judge), http_scope(method=method, headers=headers)
        )
        assert wire.status == status


async def test_lifespan_passes_as_it_is(guard: Guard) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "lifespan.startup"
        scope["state"]["ready"] = True
        await send({"type": "lifespan.startup.complete"})

    scope = {"type": "lifespan", "state": {}}
    wire = await call(BearerMiddleware(app, guard), scope, {"type": "lifespan.startup"})
    assert wire.sent == [{"type": "lifespan.startup.complete"}]
    assert scope == {"type": "lifespan", "state": {"ready": True}}


@pytest.mark.parametrize("kind", ["webtransport", "HTTP", ""])
async def test_what_it_does_not_know_it_lets_nobody_in_by(guard: Guard, kind: str) -> None:
    app = App()
    with pytest.raises(ValueError, match="guards http and websocket, and passes lifespan"):
        await call(BearerMiddleware(app, guard), {"type": kind})
    assert app.scopes == []


async def test_a_bearer_error_of_the_application_becomes_the_answer(
    guard: Guard, bearer: dict[str, str]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        access_token(scope).require_any_scope("a", "b")

    wire = await call(BearerMiddleware(app, guard), http_scope(headers=bearer))
    assert wire.status == 403
    assert wire.headers["www-authenticate"].endswith('scope="a b"')


async def test_an_application_that_asks_for_a_token_on_a_public_path_is_answered_401(
    guard: Guard,
) -> None:
    app = require_scopes("orders:read")(App())
    wire = await call(BearerMiddleware(app, guard), http_scope("/health"))
    assert wire.status == 401
    assert "error" not in wire.headers["www-authenticate"]


async def test_a_bearer_error_after_the_answer_began_is_raised_again(
    guard: Guard, bearer: dict[str, str]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        raise InsufficientScope(("late",))

    wire = Wire()
    with pytest.raises(InsufficientScope):
        await BearerMiddleware(app, guard)(http_scope(headers=bearer), wire.receive, wire.send)
    assert wire.sent == [START]


@pytest.mark.parametrize(
    "kind", ["http.response.early_hint", "http.response.push", "http.response.debug"]
)
async def test_a_hint_is_no_answer_yet(guard: Guard, bearer: dict[str, str], kind: str) -> None:
    """These extensions send before ``http.response.start``: a refusal can still be said."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": kind})
        raise InsufficientScope(("more",))

    wire = await call(BearerMiddleware(app, guard), http_scope(headers=bearer))
    assert wire.kinds == [kind, "http.response.start", "http.response.body"]
    assert wire.sent[1]["status"] == 403


async def test_any_other_error_of_the_application_is_its_own(
    guard: Guard, bearer: dict[str, str]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await call(BearerMiddleware(app, guard), http_scope(headers=bearer))


async def test_an_answer_streams_chunk_by_chunk(guard: Guard, bearer: dict[str, str]) -> None:
    """Each ``send`` of the application is one of the server: nothing is gathered."""
    seen_after_each: list[int] = []
    wire = Wire()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            seen_after_each.append(len(wire.sent))
        await send({"type": "http.response.body"})

    await BearerMiddleware(app, guard)(http_scope(headers=bearer), wire.receive, wire.send)
    assert seen_after_each == [2, 3, 4]
    assert len(wire.sent) == 5


async def test_the_application_gets_the_servers_own_receive_where_no_form_is_read(
    guard: Guard, bearer: dict[str, str]
) -> None:
    given: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        given.append(receive)

    wire = Wire()
    own = wire.receive
    await BearerMiddleware(app, guard)(http_scope(headers=bearer), own, wire.send)
    assert given[0] is own


async def test_require_scopes_needs_all_of_them(guard: Guard, bearer: dict[str, str]) -> None:
    for scopes, status in (
        (("orders:read",), 200),
        (("orders:read", "profile"), 200),
        (("orders:read", "admin"), 403),
        ((), 200),
    ):
        app = require_scopes(*scopes)(App())
        wire = await call(BearerMiddleware(app, guard), http_scope(headers=bearer))
        assert wire.status == status
        if status == 403:
            assert wire.headers["www-authenticate"].endswith('scope="orders:read admin"')


async def test_require_scopes_passes_lifespan(guard: Guard) -> None:
    heard: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["type"])

    await call(BearerMiddleware(require_scopes("x")(app), guard), {"type": "lifespan"})
    assert heard == ["lifespan"]


async def test_two_middlewares_judge_one_after_the_other(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    outer = make_guard(required_scopes=["a"], realm="outer", public=["/open"])
    inner = make_guard(required_scopes=["b"], realm="inner")
    app = App()
    stack = BearerMiddleware(BearerMiddleware(app, inner), outer)
    for path, granted, status, realm in (
        ("/", "a b", 200, None),
        ("/", "a", 403, "inner"),
        ("/", "b", 403, "outer"),
        ("/open", "b", 200, None),
    ):
        headers = {"authorization": f"Bearer {server.jwt(scope=granted)}"}
        wire = await call(stack, http_scope(path, headers=headers))
        assert wire.status == status
        if realm is not None:
            assert f'realm="{realm}"' in wire.headers["www-authenticate"]
    assert [sorted(scope["auth"].scopes) for scope in app.scopes] == [["a", "b"], ["b"]]


async def test_an_inner_public_path_hides_the_outer_token(
    make_guard: MakeGuard, bearer: dict[str, str]
) -> None:
    """What the inner guard did not judge, its application does not see."""
    app = App()
    stack = BearerMiddleware(BearerMiddleware(app, make_guard(public=["/x"])), make_guard())
    await call(stack, http_scope("/x", headers=bearer))
    assert app.scope[KEY] is None
    assert app.scope["auth"].scopes == []


async def test_what_a_server_or_a_middleware_left_in_the_scope_is_overwritten(guard: Guard) -> None:
    forged = {KEY: object(), "auth": AuthCredentials(["admin"]), "user": object()}
    app = App()
    await call(BearerMiddleware(app, guard), http_scope("/health", **forged))
    assert app.scope[KEY] is None
    assert app.scope["auth"].scopes == []
    assert isinstance(app.scope["user"], UnauthenticatedUser)


@pytest.mark.parametrize(
    ("query", "status", "given", "cache_control"),
    [
        (True, 200, None, ["private"]),
        (True, 204, None, ["private"]),
        (True, 302, None, []),
        (True, 404, None, []),
        (True, 200, "no-store", ["no-store"]),
        (False, 200, None, []),
    ],
)
async def test_an_answer_to_a_token_in_the_query_is_private(
    make_guard: MakeGuard,
    token: str,
    bearer: dict[str, str],
    query: bool,
    status: int,
    given: str | None,
    cache_control: list[str],
) -> None:
    """RFC 6750 section 2.3. What the application says of caching is left as it is."""
    headers = [(b"X-A", b"b")] + ([] if given is None else [(b"Cache-Control", given.encode())])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body"})

    scope = http_scope(headers={} if query else bearer)
    scope["query_string"] = f"access_token={token}".encode() if query else b"a=b"
    wire = await call(BearerMiddleware(app, make_guard(query_parameter=True)), scope)
    assert wire.status == status
    sent = [(name.lower(), value.decode()) for name, value in wire.sent[0]["headers"]]
    assert [value for name, value in sent if name == b"cache-control"] == cache_control
    assert sent[0] == (b"x-a", "b")
    assert len(headers) == 1 + (given is not None)


async def test_an_answer_without_headers_can_be_private_too(
    make_guard: MakeGuard, token: str
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    scope = {**http_scope(), "query_string": f"access_token={token}".encode()}
    wire = await call(BearerMiddleware(app, make_guard(query_parameter=True)), scope)
    assert wire.headers == {"cache-control": "private"}
