"""One browser and one authorization server; windows of a fresh user for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from browser.chromium import NAMES, Window, executable, launched
from browser.swagger_ui import Open, SwaggerUI
from integrations.authorization_servers.launch import AuthorizationServer, availability, launch

_NOT_RUN = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = set()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say loudly that nothing was proven."""
    if config.stash[_NOT_RUN]:
        terminalreporter.section("BROWSER NOT RUN", red=True, bold=True)
        for missing in sorted(config.stash[_NOT_RUN]):
            terminalreporter.line(f"No documentation page was opened. {missing}", red=True)


def _need(missing: str | None, config: pytest.Config) -> None:
    if missing is not None:
        config.stash[_NOT_RUN].add(missing)
        not_run = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        not_run(f"The browser was NOT RUN: {missing}")


# For this folder alone: as long as playwright runs, its thread has a running event loop.
@pytest.fixture(scope="package")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    program = executable()
    _need(None if program else f"None of {', '.join(NAMES)} is installed.", pytestconfig)
    assert program is not None
    with launched(program) as running:
        yield running


@pytest.fixture(scope="package")
def issuer(browser: Browser, pytestconfig: pytest.Config) -> Iterator[AuthorizationServer]:
    """The one of the real servers that lets browsers in, once it is told from where."""
    _need(availability("oidc_provider"), pytestconfig)
    with launch("oidc_provider") as server:
        yield server


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    opened = Window(browser)
    yield opened
    opened.context.close()


@pytest.fixture
def open_page(window: Window) -> Iterator[Open]:
    """Open a documentation page. In the end it has raised nothing and has not called out."""
    hosts: list[str] = []

    def opened(address: str) -> SwaggerUI:
        hosts.append(urlsplit(address).netloc)
        return SwaggerUI(window, address)

    yield opened
    assert window.errors == []
    assert [window.unexpected(host) for host in hosts] == [[] for _ in hosts]
