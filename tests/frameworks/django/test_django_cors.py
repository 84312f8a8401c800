"""django-cors-headers, before the middleware and behind it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django_world import BEARER, HeadersOf, Options, Way, project, urls

from bearer_guard.django import require_scopes

CORS = "corsheaders.middleware.CorsMiddleware"
ORIGIN = "https://shop.example"
APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "bearer_guard.django",
    "corsheaders",
]


@require_scopes("orders")
def orders(request: HttpRequest) -> HttpResponse:
    return HttpResponse("let in")


def cors_project(options: Options, middleware: list[str], **more: Any) -> Any:
    settings = {"CORS_ALLOWED_ORIGINS": [ORIGIN], "INSTALLED_APPS": APPS}
    return project(options(**more), urls(orders=orders), middleware, **settings)


@pytest.mark.parametrize("middleware", [[CORS, BEARER], [BEARER, CORS]], ids=["outside", "inside"])
def test_a_preflight_passes(
    options: Options, bearer: HeadersOf, way: Way, middleware: list[str]
) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "GET"}
    with cors_project(options, middleware):
        answer = way(headers=asked, method="OPTIONS")
        assert (answer.status, answer.header("access-control-allow-origin")) == (200, ORIGIN)
        assert "authorization" in (answer.header("access-control-allow-headers") or "")
        good = way(headers={**bearer("orders"), "origin": ORIGIN})
        assert (good.status, good.header("access-control-allow-origin")) == (200, ORIGIN)
        # A script reads a refusal only where CORS stands outside: the docs tell so.
        readable = ORIGIN if middleware[0] == CORS else None
        assert way(headers={"origin": ORIGIN}).header("access-control-allow-origin") == readable
        late = way(headers={**bearer("other"), "origin": ORIGIN})
        assert (late.status, late.header("access-control-allow-origin")) == (403, ORIGIN)


def test_where_preflights_do_not_pass_it_takes_cors_outside(options: Options, way: Way) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "GET"}
    for middleware, status in (([CORS, BEARER], 200), ([BEARER, CORS], 401)):
        with cors_project(options, middleware, preflight=False):
            assert way(headers=asked, method="OPTIONS").status == status


def test_other_options_requests_need_a_token(options: Options, way: Way) -> None:
    with cors_project(options, [CORS, BEARER]):
        assert way(headers={"origin": ORIGIN}, method="OPTIONS").status == 401
