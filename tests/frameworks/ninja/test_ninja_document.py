"""What the OpenAPI document says of ``Bearer``, and the test clients."""

from __future__ import annotations

import asyncio
from typing import Any

import ninja
import pytest
from django.http import HttpRequest
from django.test import AsyncClient, Client
from django_world import HeadersOf, Options, Way, project
from ninja.security import APIKeyHeader
from ninja.testing import TestAsyncClient, TestClient
from ninja_stage import both, new_api, seen, serving

from bearer_guard import SettingsError
from bearer_guard.ninja import Bearer

LOGIN = "https://login.example.com"
AUTHORIZE, TOKEN = f"{LOGIN}/authorize", f"{LOGIN}/token"


class Key(APIKeyHeader):
    param_name = "X-Key"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return None


def operation(request: HttpRequest) -> Any:
    return seen(request)


def scheme(options: dict[str, Any], **places: Any) -> Any:
    api = new_api(auth=Bearer(**places))
    api.get("/orders")(operation)
    with serving(api, options):
        return api.get_openapi_schema()["components"]["securitySchemes"]["Bearer"]


# The scheme


def test_clients_find_where_to_log_in(options: Options) -> None:
    place = f"{LOGIN}/.well-known/openid-configuration"
    assert scheme(options()) == {"type": "openIdConnect", "openIdConnectUrl": place}
    assert scheme(options(), openid_connect_url=AUTHORIZE, description="Ask Bob.") == {
        "type": "openIdConnect",
        "openIdConnectUrl": AUTHORIZE,
        "description": "Ask Bob.",
    }


def test_or_are_told(options: Options) -> None:
    ruled = options(required_scopes=["api"], rules=[{"path": "/a", "scopes": ["a", "orders:read"]}])
    found = scheme(
        ruled,
        authorization_url=AUTHORIZE,
        token_url=TOKEN,
        refresh_url=TOKEN,
        scopes={"orders:read": "See orders"},
    )
    assert found == {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": AUTHORIZE,
                "tokenUrl": TOKEN,
                "refreshUrl": TOKEN,
                "scopes": {"orders:read": "See orders", "api": "", "a": ""},
            }
        },
    }


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ({"authorization_url": AUTHORIZE}, "token_url is needed"),
        ({"token_url": TOKEN, "openid_connect_url": TOKEN}, "either token_url or openid_connect"),
        ({"token_url": "token"}, "token_url must be an absolute URL"),
    ],
)
def test_places_that_do_not_fit_are_refused_when_they_are_written(places: Any, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Bearer(**places)


# Operations


def test_each_operation_names_its_scopes(options: Options) -> None:
    guarded = Bearer()
    api = new_api(auth=guarded)
    api.get("/plain")(operation)
    api.get("/open", auth=None)(operation)
    api.get("/all", auth=guarded.require_scopes("a", "b"))(operation)
    api.get("/any", auth=guarded.require_scopes("a").require_any_scope("c", "d"))(operation)
    api.get("/several", auth=[Key(), guarded.require_scopes("a")])(operation)
    api.get("/function", auth=[lambda request: None, guarded])(operation)
    api.get("/key", auth=Key())(operation)
    for method in ("put", "post"):
        getattr(api, method)("/plain", operation_id=method)(operation)
    with serving(api, options()):
        paths = api.get_openapi_schema()["paths"]
        assert api.get_openapi_schema(path_prefix="v1/")["paths"].keys() != paths.keys()
    assert {path: methods["get"].get("security") for path, methods in paths.items()} == {
        "/plain": [{"Bearer": []}],
        "/open": None,
        "/all": [{"Bearer": ["a", "b"]}],
        "/any": [{"Bearer": ["a", "c"]}, {"Bearer": ["a", "d"]}],
        "/several": [{"Key": []}, {"Bearer": ["a"]}],
        "/function": [{"Bearer": []}],
        "/key": [{"Key": []}],
    }


def test_the_document_is_served(way: Way, options: Options, bearer: HeadersOf) -> None:
    api = new_api(auth=Bearer())
    api.get("/orders")(operation)
    with serving(api, options()):
        answer = way("/openapi.json")
        assert (answer.status, b'"security": [{"Bearer": []}]' in answer.body) == (200, True)
        assert way("/docs").status in (200, 500)


def test_ninjas_own_document_has_the_scheme_without_scopes(options: Options) -> None:
    api = new_api(ninja.NinjaAPI, auth=Bearer().require_scopes("a"))
    api.get("/orders")(operation)
    with serving(api, options()):
        document = api.get_openapi_schema()
    assert document["components"]["securitySchemes"]["Bearer"]["type"] == "openIdConnect"
    assert document["paths"]["/orders"]["get"]["security"] == [{"Bearer": []}]


# The test clients


def test_ninjas_own_test_client(options: Options, bearer: HeadersOf) -> None:
    guarded = Bearer()
    api = new_api(auth=guarded)
    api.get("/orders", auth=guarded.require_scopes("read"))(operation)
    api.get("/admin/users")(operation)
    with project(options(rules=[{"path": "/admin/**", "scopes": ["admin"]}]), middleware=[]):
        client = TestClient(api)
        good = {"Authorization": bearer("read")["authorization"]}
        assert client.get("/orders?page=2", headers=good).json()["auth"] == "AccessToken"
        assert client.get("/admin/users", headers=good).status_code == 403
        refused = client.get("/orders")
        assert (refused.status_code, refused["www-authenticate"]) == (
            401,
            'Bearer realm="api", scope="read"',
        )
        other = client.get("/orders", headers={"Authorization": bearer("x")["authorization"]})
        assert (other.status_code, other.json()["error"]) == (403, "insufficient_scope")


def test_ninjas_own_async_test_client(options: Options, bearer: HeadersOf) -> None:
    api = new_api(auth=Bearer())
    api.get("/orders")(both(operation, is_async=True))

    async def statuses() -> list[int]:
        client = TestAsyncClient(api)
        good = {"Authorization": bearer()["authorization"]}
        return [(await client.get("/orders", headers=each)).status_code for each in (good, {})]

    with project(options(), middleware=[]):
        assert asyncio.run(statuses()) == [200, 401]


def test_djangos_test_clients(options: Options, bearer: HeadersOf) -> None:
    api = new_api(auth=Bearer())
    api.get("/sync")(both(operation, is_async=False))
    api.get("/async")(both(operation, is_async=True))

    async def status(where: str, headers: Any) -> int:
        return int((await AsyncClient().get(where, headers=headers)).status_code)

    with serving(api, options()):
        for where in ("/sync", "/async"):
            assert Client().get(where, headers=bearer()).status_code == 200
            assert Client().get(where).status_code == 401
            assert asyncio.run(status(where, bearer())) == 200
            assert asyncio.run(status(where, {})) == 401
