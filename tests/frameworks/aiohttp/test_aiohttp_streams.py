"""A response of aiohttp that is still streaming when its token expires."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp_stage import ProductionServer, application, asked, served
from starlette_world import CLOCK, HeadersOf, MakeGuard

from bearer_guard import Guard
from bearer_guard import aiohttp as guarding
from bearer_guard.testing import HandClock

pytestmark = pytest.mark.anyio
SHORT = 3.0
"""Seconds that a token lives on. The clock that says so stands still; the end does not."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock(CLOCK.time())


@pytest.fixture
def strict(make_guard: MakeGuard, clock: HandClock) -> Guard:
    return make_guard(issuer={"leeway": 0}, clock=clock, end_streams_at_expiry=True)


@pytest.fixture
def brief(bearer: HeadersOf, clock: HandClock) -> Callable[..., dict[str, str]]:
    """Headers with a token that is good for ``SHORT`` seconds."""
    return lambda left=SHORT: bearer(claims={"exp": clock.time() + left})


async def ticking(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"tick\n")
        await asyncio.sleep(0.01)


async def waiting(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"tick\n")
    await asyncio.Event().wait()
    return response


@pytest.mark.parametrize("handler", [ticking, waiting])
@pytest.mark.parametrize("twice", [False, True])
async def test_it_is_ended_and_looks_whole(
    strict: Guard, brief: Any, caplog: pytest.LogCaptureFixture, handler: Any, twice: bool
) -> None:
    app = application(strict, web.get("/", handler))
    if twice:
        outer = application(strict)
        outer.add_subapp("/api", app)
        app = outer
    path = "/api/" if twice else "/"
    async with served(app, ProductionServer) as client:
        answer = await asyncio.wait_for(asked(client, "GET", path, brief()), 5)
        assert answer.status == 200
        assert set(answer.body.splitlines()) == {b"tick"}
        # The connection serves on.
        assert (await asked(client, "GET", "/nowhere")).status == 401
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_what_promised_its_length_is_broken_off(strict: Guard, brief: Any) -> None:
    async def long(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"tick\n")
        await asyncio.Event().wait()
        return response

    async with served(application(strict, web.get("/", long)), ProductionServer) as client:
        with pytest.raises(ClientPayloadError):
            await asyncio.wait_for(asked(client, "GET", "/", brief()), 5)


async def test_a_stream_that_is_over_is_left_alone(strict: Guard, brief: Any) -> None:
    tidied = asyncio.Event()

    async def tidying(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write_eof(b"tick\n")
        await asyncio.sleep(SHORT * 1.5)
        tidied.set()
        return response

    async with served(application(strict, web.get("/", tidying)), ProductionServer) as client:
        assert (await asked(client, "GET", "/", brief())).body == b"tick\n"
        await asyncio.wait_for(tidied.wait(), 5)


async def test_what_a_handler_returns_is_sent_however_late(strict: Guard, brief: Any) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(SHORT * 1.5)
        return web.Response(text="done")

    async with served(application(strict, web.get("/", slow))) as client:
        assert (await asked(client, "GET", "/", brief())).body == b"done"


async def test_so_is_what_it_returns_for_aiohttp_to_send_by_and_by(
    strict: Guard, brief: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def lines() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"tick\n"
            await asyncio.sleep(SHORT / 2)

    async def returning(request: web.Request) -> web.Response:
        return web.Response(body=lines())

    async with served(application(strict, web.get("/", returning))) as client:
        assert (await asked(client, "GET", "/", brief())).body == b"tick\n" * 3
    assert caplog.records == []


async def test_after_the_handler_nobody_waits_for_expiry(strict: Guard, bearer: HeadersOf) -> None:
    kept: list[weakref.ref[Any]] = []

    async def quick(request: web.Request) -> web.StreamResponse:
        (connection,) = request[guarding._CONNECTIONS].values()
        kept.append(weakref.ref(connection))
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"tick\n")
        return response

    async with served(application(strict, web.get("/", quick))) as client:
        assert (await asked(client, "GET", "/", bearer())).body == b"tick\n"
        await asked(client, "GET", "/nowhere")
        gc.collect()
        assert kept[0]() is None


async def test_a_timeout_while_it_streams_does_not_look_like_its_end(
    strict: Guard, bearer: HeadersOf
) -> None:
    async def impatient(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"tick\n")
        raise TimeoutError

    async with served(application(strict, web.get("/", impatient))) as client:
        with pytest.raises(ClientPayloadError):
            await asyncio.wait_for(asked(client, "GET", "/", bearer()), 5)


async def test_a_timeout_of_the_handlers_own_is_its_own(strict: Guard, bearer: HeadersOf) -> None:
    async def impatient(request: web.Request) -> web.StreamResponse:
        raise TimeoutError

    async with served(application(strict, web.get("/", impatient))) as client:
        assert (await asked(client, "GET", "/", bearer())).status == 504


@pytest.mark.parametrize("public", [True, False])
async def test_it_streams_on_on_a_public_path_and_without_the_setting(
    make_guard: MakeGuard, brief: Any, clock: HandClock, public: bool
) -> None:
    options: Any = {"public": ["/health"], "end_streams_at_expiry": True} if public else {}
    guard = make_guard(issuer={"leeway": 0}, clock=clock, **options)

    async def counting(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"tick\n")
            await asyncio.sleep(SHORT / 2)
        return response

    async with served(application(guard, web.get("/health", counting))) as client:
        assert (await asked(client, "GET", "/health", brief())).body == b"tick\n" * 3
