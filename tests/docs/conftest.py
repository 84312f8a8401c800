"""The world in which the documents' code runs."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard._running import equipment
from bearer_guard.pytest_plugin import authorization_server
from bearer_guard.testing import AuthorizationServer

__all__ = ["authorization_server"]

ISSUER = "https://login.example.com/"
AUDIENCE = "https://api.example.com"


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> AuthorizationServer:
    """The documents' issuer. Guards without a client of their own reach it, and nothing else."""
    server = AuthorizationServer(issuer=ISSUER, audience=AUDIENCE)
    true_caller = equipment.HttpCaller

    def caller(client: Any, *rest: Any) -> Any:
        return true_caller(server.http_client() if client is None else client, *rest)

    monkeypatch.setattr(equipment, "HttpCaller", caller)
    monkeypatch.setenv("CLIENT_SECRET", "a 100% odd:secret + more")
    monkeypatch.setenv("INTROSPECTION_TOKEN", "may-introspect")
    monkeypatch.setenv("FLEET_SECRET", "32 characters that nobody guesses")
    return server
