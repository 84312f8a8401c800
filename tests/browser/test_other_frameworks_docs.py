"""The other frameworks' pages, set up as the documents say: users log in there too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from browser.asking import exchange, question
from browser.chromium import Window, swagger_ui_files
from browser.documented import django_project, names_of, served
from browser.swagger_ui import Open
from integrations.authorization_servers.launch import AuthorizationServer

pytestmark = [pytest.mark.servers, pytest.mark.browser]

USERS = "authorizationCode with PKCE"
Serve = Callable[[AuthorizationServer, Path], AbstractContextManager[str]]


@contextmanager
def litestar(issuer: AuthorizationServer, folder: Path) -> Iterator[str]:
    with served(names_of(issuer, "litestar.md", "SwaggerRenderPlugin")["app"]) as (api, _heard):
        yield api


# The document leaves it to the reader how to serve the page that Swagger UI brings.
NINJA_URLS = f"""
from pathlib import Path

from django.http import FileResponse
from login import api, bearer


@api.get("/orders", auth=bearer.require_scopes("orders:read"))
def orders(request):
    return {{"issuer": request.auth.issuer, "subject": request.auth.subject}}


@api.post("/orders", auth=bearer.require_scopes("orders:write"))
def order(request):
    return {{"ordered by": request.auth.subject}}


def file(request, name):
    return FileResponse(Path({str(swagger_ui_files())!r}, name).open("rb"))


urlpatterns = [
    path("oauth2-redirect.html", file, {{"name": "oauth2-redirect.html"}}),
    path("oauth2-redirect.js", file, {{"name": "oauth2-redirect.js"}}),
    path("", api.urls),
]
"""


def ninja(issuer: AuthorizationServer, folder: Path) -> AbstractContextManager[str]:
    static = 'STATIC_URL = "static/"'
    return django_project(issuer, "ninja.md", folder, settings=static, urls=NINJA_URLS)


def rest_framework(issuer: AuthorizationServer, folder: Path) -> AbstractContextManager[str]:
    return django_project(issuer, "rest-framework.md", folder)


@pytest.mark.parametrize(
    ("serve", "docs", "back", "orders"),
    [
        pytest.param(
            litestar, "/schema/swagger", "/schema/oauth2-redirect.html", "/orders", id="litestar"
        ),
        pytest.param(ninja, "/docs", "/oauth2-redirect.html", "/orders", id="ninja"),
        pytest.param(
            rest_framework,
            "/docs/",
            "/docs/oauth2-redirect.html",
            "/orders/",
            id="rest_framework",
        ),
    ],
)
def test_a_user_logs_in_from_the_page_of_the_documents_and_is_let_in_as_far_as_scopes_go(
    serve: Serve,
    docs: str,
    back: str,
    orders: str,
    issuer: AuthorizationServer,
    window: Window,
    open_page: Open,
    tmp_path: Path,
) -> None:
    with serve(issuer, tmp_path) as api:
        page = open_page(f"{api}{docs}")
        assert page.call("GET", orders)[::2] == ("401", None)

        page.open_dialog()
        assert page.flows() == [f"Bearer (OAuth2, {USERS})"]
        assert page.offered(USERS) == {"orders:read": "See orders", "orders:write": "Place orders"}
        page.tick(USERS, ["orders:read"])
        page.log_in(USERS, "alice")
        page.close_dialog()

        let_in = page.call("GET", orders)
    assert (let_in.status, let_in.body) == ("200", {"issuer": issuer.issuer, "subject": "alice"})
    asked = question(window, issuer)
    assert (asked["scope"], asked["code_challenge_method"]) == ("orders:read", "S256")
    assert (asked["client_id"], asked["redirect_uri"]) == ("docs", f"{api}{back}")
    assert "code_verifier" in exchange(window, issuer)
