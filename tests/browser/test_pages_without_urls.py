"""The applications of integrations/, whose guards name an issuer and none of its URLs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.asking import exchange
from browser.chromium import Window
from browser.swagger_ui import Open
from integrations.authorization_servers.launch import AuthorizationServer
from integrations.authorization_servers.profiles import secret_of
from integrations.serving.launch import GuardedApp, launch

pytestmark = [pytest.mark.servers, pytest.mark.browser]

EXAMPLE = Path(__file__).resolve().parents[2] / "integrations" / "settings.json"
PAGES = {
    "fastapi": "/docs",
    "litestar": "/docs/swagger",
    "ninja": "/docs",
    "rest_framework": "/docs",
}
FOUND = "client_credentials"


@pytest.fixture(scope="module")
def apps(
    issuer: AuthorizationServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, GuardedApp]]:
    settings = tmp_path_factory.mktemp("applications") / "settings.json"
    example = json.loads(EXAMPLE.read_text("utf-8"))
    settings.write_text(json.dumps({**example, "issuers": [issuer.issuer]}))
    with launch(*PAGES, settings=settings) as started:
        yield {app.way.application: app for app in started}


@pytest.mark.parametrize("name", PAGES)
def test_the_issuers_metadata_tell_the_page_how_to_log_in(
    name: str,
    apps: dict[str, GuardedApp],
    issuer: AuthorizationServer,
    window: Window,
    open_page: Open,
) -> None:
    page = open_page(apps[name].base_url + PAGES[name])
    assert page.call("GET", "/orders")[::2] == ("401", None)

    page.open_dialog()
    # Each of the flows that the issuer offers; what to do with it is the user's to know.
    assert f"Bearer (OAuth2, {FOUND})" in page.flows()
    assert {"orders:read", "orders:write"} <= set(page.offered(FOUND))
    page.tick(FOUND, ["orders:read"])
    page.fill_in(FOUND, "docs-machine", secret_of("docs-machine"))
    page.authorize(FOUND)
    page.close_dialog()

    let_in = page.call("GET", "/orders")
    assert (let_in.status, let_in.body["caller"]["subject"]) == ("200", "docs-machine")
    assert let_in.sent is not None
    refused = page.call("POST", "/orders")
    assert (refused.status, refused.sent) == ("403", let_in.sent)
    assert exchange(window, issuer)["scope"] == "orders:read"
