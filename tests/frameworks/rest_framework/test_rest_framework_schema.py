"""What drf-spectacular's document says of the guard and of scopes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drf_spectacular.views import SpectacularAPIView
from rest_framework.test import APIRequestFactory
from rest_framework_stage import Project

from bearer_guard.testing import AuthorizationServer

LOGIN = "https://login.example.com"
OAUTH2 = {
    "OAUTH2_AUTHORIZATION_URL": f"{LOGIN}/authorize",
    "OAUTH2_TOKEN_URL": f"{LOGIN}/token",
    "OAUTH2_REFRESH_URL": f"{LOGIN}/refresh",
    "OAUTH2_SCOPES": {"orders:read": "See orders"},
}
RULED = {"admin:all": "", "clerk": "", "boss": ""}


@pytest.fixture
def document(project: Project) -> Any:
    def made(**spectacular: Any) -> Any:
        project(ROOT_URLCONF="rest_framework_documented")
        # As a project's SPECTACULAR_SETTINGS, which are read but once.
        view = SpectacularAPIView.as_view(custom_settings=spectacular)
        request = APIRequestFactory().get("/", headers={"Accept": "application/json"})
        return json.loads(view(request).render().content)

    return made


def test_clients_find_where_to_log_in(document: Any, server: AuthorizationServer) -> None:
    assert document()["components"]["securitySchemes"]["Bearer"] == {
        "type": "openIdConnect",
        "openIdConnectUrl": f"{server.issuer}.well-known/openid-configuration",
    }


def test_or_are_told_by_the_settings_of_drf_spectacular(document: Any) -> None:
    found = document(**OAUTH2)["components"]["securitySchemes"]["Bearer"]
    assert found == {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{LOGIN}/authorize",
                "tokenUrl": f"{LOGIN}/token",
                "refreshUrl": f"{LOGIN}/refresh",
                "scopes": {"orders:read": "See orders", **RULED},
            }
        },
    }
    listed = document(OAUTH2_TOKEN_URL=f"{LOGIN}/token", OAUTH2_SCOPES=["orders:read"])
    flows = listed["components"]["securitySchemes"]["Bearer"]["flows"]
    assert flows == {
        "clientCredentials": {
            "tokenUrl": f"{LOGIN}/token",
            "scopes": {"orders:read": "", **RULED},
        }
    }


def test_each_operation_names_its_scopes(document: Any) -> None:
    paths = document()["paths"]
    named = {
        f"{method} {path}": operation.get("security")
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    read = [{"Bearer": ["orders:read"]}]
    assert named == {
        "get /plain": [{"Bearer": []}],
        "get /open": [{"Bearer": []}, {}],
        "get /health": [{}],
        "get /by-method": read,
        "post /by-method": [{"Bearer": ["orders:read", "orders:write"]}],
        "put /by-method": [{"Bearer": []}],
        # It is refused, whoever asks.
        "delete /by-method": [{"Bearer": []}],
        "get /every-method": [
            {"Bearer": ["orders:read", "clerk"]},
            {"Bearer": ["orders:read", "boss"]},
        ],
        "get /viewset": read,
        "post /viewset": [{"Bearer": ["orders:write"]}],
        "post /viewset/{id}/cancel": [{"Bearer": ["orders:cancel"]}],
        "get /viewset/report": [{"Bearer": ["clerk"]}, {"Bearer": ["boss"]}],
        "get /both": read,
        # Of one or the other, nothing can be said.
        "get /either": [{"Bearer": []}, {"cookieAuth": []}],
        "get /function": [{"Bearer": ["orders:read", "orders:write"]}],
        "post /function": [{"Bearer": ["orders:read", "orders:write"]}],
    }
