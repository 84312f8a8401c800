"""Bodies: forms that carry the token, uploads that are refused unread, answers that stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.request import UnreadablePostError
from django_world import ASGI, BEARER, WSGI, HeadersOf, Options, Way, project, urls

from adapters import asgi_wire
from bearer_guard import InsufficientScope
from bearer_guard.asgi import BearerMiddleware as AsgiMiddleware
from bearer_guard.django import conf
from bearer_guard.testing import AuthorizationServer

FORM = {"content-type": "application/x-www-form-urlencoded"}


def reads(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.POST.get('a')} {len(request.body)}")


@pytest.fixture
def form(server: AuthorizationServer) -> bytes:
    return f"a=1&access_token={server.jwt()}".encode()


def test_a_form_may_carry_the_token_where_the_setting_says_so(
    options: Options, way: Way, form: bytes
) -> None:
    with project(options(form_parameter=True), urls(orders=reads)):
        answer = way(headers=FORM, method="POST", body=form)
        assert (answer.status, answer.body) == (200, f"1 {len(form)}".encode())
        assert way(headers=FORM, method="POST", body=b"a=1").status == 401
        twice = form + form[3:]
        assert way(headers=FORM, method="POST", body=twice).status == 400
    with project(options(), urls(orders=reads)):
        assert way(headers=FORM, method="POST", body=form).status == 401


def test_a_form_and_a_header_are_two_tokens(
    options: Options, way: Way, form: bytes, bearer: HeadersOf
) -> None:
    with project(options(form_parameter=True), urls(orders=reads)):
        assert way(headers={**FORM, **bearer()}, method="POST", body=form).status == 400
        assert way(headers={**FORM, **bearer()}, method="POST", body=b"a=2").body == b"2 3"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", FORM),
        ("DELETE", FORM),
        ("POST", {"content-type": "text/plain"}),
        ("POST", {"content-type": "multipart/form-data; boundary=x"}),
        ("POST", {}),
    ],
)
def test_only_a_urlencoded_form_is_read(
    options: Options, way: Way, form: bytes, method: str, headers: Any
) -> None:
    with project(options(form_parameter=True), urls(orders=reads)):
        assert way(headers=headers, method=method, body=form).status == 401


class Unread(BytesIO):
    """A body that nobody may read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("it was read")

    readline = readlines = __next__ = read  # type: ignore[assignment]


LONG = {"DATA_UPLOAD_MAX_MEMORY_SIZE": None}


@pytest.mark.parametrize(
    ("announced", "limit", "django"),
    [
        ("1001", 1000, None),
        ("1001", 65_536, 1000),
        ("99999999999999999999", 65_536, 1000),
        ("9" * 5000, 65_536, None),
        ("-1", 65_536, 1000),
        ("", 65_536, 1000),
        ("many", 65_536, 1000),
    ],
)
def test_a_form_whose_length_is_too_long_or_unknown_is_not_read(
    options: Options, announced: str, limit: int, django: int | None
) -> None:
    more = {"DATA_UPLOAD_MAX_MEMORY_SIZE": django}
    with project(options(form_parameter=True, max_form_size=limit), urls(orders=reads), **more):
        given = {"CONTENT_LENGTH": announced, "wsgi.input": Unread()}
        assert WSGI(headers=FORM, method="POST", **given).status == 401


def test_as_long_as_the_limit_is_not_too_long(options: Options, way: Way, form: bytes) -> None:
    for limit, status in ((len(form), 200), (len(form) - 1, 401)):
        given = options(form_parameter=True, max_form_size=limit)
        with project(given, urls(orders=reads)):
            assert way(headers=FORM, method="POST", body=form).status == status
        more = {"DATA_UPLOAD_MAX_MEMORY_SIZE": limit}
        with project(options(form_parameter=True), urls(orders=reads), **more):
            assert way(headers=FORM, method="POST", body=form).status == status


def test_a_form_without_a_length_is_not_read(options: Options, form: bytes) -> None:
    """Chunked, as it may come under ASGI: Django itself does not bound it."""
    with project(options(form_parameter=True), urls(orders=reads)):
        scope = asgi_wire.http_scope("/orders", method="POST", headers=FORM)
        wire = asyncio.run(
            asgi_wire.call(ASGIHandler(), scope, *asgi_wire.body_messages(form[:9], form[9:]))
        )
        assert wire.status == 401


