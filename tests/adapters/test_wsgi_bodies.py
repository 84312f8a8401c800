"""Forms that are read in search of a token, and handed on to the application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from operator import methodcaller
from typing import Any

import pytest

from adapters.conftest import MakeGuard
from adapters.test_wsgi_http import Unread
from adapters.wsgi_wire import App, Environ, call, environ
from bearer_guard import Guard
from bearer_guard.wsgi import KEY, BearerMiddleware

FORM = "application/x-www-form-urlencoded"
LIMIT = 2048


@pytest.fixture(scope="module")
def reader(make_guard: MakeGuard) -> Guard:
    return make_guard(form_parameter=True, max_form_size=LIMIT)


def post(
    body: bytes, content_type: str | None = FORM, method: str = "POST", **more: Any
) -> Environ:
    headers = {} if content_type is None else {"content-type": content_type}
    return environ(method=method, headers={**headers, **more.pop("headers", {})}, body=body, **more)


class Reader(App):
    """An application that reads its body with ``read``, then answers."""

    def __init__(self, read: Callable[[Any], bytes] = lambda stream: stream.read()) -> None:
        super().__init__()
        self.read = read
        self.body = b""

    def __call__(self, given: Environ, start_response: Any) -> Iterable[bytes]:
        self.body = self.read(given["wsgi.input"])
        return super().__call__(given, start_response)


class Trickle:
    """A stream that gives less than it is asked for, as sockets do; ``read`` and no more."""

    def __init__(self, body: bytes, size: int) -> None:
        self._body = BytesIO(body)
        self._size = size

    def read(self, size: int = -1) -> bytes:
        return self._body.read(self._size if size < 0 else min(size, self._size))


def test_a_token_in_a_form_is_taken_and_the_form_handed_on_exactly(
    reader: Guard, token: str
) -> None:
    body = b"a=1&access_token=" + token.encode() + b"&b=%20"
    app = Reader()
    assert call(BearerMiddleware(app, reader), post(body)).status == 200
    assert app.environ[KEY].subject == "alice"
    assert app.body == body


def test_a_form_of_just_the_limit_is_read(reader: Guard, token: str) -> None:
    body = (b"access_token=" + token.encode() + b"&pad=").ljust(LIMIT, b"x")
    app = Reader()
    assert call(BearerMiddleware(app, reader), post(body)).status == 200
    assert app.body == body


def test_a_longer_form_holds_no_token_and_is_not_read_on(reader: Guard, token: str) -> None:
    body = (b"access_token=" + token.encode() + b"&pad=").ljust(LIMIT * 50, b"x")
    given = post(body)
    stream = given["wsgi.input"]
    assert call(BearerMiddleware(App(), reader), given).status == 401
    assert stream.tell() == LIMIT + 1


LINES = b"first line\n" * 200 + b"\n" + b"x" * 3000 + b"\nlast, without an end"
WAYS: dict[str, Callable[[Any], bytes]] = {
    "read()": methodcaller("read"),
    "read(-1)": lambda stream: stream.read(-1),
    "read(100)": lambda stream: b"".join(iter(lambda: stream.read(100), b"")),
    "read(LIMIT)": lambda stream: b"".join(iter(lambda: stream.read(LIMIT), b"")),
    "read(LIMIT + 1)": lambda stream: b"".join(iter(lambda: stream.read(LIMIT + 1), b"")),
    "read(huge)": lambda stream: b"".join(iter(lambda: stream.read(10**6), b"")),
    "read(0) first": lambda stream: stream.read(0) + stream.read(),
    "readline()": lambda stream: b"".join(iter(stream.readline, b"")),
    "readline(7)": lambda stream: b"".join(iter(lambda: stream.readline(7), b"")),
    "readline(5000)": lambda stream: b"".join(iter(lambda: stream.readline(5000), b"")),
    "readline(0) first": lambda stream: stream.readline(0) + stream.read(),
    "readlines()": lambda stream: b"".join(stream.readlines()),
    "readlines(hint)": lambda stream: b"".join(stream.readlines(10**6)),
    "iteration": b"".join,
    "a line, then the rest": lambda stream: stream.readline() + stream.read(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("body", [LINES, b"x" * (LIMIT + 1), b"\n" * (LIMIT * 2)])
def test_a_longer_form_reaches_the_application_whole_however_it_reads(
    reader: Guard, bearer: dict[str, str], way: str, body: bytes
) -> None:
    app = Reader(WAYS[way])
    assert call(BearerMiddleware(app, reader), post(body, headers=bearer)).status == 200
    assert app.body == body


def test_lines_come_as_lines(reader: Guard, bearer: dict[str, str]) -> None:
    lines = LINES.splitlines(keepends=True)
    for read in (methodcaller("readlines"), list, lambda s: list(iter(s.readline, b""))):
        # Between two lines, what is in no line.
        app = Reader(lambda stream, read=read: b"|".join(read(stream)))  # type: ignore[misc]
        call(BearerMiddleware(app, reader), post(LINES, headers=bearer))
        assert app.body == b"|".join(lines)


@pytest.mark.parametrize("length", [100, LIMIT, LIMIT * 3])
@pytest.mark.parametrize("is_terminated", [True, False])
def test_a_stream_that_gives_less_than_it_is_asked_for_loses_nothing(
    reader: Guard, bearer: dict[str, str], length: int, is_terminated: bool
) -> None:
    body = b"x" * length
    more: dict[str, Any] = {"wsgi.input": Trickle(body, 64)}
    if is_terminated:
        more["wsgi.input_terminated"] = True
    app = Reader(lambda stream: b"".join(iter(lambda: stream.read(1000), b"")))
    assert call(BearerMiddleware(app, reader), post(body, headers=bearer, **more)).status == 200
    assert app.body == body


def test_a_token_that_comes_late_in_such_a_stream_is_seen(
    reader: Guard, bearer: dict[str, str], token: str
) -> None:
    """Else a second token would pass that the application reads."""
    body = b"pad=".ljust(200, b"x") + b"&access_token=" + token.encode()
    given = post(body, headers=bearer, **{"wsgi.input": Trickle(body, 64)})
    assert call(BearerMiddleware(App(), reader), given).status == 400


def test_a_body_that_ends_where_the_length_says_is_not_read_past_it(
    reader: Guard, token: str
) -> None:
    """The next request of the connection begins there."""
    body = b"access_token=" + token.encode()
    stream = BytesIO(body + b"GET / HTTP/1.1")
    app = Reader()
    given = post(body, **{"wsgi.input": stream})
    assert call(BearerMiddleware(app, reader), given).status == 200
    assert (app.body, stream.tell()) == (body, len(body))


@pytest.mark.parametrize("length", ["", "x", "-1", "1 2"])
def test_a_body_of_no_certain_length_is_not_read(reader: Guard, token: str, length: str) -> None:
    given = post(b"access_token=" + token.encode(), CONTENT_LENGTH=length)
    stream = given["wsgi.input"]
    assert call(BearerMiddleware(App(), reader), given).status == 401
    assert stream.tell() == 0


def test_a_chunked_body_is_read_where_the_server_ends_it(reader: Guard, token: str) -> None:
    body = b"access_token=" + token.encode()
    given = post(body, **{"wsgi.input_terminated": True})
    del given["CONTENT_LENGTH"]
    app = Reader()
    assert call(BearerMiddleware(app, reader), given).status == 200
    assert app.body == body


def test_two_methods_in_one_request_are_400(
    make_guard: MakeGuard, token: str, bearer: dict[str, str]
) -> None:
    both = make_guard(form_parameter=True, query_parameter=True)
    it = f"access_token={token}"
    for in_header, in_query, in_form, status in (
        (True, "", "", 200),
        (False, it, "", 200),
        (False, "", it, 200),
        (False, "", "", 401),
        (True, it, "", 400),
        (True, "", it, 400),
        (False, it, it, 400),
        (True, it, it, 400),
        (False, f"{it}&{it}", "", 400),
        (False, "", f"{it}&{it}", 400),
        (False, "access_token=", "", 400),
        (True, "access_token=", "", 400),
    ):
        headers = bearer if in_header else {}
        given = post(in_form.encode(), headers=headers, QUERY_STRING=in_query)
        answer = call(BearerMiddleware(App(), both), given)
        assert answer.status == status, (in_header, in_query, in_form)


def test_parameters_are_not_looked_at_unless_the_settings_say_so(
    make_guard: MakeGuard, reader: Guard, token: str, bearer: dict[str, str]
) -> None:
    it = f"access_token={token}"
    for judge, query, form in (
        (make_guard(), it, it),
        (reader, it, ""),
        (make_guard(query_parameter=True), "", it),
    ):
        for headers, status in (({}, 401), (bearer, 200)):
            given = post(form.encode(), headers=headers, QUERY_STRING=query)
            assert call(BearerMiddleware(App(), judge), given).status == status


@pytest.mark.parametrize(
    ("method", "content_type"),
    [
        ("POST", None),
        ("POST", "multipart/form-data; boundary=x"),
        ("POST", "application/json"),
        ("GET", FORM),
        ("HEAD", FORM),
        ("DELETE", FORM),
        ("OPTIONS", FORM),
        ("TRACE", FORM),
    ],
)
def test_what_is_no_form_is_not_read(reader: Guard, method: str, content_type: str | None) -> None:
    given = post(b"x", content_type, method, **{"wsgi.input": Unread()})
    assert call(BearerMiddleware(App(), reader), given).status == 401


def test_stacked_middlewares_both_read_the_form(
    reader: Guard, make_guard: MakeGuard, token: str
) -> None:
    app = Reader()
    stack = BearerMiddleware(BearerMiddleware(app, reader), make_guard(form_parameter=True))
    body = b"access_token=" + token.encode()
    assert call(stack, post(body)).status == 200
    assert app.body == body


def test_a_client_that_leaves_in_the_middle_is_no_crash(reader: Guard) -> None:
    """Less came than Content-Length said: there is no form, hence no token in it."""
    given = post(b"a=b", CONTENT_LENGTH="100")
    assert call(BearerMiddleware(App(), reader), given).status == 401
