"""FastAPI's `/docs` in a browser: "Authorize" works against the issuer."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import Guard, Issuer
from bearer_guard.fastapi import Bearer, BearerMiddleware
from browser.asking import exchange, question
from browser.chromium import Window
from browser.documented import AUDIENCE, fastapi_app, names_of, served, with_routes
from browser.swagger_ui import Open
from integrations.authorization_servers.launch import AuthorizationServer
from integrations.authorization_servers.profiles import OTHER_AUDIENCE, secret_of

pytestmark = [pytest.mark.servers, pytest.mark.browser]

USERS = "authorizationCode with PKCE"
CLIENTS = "clientCredentials"


def places(issuer: AuthorizationServer) -> dict[str, Any]:
    return {
        "authorization_url": f"{issuer.base_url}/auth",
        "token_url": f"{issuer.base_url}/token",
        "scopes": {"orders:read": "See orders", "orders:write": "Place orders"},
    }


def test_a_user_logs_in_from_the_page_of_the_documents_and_is_let_in(
    issuer: AuthorizationServer, window: Window, open_page: Open
) -> None:
    shown = names_of(issuer, "fastapi.md", "swagger_ui_init_oauth")
    with served(with_routes(shown["app"], shown["bearer"])) as (api, heard):
        page = open_page(f"{api}/docs")
        refused = page.call("GET", "/orders")
        assert (refused.status, refused.sent) == ("401", None)

        page.open_dialog()
        assert page.flows() == [f"Bearer (OAuth2, {USERS})"]
        assert page.offered(USERS) == {"orders:read": "See orders", "orders:write": "Place orders"}
        page.tick(USERS, ["orders:read", "orders:write"])
        page.log_in(USERS, "alice")
        page.close_dialog()

        let_in = page.call("GET", "/orders")
        assert (let_in.status, let_in.body) == (
            "200",
            {"issuer": issuer.issuer, "subject": "alice"},
        )
        assert page.call("POST", "/orders")[:2] == ("200", {"ordered by": "alice"})
    assert let_in.sent is not None
    assert let_in.sent.startswith("Bearer ey")
    orders = [sent for _, path, sent in heard.credentials if path == "/orders"]
    assert orders == [None, let_in.sent, let_in.sent]

    asked, fetched = question(window, issuer), exchange(window, issuer)
    state, challenge = asked.pop("state"), asked.pop("code_challenge")
    assert len(challenge) == 43
    assert state
    assert asked == {
        "response_type": "code",
        "client_id": "docs",
        "redirect_uri": f"{api}/docs/oauth2-redirect",
        "scope": "orders:read orders:write",
        "code_challenge_method": "S256",
    }
    assert fetched["code_verifier"] != challenge
    # It has no secret, and sends none.
    assert "client_secret" not in fetched
    assert fetched["redirect_uri"] == asked["redirect_uri"]


def test_a_scope_that_is_not_ticked_is_not_asked_for_and_its_route_answers_403(
    issuer: AuthorizationServer, window: Window, open_page: Open
) -> None:
    with served(fastapi_app(issuer, **places(issuer))) as (api, heard):
        page = open_page(f"{api}/docs")
        page.open_dialog()
        page.tick(USERS, ["orders:read"])
        page.log_in(USERS, "bob")
        page.close_dialog()
        read, placed = page.call("GET", "/orders"), page.call("POST", "/orders")
    assert (read.status, read.body["subject"]) == ("200", "bob")
    assert (placed.status, placed.sent) == ("403", read.sent)
    assert placed.body["error"] == "insufficient_scope"
    assert heard.credentials[-1] == ("POST", "/orders", read.sent)
    assert question(window, issuer)["scope"] == "orders:read"


def test_a_client_without_a_user_needs_the_token_url_alone(
    issuer: AuthorizationServer, window: Window, open_page: Open
) -> None:
    given = places(issuer)
    del given["authorization_url"]
    with served(fastapi_app(issuer, **given)) as (api, heard):
        page = open_page(f"{api}/docs")
        page.open_dialog()
        assert page.flows() == [f"Bearer (OAuth2, {CLIENTS})"]
        page.tick(CLIENTS, ["orders:read"])
        page.fill_in(CLIENTS, "docs-machine", secret_of("docs-machine"))
        page.authorize(CLIENTS)
        page.close_dialog()
        read, placed = page.call("GET", "/orders"), page.call("POST", "/orders")
    assert (read.status, read.body["subject"], placed.status) == ("200", "docs-machine", "403")
    assert heard.credentials[-1] == ("POST", "/orders", read.sent)
    assert exchange(window, issuer) == {"grant_type": "client_credentials", "scope": "orders:read"}


def test_without_urls_the_page_finds_flows_and_scopes_in_the_issuers_metadata(
    issuer: AuthorizationServer, window: Window, open_page: Open
) -> None:
    found = "authorization_code with PKCE"
    with served(fastapi_app(issuer)) as (api, _heard):
        page = open_page(f"{api}/docs")
        page.open_dialog()
        assert f"Bearer (OAuth2, {found})" in page.flows()
        assert "orders:write" in page.offered(found)
        page.tick(found, ["openid", "orders:read"])
        page.log_in(found, "carol")
        page.close_dialog()
        read, placed = page.call("GET", "/orders"), page.call("POST", "/orders")
    assert (read.status, read.body["subject"], placed.status) == ("200", "carol", "403")
    asked = question(window, issuer)
    assert asked["scope"] == "openid orders:read"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{api}/docs/oauth2-redirect"


def test_around_a_whole_application_the_page_that_the_issuer_sends_back_to_is_public_too(
    issuer: AuthorizationServer, open_page: Open
) -> None:
    guard = Guard(
        audience=AUDIENCE,
        issuers=[Issuer(issuer.issuer)],
        public=["/docs/**", "/openapi.json"],
    )
    app = names_of(issuer, "fastapi.md", "swagger_ui_init_oauth")["app"]
    app.add_middleware(BearerMiddleware, guard=guard)
    with served(with_routes(app, Bearer(guard, **places(issuer)))) as (api, _heard):
        page = open_page(f"{api}/docs")
        assert page.call("GET", "/orders").status == "401"
        page.open_dialog()
        page.tick(USERS, ["orders:read"])
        page.log_in(USERS, "alice")
        page.close_dialog()
        assert page.call("GET", "/orders").status == "200"


def test_an_issuer_that_is_to_be_told_the_api_hears_of_it_and_scopes_may_be_ticked_before(
    issuer: AuthorizationServer, window: Window, open_page: Open
) -> None:
    oauth = {
        "scopes": "orders:read",
        "additionalQueryStringParams": {"resource": OTHER_AUDIENCE},
    }
    app = fastapi_app(issuer, oauth=oauth, audience=OTHER_AUDIENCE, **places(issuer))
    with served(app) as (api, _heard):
        page = open_page(f"{api}/docs")
        page.open_dialog()
        assert page.ticked(USERS) == ["orders:read"]
        page.log_in(USERS, "alice")
        page.close_dialog()
        # A token for any other API is refused.
        assert page.call("GET", "/orders").status == "200"
    assert question(window, issuer)["resource"] == OTHER_AUDIENCE
