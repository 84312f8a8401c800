"""A response that still streams when its token expires, and the setting that ends it."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django_world import ASGI, WSGI, project, urls

from bearer_guard.testing import ABSENT, AuthorizationServer, HandClock

TOLD: list[str] = []
"""What the views tell, since a test began."""


class World:
    """A project that ends streams, a clock, and a token that lives for ten seconds."""

    def __init__(self, server: AuthorizationServer, clock: HandClock, http: Any) -> None:
        self.server, self.clock = server, clock
        self.options = {
            "audience": server.audience,
            "issuers": [{"issuer": server.issuer, "leeway": 0}],
            "end_streams_at_expiry": True,
            "public": ["/public"],
            "http_client": http,
            "clock": clock,
        }

    def bearer(self, **grant: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.server.jwt(**{'expires_in': 10, **grant})}"}


@pytest.fixture
def world() -> Iterator[World]:
    TOLD.clear()
    clock = HandClock()
    server = AuthorizationServer(issuer="https://login.example.com/", clock=clock.time)
    with server.http_client() as http:
        yield World(server, clock, http)


def ticking(world: World, turns: tuple[float, ...], **more: Any) -> Callable[..., Any]:
    """A view that streams, sync under WSGI and async under ASGI, while the clock is turned."""

    def lines() -> Iterator[bytes]:
        try:
            for seconds in turns:
                yield b"tick\n"
                world.clock.turn(seconds)
        finally:
            TOLD.append("closed")

    async def lines_async() -> AsyncIterator[bytes]:
        for line in lines():
            yield line

    def view(request: HttpRequest) -> StreamingHttpResponse:
        chunks = lines_async() if hasattr(request, "scope") else lines()
        return StreamingHttpResponse(chunks, **more)

    return view


WAYS = pytest.mark.parametrize("way", [WSGI, ASGI], ids=["wsgi", "asgi"])


@WAYS
def test_it_ends_after_the_first_chunk_that_came_too_late(world: World, way: Any) -> None:
    with project(world.options, urls(orders=ticking(world, (4, 4, 4, 4, 4)))):
        answer = way(headers=world.bearer())
    assert (answer.status, answer.body) == (200, b"tick\n" * 4)


@WAYS
def test_it_goes_on_where_the_setting_does_not_ask(world: World, way: Any) -> None:
    options = {**world.options, "end_streams_at_expiry": False}
    with project(options, urls(orders=ticking(world, (4,) * 5))):
        assert way(headers=world.bearer()).body == b"tick\n" * 5


@WAYS
def test_it_comes_whole_when_the_token_lives_as_long(world: World, way: Any) -> None:
    with project(world.options, urls(orders=ticking(world, (2, 2)))):
        assert way(headers=world.bearer()).body == b"tick\n" * 2


@WAYS
def test_on_a_public_path_there_is_no_token_to_end_it(world: World, way: Any) -> None:
    with project(world.options, urls(public=ticking(world, (4,) * 5))):
        assert way("/public").body == b"tick\n" * 5


@WAYS
def test_a_token_that_names_no_expiry_ends_nothing(world: World, way: Any) -> None:
    introspection = world.server.introspection_settings()
    issuer = {"issuer": world.server.issuer, "introspection": introspection}
    token = world.server.opaque(claims={"exp": ABSENT})
    with project({**world.options, "issuers": [issuer]}, urls(orders=ticking(world, (4,) * 5))):
        answer = way(headers={"authorization": f"Bearer {token}"})
    assert answer.body == b"tick\n" * 5


def breaks_off(kind: type[Exception], message: str, ask: Callable[[], Any]) -> None:
    """Django leaves the request's body open when an answer breaks off."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        _raised_by(ask, kind, message)
        gc.collect()


def _raised_by(ask: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        ask()


@WAYS
@pytest.mark.parametrize(("length", "method"), [("25", "GET"), ("10", "HEAD")])
def test_an_answer_that_promised_more_is_broken_off(
    world: World, way: Any, length: str, method: str
) -> None:
    view = ticking(world, (20,) * 5, headers={"Content-Length": length})
    with project(world.options, urls(orders=view)):
        if method == "GET":
            headers = world.bearer()
            breaks_off(OSError, "the access token expired", lambda: way(headers=headers))
        else:
            # To HEAD nothing was promised.
            assert way(headers=world.bearer(), method=method).body == b"tick\n" * 2


@WAYS
def test_an_answer_that_has_kept_its_promise_ends_well(world: World, way: Any) -> None:
    view = ticking(world, (10,) * 5, headers={"Content-Length": "10"})
    with project(world.options, urls(orders=view)):
        assert way(headers=world.bearer()).body == b"tick\ntick\n"


def test_a_file_comes_whole_and_is_closed(world: World) -> None:
    class File(BytesIO):
        def close(self) -> None:
            TOLD.append("closed")
            super().close()

    def view(request: HttpRequest) -> FileResponse:
        return FileResponse(File(b"tea"), content_type="text/plain")

    class Wrapper:
        def __init__(self, *_: Any) -> None:
            raise AssertionError("the file would go past the guard")

    with project(world.options, urls(orders=view)):
        answer = WSGI(headers=world.bearer(), **{"wsgi.file_wrapper": Wrapper})
    assert (answer.body, TOLD) == (b"tea", ["closed"])


@WAYS
def test_an_answer_in_one_piece_is_left_alone(world: World, way: Any) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        world.clock.turn(20)
        return HttpResponse(b"late")

    with project(world.options, urls(orders=view)):
        assert way(headers=world.bearer()).body == b"late"


async def waiting_forever() -> AsyncIterator[bytes]:
    yield b"tick\n"
    try:
        await asyncio.Event().wait()
    finally:
        TOLD.append("cancelled")


def test_under_asgi_a_chunk_that_does_not_come_is_not_waited_for(world: World) -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        world.clock.turn(9.99)
        return StreamingHttpResponse(waiting_forever())

    with project(world.options, urls(orders=view)):
        answer = ASGI(headers=world.bearer())
    assert (answer.body, TOLD) == (b"tick\n", ["cancelled"])


def test_a_timeout_of_the_streams_own_is_its_own_affair(world: World) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"tick\n"
        raise TimeoutError("of a database")

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(failing())

    headers = world.bearer()
    with project(world.options, urls(orders=view)):
        breaks_off(TimeoutError, "of a database", lambda: ASGI(headers=headers))
