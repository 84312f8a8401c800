"""What a refused request hears from an aiohttp application, and who else hears of it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiohttp import web
from aiohttp_stage import application, ask, asked, exchanged, served, whose
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import BearerError, Guard, InsufficientScope
from bearer_guard.aiohttp import access_token, require_scopes, setup


@require_scopes("a")
async def guarded(request: web.Request) -> web.Response:
    return web.Response(text="let in")


async def asking(request: web.Request) -> web.Response:
    access_token(request).require_scopes("a")
    return web.Response(text="let in")


@pytest.mark.parametrize("handler", [guarded, asking])
@pytest.mark.anyio
async def test_each_refusal_is_logged_once(
    guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture, handler: Any
) -> None:
    caplog.set_level(logging.DEBUG, "bearer_guard")
    inner = application(guard, web.get("/", handler))
    outer = application(guard)
    outer.add_subapp("/api", inner)
    async with served(outer) as client:
        for headers in ({}, bearer("b"), bearer("a", expires_in=-1000)):
            await asked(client, "GET", "/api/", headers)
    logged = [record.reason for record in caplog.records if record.name == "bearer_guard"]
    assert logged == ["token_missing", "scope_insufficient", "expired"]
    assert [record for record in caplog.records if record.name == "aiohttp.server"] == []


def test_a_middleware_of_the_application_may_answer_in_its_own_words(
    guard: Guard, bearer: HeadersOf
) -> None:
    @web.middleware
    async def own(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except InsufficientScope as error:
            return web.json_response({"needed": error.scopes}, status=418)
        return answer

    app = application(guard, web.get("/", guarded), middlewares=[own])
    answered = ask(app, bearer("b"))
    assert (answered.status, answered.body) == (418, b'{"needed": ["a"]}')


def test_the_guard_comes_before_the_middlewares_that_are_there(
    guard: Guard, bearer: HeadersOf
) -> None:
    seen: list[str | None] = []

    @web.middleware
    async def note(request: web.Request, handler: Any) -> web.StreamResponse:
        seen.append(access_token(request).subject)
        answer: web.StreamResponse = await handler(request)
        return answer

    for headers in ({}, bearer(subject="alice")):
        ask(application(guard, web.get("/", whose), middlewares=[note]), headers)
    assert seen == ["alice"]


def test_one_may_be_put_before_it(guard: Guard) -> None:
    @web.middleware
    async def count(request: web.Request, handler: Any) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        answer.headers["X-Seen"] = str(answer.status)
        return answer

    app = application(guard, web.get("/", whose))
    app.middlewares.insert(0, count)
    assert ask(app, {})["x-seen"] == "401"


def test_other_errors_are_answered_as_ever(guard: Guard, bearer: HeadersOf) -> None:
    async def taken(request: web.Request) -> web.Response:
        raise web.HTTPConflict(text="taken")

    answered = ask(application(guard, web.get("/", taken)), bearer("a"))
    assert (answered.status, answered.body) == (409, b"taken")


def test_head_has_the_same_headers_and_no_body(guard: Guard, bearer: HeadersOf) -> None:
    for headers in ({}, bearer("b")):
        full, empty = (
            ask(application(guard, web.get("/", guarded)), headers, method=method)
            for method in ("GET", "HEAD")
        )
        assert (empty.status, empty.headers, empty.body) == (full.status, full.headers, b"")
        assert int(empty["content-length"]) == len(full.body)


@pytest.mark.anyio
async def test_on_the_wire_head_has_no_body_either(guard: Guard) -> None:
    async with served(application(guard, web.get("/", guarded))) as client:
        answer = await exchanged(client, "HEAD / HTTP/1.1\nHost: a\nConnection: close\n\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"401", b"")


@pytest.mark.anyio
async def test_a_large_upload_is_refused_before_it_is_read(guard: Guard) -> None:
    async def upload(request: web.Request) -> web.Response:
        raise AssertionError("it is not reached")

    async with served(application(guard, web.post("/", upload))) as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc")
        # Nothing more is sent, and the answer is there.
        assert (await reader.readuntil(b"\r\n\r\n")).split()[1] == b"401"
        writer.close()
        await writer.wait_closed()


@pytest.mark.anyio
async def test_a_refusal_that_comes_after_a_stream_began_breaks_it_off(
    guard: Guard, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    async def export(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"tea\n")
        access_token(request).require_scopes("a")
        await response.write(b"coffee\n")
        return response

    caplog.set_level(logging.DEBUG, "bearer_guard")
    async with served(application(guard, web.get("/", export))) as client:
        assert (await asked(client, "GET", "/", bearer("a"))).body == b"tea\ncoffee\n"
        sent = bearer("b")["authorization"]
        answer = await exchanged(client, f"GET / HTTP/1.1\nHost: a\nAuthorization: {sent}\n\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    # One chunk, and not the end of the stream.
    assert (head.split()[1], body) == (b"200", b"4\r\ntea\n\r\n")
    assert [record for record in caplog.records if record.name == "bearer_guard"] == []


@pytest.mark.anyio
async def test_one_that_comes_after_the_headers_is_no_second_answer(
    guard: Guard, bearer: HeadersOf
) -> None:
    async def prepares(request: web.Request) -> web.StreamResponse:
        await web.Response(text="tea").prepare(request)
        access_token(request).require_scopes("a")
        raise AssertionError("it is not reached")

    async with served(application(guard, web.get("/", prepares))) as client:
        sent = bearer("b")["authorization"]
        answer = await exchanged(client, f"GET / HTTP/1.1\nHost: a\nAuthorization: {sent}\n\n")
    # Newer versions of aiohttp hold headers back for a moment, and can say 500 instead.
    assert answer.count(b"HTTP/1.1") == 1
    assert b" 403 " not in answer


def test_the_session_goes_on_after_a_refusal(guard: Guard, bearer: HeadersOf) -> None:
    async def both() -> list[int]:
        async with served(application(guard, web.get("/", guarded))) as client:
            tries = ({}, bearer("a"), bearer("b"), bearer("a"))
            return [(await asked(client, "GET", "/", headers)).status for headers in tries]

    assert asyncio.run(both()) == [401, 200, 403, 200]


# Setting up and cleaning up


def test_it_comes_before_the_start_and_before_add_subapp(guard: Guard) -> None:
    inner, outer = web.Application(), web.Application()
    outer.add_subapp("/api", inner)
    with pytest.raises(RuntimeError, match=r"setup\(app, guard\) comes too late"):
        setup(inner, guard)


@pytest.mark.anyio
async def test_at_cleanup_the_guard_is_closed(make_guard: MakeGuard) -> None:
    guard = make_guard()
    closed: list[Guard] = []
    close = guard.close
    guard.close = lambda: (closed.append(guard), close())  # type: ignore[method-assign]
    async with served(application(guard, web.get("/", whose))) as client:
        assert (await asked(client, "GET", "/")).status == 401
        assert closed == []
    assert closed == [guard]


def test_one_guard_serves_several_applications(guard: Guard, bearer: HeadersOf) -> None:
    for _ in range(2):
        app = application(guard, web.get("/", whose))
        assert ask(app, bearer(subject="alice")).body == b"alice"


@pytest.mark.anyio
async def test_an_answer_of_a_middleware_before_it_is_its_own(guard: Guard) -> None:
    @web.middleware
    async def closed_today(request: web.Request, handler: Any) -> web.StreamResponse:
        return web.Response(status=503, text="closed today")

    app = application(guard, web.get("/", whose))
    app.middlewares.insert(0, closed_today)
    async with served(app) as client:
        assert (await asked(client, "GET", "/")).body == b"closed today"


@pytest.mark.parametrize("error", [BearerError("odd"), InsufficientScope(("a",))])
def test_whatever_bearer_error_a_handler_raises_becomes_an_answer(
    guard: Guard, bearer: HeadersOf, error: BearerError
) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise error

    assert ask(application(guard, web.get("/", handler)), bearer()).status in (401, 403)
