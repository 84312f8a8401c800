"""Responses of Flask that still stream when their token expires (``end_streams_at_expiry``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, stream_with_context
from flask_stage import guarded
from starlette_world import CLOCK, HeadersOf, MakeGuard
from werkzeug.test import Client

from bearer_guard.flask import current_token
from bearer_guard.testing import HandClock
from bearer_guard.wsgi import BearerMiddleware

SETTINGS = {"end_streams_at_expiry": True, "public": ["/health"]}


class Stage:
    """Flask and the plain middleware, with a body in whose middle the token expires."""

    def __init__(self, make_guard: MakeGuard, **options: Any) -> None:
        self.clock = HandClock(CLOCK.time())
        guard = make_guard(issuer={"leeway": 0}, clock=self.clock, **{**SETTINGS, **options})
        self.closed = 0
        self.app = guarded(guard)
        self.app.add_url_rule("/", view_func=lambda: stream_with_context(self.lines()))
        self.app.add_url_rule("/health", "health", self.lines)
        self.app.add_url_rule("/whole", "whole", lambda: (self.lines(), {"content-length": "8"}))
        self.plain = BearerMiddleware(self.answer, guard)

    def lines(self) -> Iterator[str]:
        try:
            yield "one\n"
            self.clock.turn(1000)
            yield "two\n"
        finally:
            self.closed += 1

    def answer(self, environ: Any, start_response: Any) -> Iterator[bytes]:
        more = [("Content-Length", "8")] if environ["PATH_INFO"] == "/whole" else []
        start_response("200 OK", more)
        return (line.encode() for line in self.lines())

    @property
    def both(self) -> tuple[Flask, Any]:
        return self.app, self.plain


def chunks_of(app: Any, path: str, headers: Any) -> list[bytes]:
    with Client(app).get(path, headers=headers, buffered=False) as answer:
        return [*answer.iter_encoded()]


@pytest.fixture
def short(bearer: HeadersOf) -> HeadersOf:
    return lambda: bearer(expires_in=500)


def test_a_stream_ends_with_its_token_as_in_the_plain_middleware(
    make_guard: MakeGuard, short: HeadersOf
) -> None:
    for index in (0, 1):
        stage = Stage(make_guard)
        # What is under way when the token expires still goes out.
        assert chunks_of(stage.both[index], "/", short()) == [b"one\n", b"two\n"]
        stage = Stage(make_guard)
        with Client(stage.both[index]).get("/", headers=short(), buffered=False) as answer:
            chunks = answer.iter_encoded()
            assert next(chunks) == b"one\n"
            stage.clock.turn(1000)
            assert [*chunks] == []
        assert stage.closed == 1


def test_one_that_promised_more_is_broken_off(make_guard: MakeGuard, short: HeadersOf) -> None:
    for index in (0, 1):
        stage = Stage(make_guard)
        with Client(stage.both[index]).get("/whole", headers=short(), buffered=False) as answer:
            chunks = answer.iter_encoded()
            next(chunks)
            stage.clock.turn(1000)
            with pytest.raises(OSError, match="the access token expired"):
                next(chunks)


def test_public_streams_go_on(make_guard: MakeGuard) -> None:
    stage = Stage(make_guard)
    assert chunks_of(stage.app, "/health", {}) == [b"one\n", b"two\n"]


def test_so_do_all_unless_the_settings_say_so(make_guard: MakeGuard, short: HeadersOf) -> None:
    stage = Stage(make_guard, end_streams_at_expiry=False)
    with Client(stage.app).get("/", headers=short(), buffered=False) as answer:
        chunks = answer.iter_encoded()
        next(chunks)
        stage.clock.turn(1000)
        assert [*chunks] == [b"two\n"]


def test_an_answer_in_one_piece_is_as_ever(make_guard: MakeGuard, short: HeadersOf) -> None:
    stage = Stage(make_guard)

    @stage.app.get("/piece")
    def piece() -> Any:
        return f"for {current_token.subject}"

    assert stage.app.test_client().get("/piece", headers=short()).text == "for user-1"
    assert stage.app.test_client().get("/piece").status_code == 401
