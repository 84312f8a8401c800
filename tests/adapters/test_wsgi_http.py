"""HTTP through the WSGI middleware, call by call."""

from __future__ import annotations

import pytest

from adapters.conftest import MakeGuard
from adapters.wsgi_wire import App, Environ, call, call_strictly, environ
from bearer_guard import AccessToken, Guard, MissingToken
from bearer_guard.testing import AuthorizationServer
from bearer_guard.wsgi import GUARD_KEY, KEY, BearerMiddleware, access_token, require_scopes


def test_a_good_token_reaches_the_application(guard: Guard, bearer: dict[str, str]) -> None:
    app = App()
    answer = call_strictly(BearerMiddleware(app, guard), environ(headers=bearer))
    assert (answer.status, answer.body) == (200, b"ok")
    token = app.environ["bearer_guard.token"]
    assert isinstance(token, AccessToken)
    assert access_token(app.environ) is token
    assert app.environ["bearer_guard.guard"] is guard
    assert (token.subject, token.client_id) == ("alice", "shop")


def test_the_documented_keys_are_the_keys() -> None:
    assert (KEY, GUARD_KEY) == ("bearer_guard.token", "bearer_guard.guard")


def test_without_a_token_the_application_is_not_called(guard: Guard) -> None:
    app = App()
    answer = call_strictly(BearerMiddleware(app, guard), environ())
    assert app.environs == []
    assert answer.started[0][0] == "401 Unauthorized"
    assert answer.headers == {
        "content-type": "application/problem+json",
        "content-length": str(len(answer.body)),
        "cache-control": "no-store",
        "www-authenticate": 'Bearer realm="api", scope="orders:read"',
    }
    assert answer.problem == {
        "title": "Unauthorized",
        "status": 401,
        "detail": "An access token is needed.",
    }


def test_a_refusal_leaves_nothing_in_the_environ(guard: Guard) -> None:
    given = environ()
    call(BearerMiddleware(App(), guard), given)
    assert {KEY, GUARD_KEY}.isdisjoint(given)


