"""Answers that stream, refuse late and are closed: as without the middleware."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from adapters.wsgi_wire import Answer, Environ, call, call_strictly, environ
from bearer_guard import Guard, InsufficientScope
from bearer_guard.wsgi import BearerMiddleware, access_token

PLAIN = [("Content-Type", "text/plain")]


@pytest.fixture
def given(bearer: dict[str, str]) -> Environ:
    return environ(headers=bearer)


class Body:
    """A lazy body that knows how often it was begun, read and closed."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks = list(chunks)
        self.error = error
        self.begun = self.read = self.closed = 0

    def __iter__(self) -> Body:
        self.begun += 1
        return self

    def __next__(self) -> bytes:
        if not self.chunks:
            if self.error is not None:
                raise self.error
            raise StopIteration
        self.read += 1
        return self.chunks.pop(0)

    def close(self) -> None:
        self.closed += 1


def answering(body: Any) -> Any:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", PLAIN)
        return body

    return app


@pytest.mark.parametrize(
    "make",
    [lambda: [b"a", b"b"], lambda: (b"a",), lambda: FileWrapper(BytesIO(b"ab")), lambda: Body(b"a")],
    ids=["list", "tuple", "file wrapper", "iterator"],
)  # fmt: skip
def test_a_body_is_handed_on_as_it_is(guard: Guard, given: Environ, make: Any) -> None:
    """Servers look at its type: ``len`` for Content-Length, the file wrapper for sendfile."""
    body = make()
    assert BearerMiddleware(answering(body), guard)(given, Answer().start_response) is body


def test_a_stream_is_read_chunk_by_chunk_and_closed_once(guard: Guard, given: Environ) -> None:
    body = Body(b"a", b"b", b"c")
    answer = Answer()
    chunks = iter(BearerMiddleware(answering(body), guard)(given, answer.start_response))
    assert (next(chunks), body.read) == (b"a", 1)
    assert (next(chunks), body.read) == (b"b", 2)
    chunks.close()  # type: ignore[attr-defined]
    assert (body.read, body.closed) == (2, 1)


def test_a_generator_runs_only_when_it_is_read(guard: Guard, given: Environ) -> None:
    steps: list[str] = []

    def app(environ: Environ, start_response: Any) -> Iterator[bytes]:
        steps.append("begun")
        start_response("200 OK", PLAIN)
        try:
            yield b"a"
            steps.append("resumed")
            yield b"b"
        finally:
            steps.append("ended")

    answer = Answer()
    body = BearerMiddleware(app, guard)(given, answer.start_response)
    assert (steps, answer.started) == ([], [])
    chunks = iter(body)
    assert (next(chunks), steps, answer.status) == (b"a", ["begun"], 200)
    body.close()  # type: ignore[attr-defined]
    assert steps == ["begun", "ended"]


def test_a_generator_that_refuses_before_it_answers_is_answered_for(
    guard: Guard, given: Environ
) -> None:
    closed: list[bool] = []

    def app(environ: Environ, start_response: Any) -> Iterator[bytes]:
        try:
            access_token(environ).require_scopes("admin")
            start_response("200 OK", PLAIN)
            yield b"secret"
        finally:
            closed.append(True)

    answer = call_strictly(BearerMiddleware(app, guard), given)
    assert answer.started[0][0] == "403 Forbidden"
    assert answer.headers["www-authenticate"].endswith('scope="admin"')
    assert answer.problem["error"] == "insufficient_scope"
    assert closed == [True]


def test_such_a_generator_refuses_head_without_a_body(guard: Guard, given: Environ) -> None:
    def app(environ: Environ, start_response: Any) -> Iterator[bytes]:
        access_token(environ).require_scopes("admin")
        yield b""

    answer = call(BearerMiddleware(app, guard), {**given, "REQUEST_METHOD": "HEAD"})
    assert (answer.status, answer.body) == (403, b"")


