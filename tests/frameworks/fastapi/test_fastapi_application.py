"""The application in ``integrations/fastapi_app`` on uvicorn, over sockets."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from application_contract import Contract, serve

from bearer_guard.testing import AuthorizationServer


@pytest.fixture(scope="module")
def issuer() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


@pytest.fixture(scope="module")
def address(issuer: AuthorizationServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from serve("integrations.fastapi_app", issuer, tmp_path_factory.mktemp("settings"))


class TestApplication(Contract):
    """What every application answers."""

    def test_its_documents_are_public_and_tell_of_the_issuer(
        self, http: httpx.Client, issuer: AuthorizationServer
    ) -> None:
        assert http.get("/docs").status_code == 200
        document = http.get("/openapi.json").json()
        assert document["components"]["securitySchemes"]["Bearer"] == {
            "type": "openIdConnect",
            "openIdConnectUrl": f"{issuer.issuer}/.well-known/openid-configuration",
        }
        assert document["paths"]["/orders"]["post"]["security"] == [{"Bearer": ["orders:write"]}]
