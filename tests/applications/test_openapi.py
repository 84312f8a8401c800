"""What the applications with an OpenAPI document say in it, to anybody."""

from __future__ import annotations

import httpx
import pytest

from bearer_guard.testing import AuthorizationServer
from integrations.serving.launch import GuardedApp, Way

DOCUMENTED = {
    Way("fastapi", "uvicorn"): "/openapi.json",
    Way("litestar", "uvicorn"): "/docs/openapi.json",
    Way("rest_framework", "gunicorn"): "/openapi.json",
    Way("ninja", "uvicorn"): "/openapi.json",
}


@pytest.mark.parametrize("way", DOCUMENTED, ids=str)
def test_it_tells_where_to_log_in_and_which_scopes_a_route_needs(
    way: Way, apps: dict[Way, GuardedApp], issuer: AuthorizationServer
) -> None:
    address = apps[way].base_url
    assert httpx.get(f"{address}/docs").status_code == 200
    document = httpx.get(f"{address}{DOCUMENTED[way]}").json()
    assert document["components"]["securitySchemes"]["Bearer"] == {
        "type": "openIdConnect",
        "openIdConnectUrl": f"{issuer.issuer}/.well-known/openid-configuration",
    }
    assert document["paths"]["/orders"]["post"]["security"] == [{"Bearer": ["orders:write"]}]
    assert document["paths"]["/orders/export"]["get"]["security"] == [{"Bearer": ["orders:read"]}]