def test_an_iterator_is_closed_once_even_when_it_refused(guard: Guard, given: Environ) -> None:
    body = Body(error=InsufficientScope(("admin",)))
    answer = call(BearerMiddleware(lambda *_: body, guard), given)
    assert (answer.status, body.closed) == (403, 1)


def test_an_iterator_without_close_needs_none(guard: Guard, given: Environ) -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        return map(start, [start_response])

    def start(start_response: Any) -> bytes:
        start_response("200 OK", PLAIN)
        return b"ok"

    answer = call(BearerMiddleware(app, guard), given)
    assert (answer.status, answer.body) == (200, b"ok")


class AppClass:
    """The second example of PEP 3333: the class is the application, its instance the body."""

    refuses = False

    def __init__(self, environ: Environ, start_response: Any) -> None:
        self.environ = environ
        self.start = start_response

    def __iter__(self) -> Iterator[bytes]:
        if self.refuses:
            access_token(self.environ).require_scopes("admin")
        self.start("200 OK", PLAIN)
        yield b"ok"


class RefusingAppClass(AppClass):
    refuses = True


class EagerAppClass(AppClass):
    """The same, where ``__iter__`` is no generator: it answers as soon as it is called."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(list(super().__iter__()))


class RefusingEagerAppClass(EagerAppClass):
    refuses = True


@pytest.mark.parametrize("app", [AppClass, EagerAppClass])
def test_a_body_that_answers_when_it_is_iterated_is_iterated_once(
    guard: Guard, given: Environ, app: Any
) -> None:
    answer = call(BearerMiddleware(app, guard), given)
    assert (answer.status, answer.body) == (200, b"ok")
    assert len(answer.started) == 1


@pytest.mark.parametrize("app", [RefusingAppClass, RefusingEagerAppClass])
def test_a_body_that_refuses_when_it_is_iterated_is_answered_for(
    guard: Guard, given: Environ, app: Any
) -> None:
    answer = call(BearerMiddleware(app, guard), given)
    assert answer.status == 403
    assert answer.headers["www-authenticate"].endswith('scope="admin"')


def test_a_bearer_error_after_the_answer_began_is_raised_again(
    guard: Guard, given: Environ
) -> None:
    late = InsufficientScope(("late",))

    def at_once(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)
        raise late

    def streaming(environ: Environ, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"a"
        raise late

    for app in (at_once, streaming, answering(Body(b"a", error=late))):
        answer = Answer()
        with pytest.raises(InsufficientScope) as raised:
            list(BearerMiddleware(app, guard)(given, answer.start_response))
        assert raised.value is late
        assert [status for status, _ in answer.started] == ["200 OK"]


def test_any_other_error_of_the_application_is_its_own(guard: Guard, given: Environ) -> None:
    def at_once(environ: Environ, start_response: Any) -> list[bytes]:
        raise LookupError("mine")

    def lazily(environ: Environ, start_response: Any) -> Iterator[bytes]:
        raise LookupError("mine")
        yield b""

    for app in (at_once, lazily):
        answer = Answer()
        with pytest.raises(LookupError, match="mine"):
            list(BearerMiddleware(app, guard)(given, answer.start_response))
        assert answer.started == []


def test_the_write_callable_and_exc_info_are_the_servers(guard: Guard, given: Environ) -> None:
    error = (ValueError, ValueError("a"), None)
    seen: list[Any] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        seen.append((status, exc_info))
        return seen.append

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", PLAIN)
        start_response("500 Internal Server Error", PLAIN, error)(b"written")
        return []

    assert BearerMiddleware(app, guard)(given, start_response) == []
    assert seen == [("200 OK", None), ("500 Internal Server Error", error), b"written"]


def test_a_server_whose_start_response_takes_two_arguments_serves_too(
    guard: Guard, given: Environ
) -> None:
    def start_response(status: str, headers: Any) -> Any:
        assert status == "200 OK"

    assert BearerMiddleware(answering([b"ok"]), guard)(given, start_response) == [b"ok"]
