"""WSGI: a response that is still streaming when its token expires (``end_streams_at_expiry``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from adapters.wsgi_wire import Answer, Environ, call, call_strictly, environ
from bearer_guard import Guard, Introspection, Issuer
from bearer_guard.testing import AuthorizationServer, HandClock
from bearer_guard.wsgi import BearerMiddleware, access_token

PLAIN = [("Content-Type", "text/plain")]


class World:
    """A guard by a clock that applications turn while they stream."""

    def __init__(self, **options: Any) -> None:
        self.clock = HandClock()
        self.server = AuthorizationServer(
            issuer="https://login.example.com/", clock=self.clock.time
        )
        introspection = Introspection(**self.server.introspection_settings())  # type: ignore[arg-type]
        self.guard = Guard(
            audience=self.server.audience,
            issuers=[Issuer(self.server.issuer, introspection=introspection)],
            http_client=self.server.http_client(),
            clock=self.clock,
            **{"end_streams_at_expiry": True, "public": ["/health"], **options},
        )

    def given(self, **more: Any) -> Environ:
        """A request whose token lives for a minute, and for another one by leeway."""
        headers = {"authorization": f"Bearer {self.server.jwt(expires_in=60)}"}
        return environ(headers=headers, **more)

    def expire(self) -> None:
        self.clock.turn(120)


@pytest.fixture
def world() -> World:
    return World()


class Body:
    """A body that knows what was taken of it, and whether it was closed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def close(self) -> None:
        self.closed += 1


def answering(body: Any, headers: Any = (), status: str = "200 OK") -> Any:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response(status, [*PLAIN, *headers] if status[0] == "2" else [*headers])
        return body

    return app


def expiring(world: World) -> Iterator[bytes]:
    yield b"one"
    yield b"two"
    world.expire()
    yield b"three"
    yield b"four"


def test_a_stream_ends_with_the_first_chunk_after_expiry(world: World) -> None:
    """``three`` was waited for when the token expired: nobody could interrupt that."""
    body = Body(expiring(world))
    answer = call_strictly(BearerMiddleware(answering(body), world.guard), world.given())
    assert answer.chunks == [b"one", b"two", b"three"]
    assert body.closed == 1


def test_leeway_is_granted_to_streams_too(world: World) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        world.clock.turn(119)
        yield b"two"
        yield b"three"

    answer = call(BearerMiddleware(answering(chunks()), world.guard), world.given())
    assert answer.body == b"onetwothree"


def test_nothing_is_ended_unless_the_settings_say_so() -> None:
    world = World(end_streams_at_expiry=False)
    app = BearerMiddleware(answering(expiring(world)), world.guard)
    assert call(app, world.given()).body == b"onetwothreefour"


def test_a_public_stream_and_one_whose_token_names_no_expiry_go_on(world: World) -> None:
    token = world.server.opaque(claims={"exp": world.server.ABSENT})
    endless = environ(headers={"authorization": f"Bearer {token}"})
    for given in (environ("/health"), endless):
        app = BearerMiddleware(answering(expiring(world)), world.guard)
        assert call(app, given).body == b"onetwothreefour"


@pytest.mark.parametrize("make", [list, tuple], ids=["list", "tuple"])
def test_what_is_there_as_a_whole_passes_as_it_is(world: World, make: Callable[..., Any]) -> None:
    """Servers tell its length by it."""
    body = make([b"one", b"two"])
    given = BearerMiddleware(answering(body), world.guard)(world.given(), Answer().start_response)
    assert given is body


def test_an_answer_in_one_chunk_is_left_alone_however_late_it_comes(world: World) -> None:
    def chunks() -> Iterator[bytes]:
        world.expire()
        yield b"one"

    answer = call(BearerMiddleware(answering(chunks()), world.guard), world.given())
    assert answer.body == b"one"


@pytest.mark.parametrize("writes", [False, True])
def test_nor_is_one_whose_application_took_too_long(world: World, writes: bool) -> None:
    def late(_environ: Environ, start_response: Any) -> Any:
        world.expire()
        write = start_response("200 OK", PLAIN)
        if not writes:
            return iter((b"one",))
        write(b"one")
        return iter(())

    assert call(BearerMiddleware(late, world.guard), world.given()).body == b"one"


def test_half_an_answer_is_broken_off_and_never_passed_off_as_whole(world: World) -> None:
    length = [("content-length", "100")]
    app = BearerMiddleware(answering(Body(expiring(world)), length), world.guard)
    answer = Answer()
    body = app(world.given(), answer.start_response)
    with pytest.raises(OSError, match="the access token expired and the response was ended"):
        answer.chunks.extend(body)
    assert answer.chunks == [b"one", b"two", b"three"]
    assert answer.headers["content-length"] == "100"


@pytest.mark.parametrize(
    ("method", "status", "length"),
    [("GET", "200 OK", "11"), ("HEAD", "200 OK", "100"), ("GET", "304 Not Modified", "100")],
)
def test_an_answer_that_misses_nothing_just_ends(
    world: World, method: str, status: str, length: str
) -> None:
    app = BearerMiddleware(
        answering(expiring(world), [("Content-Length", length)], status), world.guard
    )
    answer = call(app, world.given(method=method))
    assert answer.chunks == [b"one", b"two", b"three"]


def test_a_file_is_a_stream_like_any_other(world: World) -> None:
    wrapper = FileWrapper(BytesIO(b"abcdef"), 2)
    body = BearerMiddleware(answering(wrapper), world.guard)(world.given(), Answer().start_response)
    chunks = iter(body)
    assert next(chunks) == b"ab"
    world.expire()
    assert list(chunks) == []
    body.close()  # type: ignore[attr-defined]


def test_whoever_writes_after_expiry_is_stopped(world: World) -> None:
    """PEP 3333 keeps ``write`` for applications of old; its answer cannot be ended properly."""

    def app(environ: Environ, start_response: Any) -> Any:
        write = start_response("200 OK", PLAIN)
        write(b"one")
        write(b"two")
        world.expire()
        write(b"three")

    answer = Answer()
    with pytest.raises(OSError, match="the access token expired"):
        BearerMiddleware(app, world.guard)(world.given(), answer.start_response)
    assert answer.chunks == [b"one", b"two"]


def test_a_generator_that_refuses_before_its_first_chunk_is_answered_for(world: World) -> None:
    def app(environ: Environ, start_response: Any) -> Iterator[bytes]:
        access_token(environ).require_scopes("admin")
        start_response("200 OK", PLAIN)
        yield b"secret"

    assert call(BearerMiddleware(app, world.guard), world.given()).status == 403


def test_an_error_of_the_application_replaces_its_answer_as_ever(world: World) -> None:
    def app(environ: Environ, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "5")])
        error = LookupError()
        start_response("500 Oops", PLAIN, (type(error), error, None))
        return iter([b"sorry"])

    answer = call(BearerMiddleware(app, world.guard), world.given())
    assert (answer.status, answer.body) == (500, b"sorry")
