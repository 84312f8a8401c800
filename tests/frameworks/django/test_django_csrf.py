"""Cross-site request forgery: only what no browser sends by itself is free of the check."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import AsyncClient, Client
from django.views.decorators.csrf import csrf_protect
from django_world import BEARER, HeadersOf, Options, Way, project, urls

from bearer_guard.testing import AuthorizationServer

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
ORDERS = {
    "csrf_first": [CSRF, SESSION, AUTHENTICATION, BEARER],
    "csrf_last": [SESSION, AUTHENTICATION, BEARER, CSRF],
}
BY_SUBJECT = {"lookup": {"username": "sub"}}


def place(request: HttpRequest) -> HttpResponse:
    return HttpResponse("placed")


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_token(request))


@csrf_protect
def protected(request: HttpRequest) -> HttpResponse:
    return HttpResponse("placed")


ROUTES = urls(orders=place, form=form, protected=protected)


@pytest.fixture(params=ORDERS.values(), ids=ORDERS)
def middleware(request: pytest.FixtureRequest) -> list[str]:
    order: list[str] = request.param
    return order


@pytest.fixture
def browser(database: None) -> Iterator[Client]:
    """One in which bob has logged in, and which checks as browsers make servers check."""
    client = Client(enforce_csrf_checks=True)
    bob = User.objects.create(username="bob")
    client.force_login(bob)
    yield client
    bob.delete()


def test_a_token_in_the_header_and_no_cookie_needs_nothing_more(
    options: Options, bearer: HeadersOf, middleware: list[str], way: Way
) -> None:
    with project(options(), ROUTES, middleware):
        assert way(headers=bearer(), method="POST").body == b"placed"
        # As Django's test clients send it.
        assert way(headers={**bearer(), "cookie": ""}, method="POST").body == b"placed"
        assert way("/protected", bearer(), method="POST").body == b"placed"
        assert way(method="POST").status == 401


@pytest.mark.parametrize("cookie", ["sessionid=x", "other=x", "x"])
def test_with_any_cookie_the_check_stays_unless_the_user_is_the_tokens(
    options: Options, bearer: HeadersOf, middleware: list[str], way: Way, cookie: str
) -> None:
    headers = {**bearer(), "cookie": cookie}
    with project(options(), ROUTES, middleware):
        assert way(headers=headers, method="POST").status == 403
        assert way("/protected", headers, method="POST").status == 403
        assert way(headers=headers).status == 200
    with project(options(), ROUTES, middleware, BEARER_GUARD_USER=BY_SUBJECT):
        assert way(headers=headers, method="POST").status == 200


def test_a_session_and_a_token_need_djangos_own_proof(
    options: Options, bearer: HeadersOf, middleware: list[str], browser: Client
) -> None:
    with project(options(), ROUTES, middleware):
        assert browser.post("/orders", headers=bearer()).status_code == 403
        proof = browser.get("/form", headers=bearer()).content.decode()
        headers = {**bearer(), "x-csrftoken": proof}
        assert browser.post("/orders", headers=headers).content == b"placed"


def test_a_session_alone_is_checked_as_ever_on_a_public_path(
    options: Options, bearer: HeadersOf, middleware: list[str], browser: Client
) -> None:
    for setting in (None, BY_SUBJECT):
        given = options(public=["/orders"])
        with project(given, ROUTES, middleware, BEARER_GUARD_USER=setting):
            assert browser.post("/orders").status_code == 403
            # Nobody has looked at this token.
            assert browser.post("/orders", headers=bearer()).status_code == 403


@pytest.mark.parametrize("setting", [None, BY_SUBJECT])
def test_a_token_that_a_page_can_make_a_browser_send_frees_of_nothing(
    options: Options, middleware: list[str], server: AuthorizationServer, way: Way, setting: Any
) -> None:
    given = options(query_parameter=True, form_parameter=True)
    token = server.jwt()
    form_headers = {"content-type": "application/x-www-form-urlencoded"}
    with project(given, ROUTES, middleware, BEARER_GUARD_USER=setting):
        query = f"/orders?access_token={token}"
        assert way(query).status == 200
        assert way(query, method="POST").status == 403
        basic = {"authorization": "Basic YTpi"}
        assert way(query, basic, method="POST").status == 403
        body = f"access_token={token}".encode()
        assert way(headers=form_headers, method="POST", body=body).status == 403
        in_header = {**form_headers, "authorization": f"Bearer {token}"}
        assert way(headers=in_header, method="POST", body=b"a=1").status == 200


def test_it_is_the_same_under_djangos_async_client(
    options: Options, bearer: HeadersOf, middleware: list[str]
) -> None:
    async def ask(client: AsyncClient) -> int:
        return (await client.post("/orders", headers=bearer())).status_code

    client = AsyncClient(enforce_csrf_checks=True)
    with project(options(), ROUTES, middleware):
        assert asyncio.run(ask(client)) == 200
        client.cookies["a"] = "b"
        assert asyncio.run(ask(client)) == 403
