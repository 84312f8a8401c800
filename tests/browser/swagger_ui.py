"""Swagger UI, as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Response

from browser.chromium import Window


class Shown(NamedTuple):
    """What stands on the page about an answer."""

    status: str
    body: Any
    sent: str | None
    """The ``Authorization`` header, as it left the browser."""


class SwaggerUI:
    """One documentation page."""

    def __init__(self, window: Window, address: str) -> None:
        self._window = window
        self._origin = f"http://{urlsplit(address).netloc}"
        self.page: Page = window.context.new_page()
        self.page.goto(address)

    # The dialog behind the button "Authorize"

    @property
    def _dialog(self) -> Locator:
        return self.page.locator(".modal-ux")

    def open_dialog(self) -> None:
        """Press "Authorize"."""
        self.page.locator(".auth-wrapper .btn.authorize").click()
        self._dialog.wait_for()

    def close_dialog(self) -> None:
        self._dialog.locator(".btn-done").first.click()
        self._dialog.wait_for(state="detached")

    def flows(self) -> list[str]:
        """``Bearer (OAuth2, authorizationCode with PKCE)``, and others."""
        return self._dialog.locator("h4").all_inner_texts()

    def offered(self, flow: str) -> dict[str, str]:
        """The scopes that can be ticked, with what is said of them."""
        scopes = self._flow(flow).locator(".scopes .checkbox")
        found = [scope.locator("p").all_inner_texts() for scope in scopes.all()]
        return {name: " ".join(words) for name, *words in found}

    def ticked(self, flow: str) -> list[str]:
        scopes = self._flow(flow).locator(".scopes .checkbox:has(input:checked)")
        return scopes.locator("p.name").all_inner_texts()

    def _flow(self, flow: str) -> Locator:
        container = self._dialog.locator(".auth-container")
        return container.filter(has=self.page.locator("h4", has_text=flow))

    def tick(self, flow: str, scopes: Iterable[str]) -> None:
        for scope in scopes:
            choice = self._flow(flow).locator(".checkbox")
            name = self.page.locator("p.name").get_by_text(scope, exact=True)
            choice.filter(has=name).locator("label .item").click()

    def fill_in(self, flow: str, client_id: str, client_secret: str) -> None:
        """What the page does not know by itself."""
        self._flow(flow).locator("[data-name=clientId]").fill(client_id)
        self._flow(flow).locator("[data-name=clientSecret]").fill(client_secret)

    def authorize(self, flow: str) -> None:
        """Have a token fetched for a client without a user."""
        self._flow(flow).locator("button.authorize").click()
        self._logged_in(flow)

    def log_in(self, flow: str, name: str) -> None:
        """Have a token fetched for a user, who logs in and consents in a second window."""
        with self.page.expect_popup() as opened:
            self._flow(flow).locator("button.authorize").click()
        login = opened.value
        login.locator("[name=login]").fill(name)
        login.locator("[name=password]").fill("whatever")
        login.locator("button[type=submit]").click()
        login.locator("[name=prompt][value=consent]").wait_for(state="attached")
        with login.expect_event("close"):
            login.locator("button[type=submit]").click()
        self._logged_in(flow)

    def _logged_in(self, flow: str) -> None:
        said = self._flow(flow).locator("button:has-text('Logout'), .errors")
        said.first.wait_for()
        assert said.first.inner_text() == "Logout"

    # An operation

    def call(self, method: str, path: str) -> Shown:
        """Press "Try it out", once, and "Execute", and read what the page shows."""
        operation = self.page.locator(".opblock").filter(
            has=self.page.locator(f".opblock-summary-{method.lower()}").filter(
                has=self.page.locator(f"[data-path='{path}']")
            )
        )
        if operation.locator(".opblock-body").count() == 0:
            operation.locator(".opblock-summary-control").click()
            operation.get_by_role("button", name="Try it out").click()
        else:
            operation.get_by_role("button", name="Clear", exact=True).click()
        shown = operation.locator(".live-responses-table tbody .response")
        shown.wait_for(state="detached")

        def answers(response: Response) -> bool:
            asked = response.request
            return (asked.method, response.url) == (method, f"{self._origin}{path}")

        with self.page.expect_response(answers) as answer:
            operation.get_by_role("button", name="Execute").click()
        status = shown.locator(".response-col_status").inner_text()
        body = shown.locator(".response-col_description .highlight-code code").first.inner_text()
        sent = answer.value.request.header_value("authorization")
        return Shown(status.split()[0], json.loads(body), sent)


Open = Callable[[str], SwaggerUI]
"""Opens the page at an address."""
