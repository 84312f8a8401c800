"""In neither mode does the middleware send a request to another thread, nor hold up the loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, AsyncRequestFactory
from django_world import ASGI, BEARER, WSGI, HeadersOf, Options, project, urls

from bearer_guard.django import BearerMiddleware, require_scopes
from bearer_guard.testing import AuthorizationServer


@require_scopes("a")
async def thread_of_the_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


@require_scopes("a")
def thread_of_the_sync_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


class Threads:
    """A middleware that notes on which threads what stands before and behind ours runs."""

    sync_capable = async_capable = True
    seen: list[int] = []  # noqa: RUF012 - emptied by each test

    def __new__(cls, get_response: Any) -> Any:
        if iscoroutinefunction(get_response):

            async def noting_async(request: HttpRequest) -> Any:
                cls.seen.append(threading.get_ident())
                return await get_response(request)

            return noting_async

        def noting(request: HttpRequest) -> Any:
            cls.seen.append(threading.get_ident())
            return get_response(request)

        return noting


AROUND = [f"{__name__}.Threads", BEARER, f"{__name__}.Threads"]


def test_under_asgi_all_of_it_runs_in_the_thread_of_the_loop(
    options: Options, bearer: HeadersOf
) -> None:
    Threads.seen.clear()

    async def ask() -> Any:
        return await AsyncClient().get("/orders", headers=bearer("a"))

    with project(options(), urls(orders=thread_of_the_view), AROUND):
        answer = asyncio.run(ask())
    here = threading.get_ident()
    assert (answer.status_code, answer.content) == (200, str(here).encode())
    assert Threads.seen == [here, here]


def test_a_refused_request_is_answered_in_the_thread_of_the_loop(options: Options) -> None:
    Threads.seen.clear()

    async def ask() -> Any:
        return await AsyncClient().get("/orders")

    with project(options(), urls(orders=thread_of_the_view), AROUND):
        assert asyncio.run(ask()).status_code == 401
    assert Threads.seen == [threading.get_ident()]


def test_under_wsgi_all_of_it_runs_in_the_thread_of_the_request(
    options: Options, bearer: HeadersOf
) -> None:
    Threads.seen.clear()
    with project(options(), urls(orders=thread_of_the_sync_view), AROUND):
        answer = WSGI(headers=bearer("a"))
    here = threading.get_ident()
    assert (answer.status, answer.body) == (200, str(here).encode())
    assert Threads.seen == [here, here]


def test_it_is_of_the_kind_of_what_stands_behind_it(options: Options) -> None:
    async def behind(request: HttpRequest) -> HttpResponse:
        raise AssertionError("it is not reached")

    def behind_sync(request: HttpRequest) -> HttpResponse:
        raise AssertionError("it is not reached")

    with project(options()):
        assert BearerMiddleware.sync_capable
        assert BearerMiddleware.async_capable
        assert iscoroutinefunction(BearerMiddleware(behind))
        assert iscoroutinefunction(BearerMiddleware(behind).process_view)
        assert not iscoroutinefunction(BearerMiddleware(behind_sync))
        assert not iscoroutinefunction(BearerMiddleware(behind_sync).process_view)


class SyncOnly:
    """A middleware of the old kind, for which Django changes threads itself."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)


@pytest.mark.parametrize(
    "middleware", [[f"{__name__}.SyncOnly", BEARER], [BEARER, f"{__name__}.SyncOnly"]]
)
@pytest.mark.parametrize("view", [thread_of_the_view, thread_of_the_sync_view])
def test_it_stands_beside_middleware_that_is_sync_only(
    options: Options, bearer: HeadersOf, middleware: list[str], view: Any
) -> None:
    with project(options(), urls(orders=view), middleware):
        for way in (WSGI, ASGI):
            assert way(headers=bearer("a")).status == 200
            assert way(headers=bearer("b")).status == 403
            assert way().status == 401


class Held(httpx.BaseTransport):
    """A way to the authorization server that a test holds up."""

    def __init__(self, server: AuthorizationServer) -> None:
        self.inner = server.http_client()._transport
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        assert self.let_go.wait(10)
        return self.inner.handle_request(request)


def test_while_an_authorization_server_is_asked_the_loop_serves_others(
    server: AuthorizationServer, options: Options, bearer: HeadersOf
) -> None:
    held = Held(server)

    async def ask() -> tuple[Any, Any]:
        client = AsyncClient()
        waiting = asyncio.create_task(client.get("/orders", headers=bearer("a")))
        await asyncio.to_thread(held.asked.wait, 10)
        healthy = await client.get("/health")
        assert not waiting.done()
        held.let_go.set()
        return await waiting, healthy

    async def health(request: HttpRequest) -> HttpResponse:
        return HttpResponse("well")

    routes = urls(orders=thread_of_the_view, health=health)
    with httpx.Client(transport=held) as http:
        given = options(http_client=http, public=["/health"])
        with project(given, routes):
            orders, healthy = asyncio.run(ask())
    assert (healthy.content, orders.status_code) == (b"well", 200)
    assert orders.content == str(threading.get_ident()).encode()


def test_a_client_that_hangs_up_ends_its_own_wait_alone(
    server: AuthorizationServer, options: Options, bearer: HeadersOf
) -> None:
    held = Held(server)

    async def ask() -> Any:
        guarded: Any = BearerMiddleware(thread_of_the_view)
        first, second = (
            asyncio.create_task(guarded(AsyncRequestFactory().get("/orders", headers=bearer("a"))))
            for _ in range(2)
        )
        await asyncio.to_thread(held.asked.wait, 10)
        # As Django does it when the client has left.
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert first.cancelled()
        held.let_go.set()
        return await second

    before = server.count("/jwks")
    with httpx.Client(transport=held) as http, project(options(http_client=http)):
        assert asyncio.run(ask()).status_code == 200
    assert server.count("/jwks") - before == 1


def test_an_async_view_is_tested_alone_behind_the_middleware(
    options: Options, bearer: HeadersOf
) -> None:
    async def ask() -> Any:
        request = AsyncRequestFactory().get("/orders", headers=bearer("a"))
        guarded: Any = BearerMiddleware(thread_of_the_view)
        return await guarded(request)

    with project(options()):
        assert asyncio.run(ask()).status_code == 200
