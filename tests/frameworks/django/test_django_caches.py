"""What one caller was answered is kept from the next, by Django's own cache and by others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django_world import BEARER, HeadersOf, Options, Way, project, urls

from bearer_guard.testing import AuthorizationServer

CACHING = [
    "django.middleware.cache.UpdateCacheMiddleware",
    BEARER,
    "django.middleware.cache.FetchFromCacheMiddleware",
]


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def says(**headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def view(request: Any) -> HttpResponse:
        subject = request.access_token and request.access_token.subject
        return HttpResponse(subject, headers=named)

    return view


def test_djangos_cache_gives_each_caller_their_own(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    seen = []

    def view(request: Any) -> HttpResponse:
        seen.append(request.access_token.subject)
        return HttpResponse(seen[-1])

    alice, bob = (bearer(subject=name) for name in ("alice", "bob"))
    with project(options(), urls(orders=view), CACHING):
        for _ in range(2):
            assert way(headers=alice).body == b"alice"
            assert way(headers=bob).body == b"bob"
            assert way().status == 401
    assert seen == ["alice", "bob"], "it is a cache all the same"


def test_an_answer_to_a_token_varies_by_it(options: Options, bearer: HeadersOf, way: Way) -> None:
    with project(options(), urls(orders=says(), stock=says(Vary="Accept, Cookie"))):
        assert way(headers=bearer()).header("vary") == "Authorization"
        assert way("/stock", bearer()).header("vary") == "Accept, Cookie, Authorization"
        assert way("/nowhere", bearer()).header("vary") == "Authorization"


@pytest.mark.parametrize("said", ["no-store", "private", "Private, max-age=5", "public"])
def test_an_answer_that_says_who_may_keep_it_is_left_alone(
    options: Options, bearer: HeadersOf, way: Way, said: str
) -> None:
    with project(options(), urls(orders=says(Cache_Control=said))):
        answer = way(headers=bearer())
        assert (answer.header("vary"), answer.header("cache-control")) == (None, said)


@pytest.mark.parametrize("said", ["max-age=60", "no-cache", "must-revalidate, s-maxage=5"])
def test_one_that_says_only_for_how_long_varies_all_the_same(
    options: Options, bearer: HeadersOf, way: Way, said: str
) -> None:
    with project(options(), urls(orders=says(Cache_Control=said))):
        answer = way(headers=bearer())
        assert (answer.header("vary"), answer.header("cache-control")) == ("Authorization", said)


def test_an_answer_on_a_public_path_is_left_alone(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    with project(options(public=["/orders"]), urls(orders=says())):
        answer = way(headers=bearer())
        assert (answer.header("vary"), answer.header("cache-control")) == (None, None)


def test_an_answer_to_a_url_that_carries_the_token_is_private(
    options: Options, bearer: HeadersOf, way: Way, server: AuthorizationServer
) -> None:
    given = options(query_parameter=True, public=["/health"])

    def missing(request: HttpRequest) -> HttpResponse:
        return HttpResponse("none", status=404)

    routes = urls(
        orders=says(),
        health=says(),
        stock=says(Cache_Control="no-cache"),
        kept=says(Cache_Control="no-store"),
        none=missing,
    )
    query = f"?access_token={server.jwt()}"
    with project(given, routes):
        answer = way(f"/orders{query}")
        assert (answer.status, answer.header("cache-control")) == (200, "private")
        assert way(f"/health{query}").header("cache-control") == "private"
        assert way(f"/stock{query}").header("cache-control") == "no-cache"
        assert way(f"/kept{query}").header("cache-control") == "no-store"
        assert way(f"/none{query}").header("cache-control") is None
        assert way(headers=bearer()).header("cache-control") is None
        assert Client().get(f"/orders{query}")["Cache-Control"] == "private"
        assert asyncio.run(AsyncClient().get(f"/orders{query}"))["Cache-Control"] == "private"