class Unread:
    """A body that must not be touched."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the body was touched: {name}")


def test_a_refused_upload_is_not_read(guard: Guard, bearer: dict[str, str]) -> None:
    for headers in ({}, bearer, {"authorization": "Bearer made-up"}):
        more = {"wsgi.input": Unread(), "CONTENT_LENGTH": "10000000000"}
        given = environ(method="POST", headers=headers, **more)
        assert call(BearerMiddleware(App(), guard), given).status in (401, 403)


def test_head_is_answered_as_get_without_a_body(guard: Guard) -> None:
    get = call_strictly(BearerMiddleware(App(), guard), environ())
    head = call_strictly(BearerMiddleware(App(), guard), environ(method="HEAD"))
    assert head.started == get.started
    assert (head.body, int(head.headers["content-length"])) == (b"", len(get.body))


def test_head_needs_what_get_needs(guard: Guard, server: AuthorizationServer) -> None:
    for scope, status in (("orders:read", 200), ("orders:write", 403)):
        headers = {"authorization": f"Bearer {server.jwt(scope=scope)}"}
        given = environ(method="HEAD", headers=headers)
        assert call(BearerMiddleware(App(), guard), given).status == status


def test_two_authorization_lines_joined_by_the_server_are_400(
    guard: Guard, bearer: dict[str, str]
) -> None:
    good = ("authorization", bearer["authorization"])
    for other in (good, ("Authorization", "Bearer made-up"), ("authorization", "Basic eDp5")):
        for headers in ([good, other], [other, good]):
            answer = call(BearerMiddleware(App(), guard), environ(headers=headers))
            assert answer.status == 400
            assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_header_outside_of_latin_1_is_no_crash(guard: Guard) -> None:
    """PEP 3333 forbids it of servers; one that does it anyway gets a refusal, not a 500."""
    answer = call(BearerMiddleware(App(), guard), environ(HTTP_AUTHORIZATION="Bearer \N{SNOWMAN}"))
    assert answer.status == 400


def test_a_path_rule_names_the_scopes_it_needs(guard: Guard, bearer: dict[str, str]) -> None:
    given = environ(method="POST", headers=bearer)
    answer = call_strictly(BearerMiddleware(App(), guard), given)
    assert answer.started[0][0] == "403 Forbidden"
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="api", error="insufficient_scope", '
        'error_description="The access token grants too little.", scope="orders:write"'
    )


def test_a_public_path_has_no_token(guard: Guard, bearer: dict[str, str]) -> None:
    for headers in ({}, bearer, {"authorization": "Bearer made-up"}):
        app = App()
        assert call(BearerMiddleware(app, guard), environ("/health", headers=headers)).status == 200
        assert app.environ[KEY] is None
        with pytest.raises(MissingToken, match=r"^path_is_public$"):
            access_token(app.environ)


def test_where_no_guard_was_there_is_no_token() -> None:
    with pytest.raises(MissingToken, match=r"^token_missing$"):
        access_token(environ("/orders"))


@pytest.mark.parametrize("variable", ["RAW_URI", "REQUEST_URI"])
@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/docs/../orders", "/docs/../orders"),
        ("/docs/../orders", "/docs/%2e%2e/orders"),
        ("/docs//orders", "/docs//orders"),
        ("/docs/a/b", "/docs/a%2Fb"),
        ("/docs/a/b", "http://api.example.com/docs/a%2Fb?c=d"),
        ("/docs/%2e%2e/orders", "/docs/%252e%252e/orders"),
        ("/docs/..\\orders", "/docs/..%5corders"),
        ("/docs/a\x00", "/docs/a%00"),
        ("/documents", "/documents"),
        ("/health/", "/health/"),
    ],
)
def test_an_ambiguous_path_is_never_public(
    guard: Guard, path: str, raw: str, variable: str
) -> None:
    given = environ(path, **{variable: raw})
    assert call(BearerMiddleware(App(), guard), given).status == 401


def test_octets_that_are_no_utf_8_are_never_public(guard: Guard) -> None:
    given = environ()
    given["PATH_INFO"] = "/docs/\xff"
    assert call(BearerMiddleware(App(), guard), given).status == 401


@pytest.mark.parametrize(
    ("script_name", "path", "status"),
    [
        ("/mount", "/health", 200),
        ("/mount", "", 401),
        ("/mount", "/orders", 401),
        ("/health", "", 401),
        ("/docs", "/x", 401),
        ("", "/docs", 200),
        ("", "/docs/x", 200),
        ("", "/mount/health", 401),
    ],
)
def test_paths_are_those_below_the_mount(
    guard: Guard, script_name: str, path: str, status: int
) -> None:
    given = environ(path, SCRIPT_NAME=script_name)
    assert call(BearerMiddleware(App(), guard), given).status == status


def test_rules_hold_below_a_mount(guard: Guard, server: AuthorizationServer) -> None:
    for scope, status in (("orders:read", 403), ("orders:write", 200)):
        headers = {"authorization": f"Bearer {server.jwt(scope=scope)}"}
        given = environ("/orders/7", method="PUT", SCRIPT_NAME="/api", headers=headers)
        assert call(BearerMiddleware(App(), guard), given).status == status


PREFLIGHT = {"origin": "https://shop.example.com", "access-control-request-method": "POST"}


def test_a_preflight_passes_and_other_options_do_not(guard: Guard, make_guard: MakeGuard) -> None:
    asked = [
        (guard, "OPTIONS", PREFLIGHT, 200),
        (guard, "OPTIONS", {"origin": PREFLIGHT["origin"]}, 401),
        (guard, "OPTIONS", {"access-control-request-method": "POST"}, 401),
        (guard, "OPTIONS", {}, 401),
        (guard, "POST", PREFLIGHT, 401),
        (make_guard(preflight=False), "OPTIONS", PREFLIGHT, 401),
    ]
    for judge, method, headers, status in asked:
        given = environ(method=method, headers=headers)
        assert call(BearerMiddleware(App(), judge), given).status == status


def test_require_scopes_needs_all_of_them(guard: Guard, bearer: dict[str, str]) -> None:
    for scopes, status in (
        (("orders:read",), 200),
        (("orders:read", "profile"), 200),
        (("orders:read", "admin"), 403),
        ((), 200),
    ):
        app = require_scopes(*scopes)(App())
        answer = call_strictly(BearerMiddleware(app, guard), environ(headers=bearer))
        assert answer.status == status
        if status == 403:
            assert answer.headers["www-authenticate"].endswith('scope="orders:read admin"')


def test_an_application_that_asks_for_a_token_on_a_public_path_is_answered_401(
    guard: Guard,
) -> None:
    app = require_scopes("orders:read")(App())
    answer = call(BearerMiddleware(app, guard), environ("/health"))
    assert answer.status == 401
    assert "error" not in answer.headers["www-authenticate"]


def test_two_middlewares_judge_one_after_the_other(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    outer = make_guard(required_scopes=["a"], realm="outer", public=["/open"])
    inner = make_guard(required_scopes=["b"], realm="inner")
    stack = BearerMiddleware(BearerMiddleware(App(), inner), outer)
    for path, granted, status, realm in (
        ("/", "a b", 200, None),
        ("/", "a", 403, "inner"),
        ("/", "b", 403, "outer"),
        ("/open", "b", 200, None),
    ):
        headers = {"authorization": f"Bearer {server.jwt(scope=granted)}"}
        answer = call(stack, environ(path, headers=headers))
        assert answer.status == status
        if realm is not None:
            assert f'realm="{realm}"' in answer.headers["www-authenticate"]


def test_an_inner_public_path_hides_the_outer_token(
    make_guard: MakeGuard, bearer: dict[str, str]
) -> None:
    app = App()
    stack = BearerMiddleware(BearerMiddleware(app, make_guard(public=["/x"])), make_guard())
    call(stack, environ("/x", headers=bearer))
    assert app.environ[KEY] is None


def test_no_header_reaches_the_keys(guard: Guard) -> None:
    """CGI names have a prefix; what a server or a middleware left there is overwritten."""
    app = App()
    given: Environ = environ(
        "/health", headers={"Bearer_Guard.Token": "x"}, **{KEY: "forged", GUARD_KEY: "forged"}
    )
    call(BearerMiddleware(app, guard), given)
    assert (app.environ[KEY], app.environ[GUARD_KEY]) == (None, guard)


@pytest.mark.parametrize(
    ("query", "status", "given", "cache_control"),
    [
        (True, "200 OK", None, ["private"]),
        (True, "204 No Content", None, ["private"]),
        (True, "302 Found", None, []),
        (True, "404 Not Found", None, []),
        (True, "200 OK", "no-store", ["no-store"]),
        (False, "200 OK", None, []),
    ],
)
def test_an_answer_to_a_token_in_the_query_is_private(
    make_guard: MakeGuard,
    token: str,
    bearer: dict[str, str],
    query: bool,
    status: str,
    given: str | None,
    cache_control: list[str],
) -> None:
    """RFC 6750 section 2.3. What the application says of caching is left as it is."""
    headers = [("X-A", "b")] + ([] if given is None else [("CACHE-Control", given)])

    def app(environ: Environ, start_response: object) -> list[bytes]:
        start_response(status, headers)  # type: ignore[operator]
        return []

    asked = environ(headers={} if query else bearer)
    asked["QUERY_STRING"] = f"access_token={token}" if query else "a=b"
    answer = call(BearerMiddleware(app, make_guard(query_parameter=True)), asked)
    assert answer.started[0][0] == status
    sent = [(name.lower(), value) for name, value in answer.started[0][1]]
    assert [value for name, value in sent if name == "cache-control"] == cache_control
    assert sent[0] == ("x-a", "b")
    assert len(headers) == 1 + (given is not None)