def test_a_form_longer_than_its_length_is_none(options: Options, form: bytes) -> None:
    """Servers see to it that there is none; Django's newest versions look again."""
    for length, more in (("5", {}), ("5", {"DATA_UPLOAD_MAX_MEMORY_SIZE": 10})):
        with project(options(form_parameter=True), urls(orders=reads), **more):
            pairs = [*FORM.items(), ("content-length", length)]
            scope = asgi_wire.http_scope("/orders", method="POST", headers=pairs)
            wire = asyncio.run(asgi_wire.call(ASGIHandler(), scope, *asgi_wire.body_messages(form)))
            assert wire.status == 401


def test_a_form_shorter_than_its_length_is_none(options: Options, form: bytes) -> None:
    with project(options(form_parameter=True), urls(orders=reads)):
        given = {"CONTENT_LENGTH": str(len(form) + 1), "wsgi.input": BytesIO(form)}
        assert WSGI(headers=FORM, method="POST", **given).status == 401


class Broken(BytesIO):
    """A client that leaves."""

    def read(self, *_: Any) -> bytes:
        raise OSError("gone")


def test_a_form_that_breaks_off_is_none(options: Options, form: bytes) -> None:
    with project(options(form_parameter=True), urls(orders=reads)):
        given = {"CONTENT_LENGTH": str(len(form)), "wsgi.input": Broken()}
        assert WSGI(headers=FORM, method="POST", **given).status == 401
    assert issubclass(UnreadablePostError, OSError)


class ReadsAll:
    """A middleware that reads the body as a stream, before anybody else."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        request.read()
        return self.get_response(request)


class ReadsTheForm(ReadsAll):
    """A middleware that reads the form in Django's way."""

    def __call__(self, request: HttpRequest) -> Any:
        assert request.POST
        return self.get_response(request)


def test_a_form_that_somebody_has_read_before_is_none_unless_django_keeps_it(
    options: Options, way: Way, form: bytes
) -> None:
    for reader, status in (("ReadsAll", 401), ("ReadsTheForm", 200)):
        middleware = [f"{__name__}.{reader}", BEARER]
        with project(options(form_parameter=True), urls(orders=reads), middleware):
            assert way(headers=FORM, method="POST", body=form).status == status


def test_under_wsgi_a_large_upload_is_refused_before_it_is_read(
    options: Options, bearer: HeadersOf
) -> None:
    for more in ({}, {"form_parameter": True}):
        with project(options(**more), urls(orders=reads)):
            given = {"CONTENT_LENGTH": str(2**33), "wsgi.input": Unread()}
            for headers in ({}, bearer(expires_in=-1000), FORM):
                assert WSGI(headers=headers, method="POST", **given).status == 401


def test_under_asgi_it_takes_the_plain_middleware_around(options: Options) -> None:
    """Django reads a body to its end before it makes a request of it."""

    def upload(app: Any) -> tuple[int, int]:
        scope = asgi_wire.http_scope("/orders", method="POST")
        wire = asgi_wire.Wire(*asgi_wire.body_messages(b"a" * 10, b"b" * 10, b"c" * 10))
        asyncio.run(app(scope, wire.receive, wire.send))
        return wire.status, len(wire.incoming)

    with project(options(), urls(orders=reads)):
        assert upload(AsgiMiddleware(ASGIHandler(), conf.guard())) == (401, 3)
        assert upload(ASGIHandler()) == (401, 0)


def lines() -> Iterator[str]:
    yield "tea\n"
    yield "coffee\n"


async def lines_async() -> AsyncIterator[str]:
    for line in lines():
        yield line


def test_an_answer_streams_through(options: Options, bearer: HeadersOf) -> None:
    def stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(lines() if "wsgi.input" in request.META else lines_async())

    with project(options(), urls(orders=stream)):
        assert WSGI(headers=bearer()).body == b"tea\ncoffee\n"
        assert ASGI(headers=bearer()).body == b"tea\ncoffee\n"


def test_a_stream_that_has_begun_can_only_break_off(options: Options, bearer: HeadersOf) -> None:
    def refusing() -> Iterator[str]:
        yield "tea\n"
        raise InsufficientScope(("orders:read",))

    def stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(refusing())

    with project(options(), urls(orders=stream)), pytest.raises(InsufficientScope):
        WSGI(headers=bearer())
