"""The application in ``integrations/starlette_app`` on uvicorn, over sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from application_contract import Contract, serve

from bearer_guard.testing import AuthorizationServer


@pytest.fixture(scope="module")
def issuer() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


@pytest.fixture(scope="module")
def address(issuer: AuthorizationServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve("integrations.starlette_app", issuer, tmp_path_factory.mktemp("settings"))


class TestApplication(Contract):
    """What every application answers."""
