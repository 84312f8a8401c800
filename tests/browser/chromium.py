"""A real browser, that reaches this machine and nothing else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Request, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
LONGEST_WAIT_MS = 15_000
_HOST = "127.0.0.1"
_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {_HOST}",
]
# Pages load Swagger UI from a CDN, in whatever version.
_SWAGGER_UI = re.compile(r"/swagger-ui-dist@[^/]+/(?P<file>[\w.-]+)$")
_ICON = re.compile(r"\.(png|svg|ico)$")


def executable() -> str | None:
    """Where the browser is, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def swagger_ui_files() -> Path:
    """Swagger UI as its makers publish it, from the package that Django projects serve it with."""
    found = find_spec("drf_spectacular_sidecar")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist"


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """With an empty profile of its own, as root too: the pages are ours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=_ARGUMENTS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """One user's windows: their cookies, what they asked for, and what was kept from them."""

    def __init__(self, browser: Browser) -> None:
        self.context: BrowserContext = browser.new_context()
        self.context.set_default_timeout(LONGEST_WAIT_MS)
        self.requests: list[Request] = []
        self.outside: list[tuple[str, str]] = []
        """The host of a page, and the outside address that it wanted."""
        self.errors: list[str] = []
        self._files = swagger_ui_files()
        self.context.route("**/*", self._answer)
        self.context.on("request", self._note)
        self.context.on("weberror", lambda found: self.errors.append(str(found.error)))

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    def _answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.hostname == _HOST:
            route.continue_()
            return
        file = _SWAGGER_UI.search(address.path)
        if file is not None:
            route.fulfill(path=self._files / file["file"])
            return
        self.outside.append((urlsplit(route.request.frame.url).netloc, route.request.url))
        route.abort()

    def asked(self, address: str) -> list[Request]:
        """The requests to an address, whatever their query. CORS preflights are not told of."""
        return [each for each in self.requests if each.url.partition("?")[0] == address]

    def unexpected(self, pages: str) -> list[str]:
        """What the pages of an application wanted of the outside, besides Swagger UI and icons."""
        wanted = [url for host, url in self.outside if host == pages]
        return [url for url in wanted if not _ICON.search(urlsplit(url).path)]
