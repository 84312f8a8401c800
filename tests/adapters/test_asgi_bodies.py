"""Forms that are read in search of a token, and told again to the application."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.asgi_wire import App, Listener, Wire, body_messages, call, http_scope
from adapters.conftest import MakeGuard
from bearer_guard import Guard
from bearer_guard.asgi import KEY, BearerMiddleware

pytestmark = pytest.mark.anyio
FORM = "application/x-www-form-urlencoded"
LIMIT = 2048


@pytest.fixture(scope="module")
def reader(make_guard: MakeGuard) -> Guard:
    return make_guard(form_parameter=True, max_form_size=LIMIT)


@pytest.fixture(scope="module")
def query_reader(make_guard: MakeGuard) -> Guard:
    return make_guard(query_parameter=True)


def post(content_type: str | None = FORM, method: str = "POST", **headers: str) -> dict[str, Any]:
    pairs = [] if content_type is None else [("content-type", content_type)]
    return http_scope(method=method, headers=[*pairs, *headers.items()])


def cut(body: bytes, size: int) -> list[dict[str, Any]]:
    return body_messages(*(body[at : at + size] for at in range(0, len(body), size)))


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
async def test_a_token_in_a_form_is_taken_and_the_form_told_again_exactly(
    reader: Guard, token: str, size: int
) -> None:
    app = Listener()
    messages = cut(b"a=1&access_token=" + token.encode() + b"&b=%20", size)
    wire = await call(BearerMiddleware(app, reader), post(), *messages)
    assert wire.status == 200
    assert app.scope[KEY].subject == "alice"
    assert app.heard == messages
    assert wire.asked == len(messages)


async def test_what_comes_after_the_form_is_the_servers(reader: Guard, token: str) -> None:
    messages = body_messages(b"access_token=" + token.encode())
    disconnect = {"type": "http.disconnect"}
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([await receive(), await receive()])

    await call(BearerMiddleware(app, reader), post(), *messages, disconnect)
    assert heard == [*messages, disconnect]


async def test_a_client_that_leaves_in_the_middle_is_told_of(
    reader: Guard, bearer: dict[str, str]
) -> None:
    messages = [
        {"type": "http.request", "body": b"a=1", "more_body": True},
        {"type": "http.disconnect"},
    ]
    app = Listener()
    await call(BearerMiddleware(app, reader), post(**bearer), *messages)
    assert app.heard == messages


async def test_a_message_without_a_body_is_an_empty_one(reader: Guard, token: str) -> None:
    messages = [
        {"type": "http.request", "more_body": True},
        *body_messages(b"access_token=" + token.encode()),
    ]
    app = Listener()
    wire = await call(BearerMiddleware(app, reader), post(), *messages)
    assert (wire.status, app.heard) == (200, messages)


async def test_a_form_of_just_the_limit_is_read(reader: Guard, token: str) -> None:
    form = b"access_token=" + token.encode() + b"&pad="
    app = Listener()
    messages = cut(form.ljust(LIMIT, b"x"), 512)
    wire = await call(BearerMiddleware(app, reader), post(), *messages)
    assert (wire.status, app.heard) == (200, messages)


async def test_a_longer_form_holds_no_token_and_is_not_read_on(reader: Guard, token: str) -> None:
    form = b"access_token=" + token.encode() + b"&pad="
    messages = cut(form.ljust(LIMIT * 50, b"x"), 512)
    wire = await call(BearerMiddleware(App(), reader), post(), *messages)
    assert wire.status == 401
    assert wire.asked == LIMIT // 512 + 1


async def test_a_longer_form_reaches_the_application_whole(
    reader: Guard, bearer: dict[str, str]
) -> None:
    app = Listener()
    messages = cut(b"x" * (LIMIT * 3 + 1), 512)
    wire = await call(BearerMiddleware(app, reader), post(**bearer), *messages)
    assert (wire.status, app.heard) == (200, messages)


async def test_two_methods_in_one_request_are_400(
    make_guard: MakeGuard, token: str, bearer: dict[str, str]
) -> None:
    both = make_guard(form_parameter=True, query_parameter=True)
    given = f"access_token={token}".encode()
    for in_header, in_query, in_form, status in (
        (True, b"", b"", 200),
        (False, given, b"", 200),
        (False, b"", given, 200),
        (False, b"", b"", 401),
        (True, given, b"", 400),
        (True, b"", given, 400),
        (False, given, given, 400),
        (True, given, given, 400),
        (False, given + b"&" + given, b"", 400),
        (False, b"", given + b"&" + given, 400),
        (False, b"access_token=", b"", 400),
        (True, b"access_token=", b"", 400),
    ):
        scope = {**post(**(bearer if in_header else {})), "query_string": in_query}
        wire = await call(BearerMiddleware(App(), both), scope, *body_messages(in_form))
        assert wire.status == status, (in_header, in_query, in_form)


async def test_parameters_are_not_looked_at_unless_the_settings_say_so(
    guard: Guard, reader: Guard, query_reader: Guard, token: str, bearer: dict[str, str]
) -> None:
    given = f"access_token={token}".encode()
    for judge, query, form in (
        (guard, given, given),
        (reader, given, b""),
        (query_reader, b"", given),
    ):
        bare = {**post(), "path": "/", "query_string": query}
        wire = await call(BearerMiddleware(App(), judge), bare, *body_messages(form))
        assert wire.status == 401
        with_header = {**post(**bearer), "path": "/", "query_string": query}
        wire = await call(BearerMiddleware(App(), judge), with_header, *body_messages(form))
        assert wire.status == 200


@pytest.mark.parametrize(
    ("method", "content_type"),
    [
        ("POST", None),
        ("POST", "multipart/form-data; boundary=x"),
        ("POST", "application/json"),
        ("POST", "application/x-www-form-urlencoded2"),
        ("GET", FORM),
        ("HEAD", FORM),
        ("DELETE", FORM),
        ("OPTIONS", FORM),
        ("TRACE", FORM),
    ],
)
async def test_what_is_no_form_is_not_read(
    reader: Guard, token: str, method: str, content_type: str | None
) -> None:
    messages = body_messages(b"access_token=" + token.encode())
    wire = await call(BearerMiddleware(App(), reader), post(content_type, method), *messages)
    assert (wire.status, wire.asked) == (401, 0)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("content_type", [FORM, FORM + "; charset=UTF-8", FORM.upper()])
async def test_every_urlencoded_body_is_a_form(
    reader: Guard, token: str, method: str, content_type: str
) -> None:
    messages = body_messages(b"access_token=" + token.encode())
    wire = await call(BearerMiddleware(App(), reader), post(content_type, method), *messages)
    assert (wire.status, wire.asked) == (200, 1)


async def test_two_content_types_are_none(reader: Guard, token: str) -> None:
    scope = http_scope(method="POST", headers=[("content-type", FORM), ("content-type", FORM)])
    wire = await call(
        BearerMiddleware(App(), reader), scope, *body_messages(b"access_token=" + token.encode())
    )
    assert (wire.status, wire.asked) == (401, 0)


async def test_a_websocket_has_no_form(reader: Guard, token: str) -> None:
    from adapters.asgi_wire import websocket_scope

    scope = websocket_scope(headers=[("content-type", FORM)])
    wire = await call(BearerMiddleware(App(), reader), scope, {"type": "websocket.connect"})
    assert wire.sent == [{"type": "websocket.close", "code": 1008}]
    assert wire.asked == 0


async def test_stacked_middlewares_both_read_the_form(
    reader: Guard, make_guard: MakeGuard, token: str
) -> None:
    app = Listener()
    stack = BearerMiddleware(BearerMiddleware(app, reader), make_guard(form_parameter=True))
    messages = cut(b"access_token=" + token.encode(), 100)
    wire = Wire(*messages)
    await stack(post(), wire.receive, wire.send)
    assert (wire.status, app.heard, wire.asked) == (200, messages, len(messages))
