"""One authorization server in this process; every application in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from applications.tokens import AWAY, made_by
from applications.ways import WAYS
from bearer_guard.testing import AuthorizationServer
from integrations.serving.launch import GuardedApp, Way, launch

EXAMPLE = Path(__file__).resolve().parents[2] / "integrations" / "settings.json"


@pytest.fixture(scope="session")
def issuer() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


@pytest.fixture(scope="session")
def tokens(issuer: AuthorizationServer) -> dict[str, str]:
    return made_by(issuer)


@pytest.fixture(scope="session")
def settings(issuer: AuthorizationServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example settings, with this run's issuer, and one that is away."""
    example = json.loads(EXAMPLE.read_text("utf-8"))
    main = {**issuer.issuer_settings(leeway=0), "introspection": issuer.introspection_settings()}
    written = tmp_path_factory.mktemp("applications") / "settings.json"
    written.write_text(json.dumps({**example, "issuers": [main, AWAY]}))
    return written


@pytest.fixture(scope="package")
def apps(settings: Path) -> Iterator[dict[Way, GuardedApp]]:
    """Every way of serving every application, all at once."""
    with ExitStack() as stack:
        started = stack.enter_context(launch(*WAYS, settings=settings))
        yield {app.way: app for app in started}
