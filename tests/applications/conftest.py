"""One authorization server in this process; every application in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from applications.tokens import AWAY, made_by
from applications.ways import WAYS, prefix_of
from bearer_guard.testing import AuthorizationServer
from end_to_end.group import plain_client
from integrations.authorization_servers.protocol import polls
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
def apps(settings: Path, tokens: dict[str, str]) -> Iterator[dict[Way, GuardedApp]]:
    """Every way of serving every application, all at once; and each has let somebody in, so that
    no row waits for keys while forty processes start."""
    with ExitStack() as stack:
        started = stack.enter_context(launch(*WAYS, settings=settings))
        for app in started:
            let_in(app, tokens["reader"])
        yield {app.way: app for app in started}


def let_in(app: GuardedApp, token: str) -> None:
    """Ask until it lets a good token in."""
    headers = {"Authorization": f"Bearer {token}"}
    with plain_client() as http:
        for _ in polls(30):
            answer = http.get(f"{app.base_url}{prefix_of(app.way)}/orders", headers=headers)
            if answer.status_code == 200:
                return
    pytest.fail(f"{app.way} lets nobody in: {answer.status_code}\n{app.log()[-2000:]}")
