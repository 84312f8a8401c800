"""What the OpenAPI document says of ``Bearer``."""
# ruff: noqa: B008 - FastAPI's own way to say what an endpoint needs

import subprocess
import sys
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security
from starlette_world import MakeGuard

from bearer_guard import AccessToken, Guard, Issuer, Rule, SettingsError
from bearer_guard.fastapi import Bearer

AUTHORIZE = "https://login.example.com/authorize"
TOKEN = "https://login.example.com/token"


def scheme(guard: Guard, **options: Any) -> Any:
    """The one security scheme of an application's document."""
    app = FastAPI()

    @app.get("/", dependencies=[Depends(Bearer(guard, **options))])
    def endpoint() -> None: ...

    (found,) = app.openapi()["components"]["securitySchemes"].values()
    return found


def some_guard(*issuers: Issuer, **options: Any) -> Guard:
    return Guard(audience="https://api.example.com", issuers=issuers, **options)


# Schemes


def test_users_log_in_where_both_urls_are_given(guard: Guard) -> None:
    found = scheme(
        guard,
        authorization_url=AUTHORIZE,
        token_url=TOKEN,
        scopes={"orders:read": "See orders", "admin:all": "Do as you like"},
        description="Ask Bob for an account.",
    )
    assert found == {
        "type": "oauth2",
        "description": "Ask Bob for an account.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": AUTHORIZE,
                "tokenUrl": TOKEN,
                # What is described first; then what the guard's rules ask for besides.
                "scopes": {
                    "orders:read": "See orders",
                    "admin:all": "Do as you like",
                    "reports:read": "",
                    "clerk": "",
                },
            }
        },
    }


def test_required_scopes_are_offered_too() -> None:
    guard = some_guard(
        Issuer("https://a.example.com"),
        required_scopes=["api"],
        rules=[Rule("/a", scopes=["api", "a"])],
    )
    found = scheme(guard, authorization_url=AUTHORIZE, token_url=TOKEN)
    assert found["flows"]["authorizationCode"]["scopes"] == {"api": "", "a": ""}


def test_clients_speak_for_themselves_where_only_tokens_have_a_url(guard: Guard) -> None:
    refresh = "https://login.example.com/refresh"
    found = scheme(guard, token_url=TOKEN, refresh_url=refresh)
    (flow,) = found["flows"].items()
    assert flow[0] == "clientCredentials"
    assert (flow[1]["tokenUrl"], flow[1]["refreshUrl"]) == (TOKEN, refresh)


def test_a_refresh_url_stands_beside_the_others(guard: Guard) -> None:
    found = scheme(guard, authorization_url=AUTHORIZE, token_url=TOKEN, refresh_url=TOKEN)
    assert found["flows"]["authorizationCode"]["refreshUrl"] == TOKEN


def test_without_urls_the_client_finds_them_at_the_first_issuer() -> None:
    guard = some_guard(Issuer("https://a.example.com/x/"), Issuer("https://b.example.com"))
    assert scheme(guard) == {
        "type": "openIdConnect",
        "openIdConnectUrl": "https://a.example.com/x/.well-known/openid-configuration",
    }


def test_metadata_at_a_place_of_its_own_is_pointed_to() -> None:
    metadata = "https://a.example.com/.well-known/oauth-authorization-server"
    guard = some_guard(Issuer("https://a.example.com", metadata_uri=metadata))
    assert scheme(guard)["openIdConnectUrl"] == metadata


def test_a_place_may_be_given(guard: Guard) -> None:
    found = scheme(guard, openid_connect_url=AUTHORIZE)
    assert found == {"type": "openIdConnect", "openIdConnectUrl": AUTHORIZE}


def test_templates_have_no_place_of_their_own() -> None:
    template = Issuer(
        "https://a.example.com/{tenant}",
        metadata_uri="https://a.example.com/{tenant}/metadata",
        parts={"tenant": ["t"]},
    )
    nameless = Issuer("not-a-url", jwks_uri="https://c.example.com/keys")
    exact = Issuer("https://b.example.com")
    found = scheme(some_guard(template, nameless, exact))
    assert found["openIdConnectUrl"].startswith("https://b.example.com/")
    assert scheme(some_guard(template, nameless), description="Paste one.") == {
        "type": "http",
        "scheme": "bearer",
        "description": "Paste one.",
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"authorization_url": AUTHORIZE}, "token_url is needed"),
        ({"refresh_url": AUTHORIZE}, "token_url is needed"),
        ({"scopes": {"orders:read": "See orders"}}, "token_url is needed"),
        ({"token_url": TOKEN, "openid_connect_url": TOKEN}, "either token_url or openid_connect"),
        ({"token_url": "token"}, "token_url must be an absolute URL"),
        ({"token_url": TOKEN, "authorization_url": "http://a.example"}, "authorization_url is pl"),
        ({"openid_connect_url": "http://a.example"}, "openid_connect_url is plain http"),
        ({"token_url": TOKEN, "refresh_url": "x"}, "refresh_url must be an absolute URL"),
    ],
)
def test_urls_that_do_not_fit_are_refused(guard: Guard, options: Any, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Bearer(guard, **options)


# Operations


def test_each_operation_names_its_scopes_those_of_enclosing_dependencies_too(guard: Guard) -> None:
    app = FastAPI()
    bearer = Bearer(guard, scheme_name="Orders")

    def user(token: AccessToken = Security(bearer, scopes=["me"])) -> None: ...

    @app.get("/plain", dependencies=[Depends(bearer)])
    def plain() -> None: ...

    @app.get("/scoped", dependencies=[Security(bearer, scopes=["a", "b"])])
    def scoped() -> None: ...

    @app.get("/nested", dependencies=[Security(user, scopes=["c"])])
    def nested() -> None: ...

    @app.get("/any", dependencies=[Depends(bearer.require_any_scope("a", "b"))])
    def any_of_two() -> None: ...

    @app.get("/open")
    def public() -> None: ...

    paths = app.openapi()["paths"]
    found = {path: paths[path]["get"].get("security") for path in paths}
    (nested_scopes,) = found.pop("/nested")
    assert sorted(nested_scopes["Orders"]) == ["c", "me"]
    assert found == {
        "/plain": [{"Orders": []}],
        "/scoped": [{"Orders": ["a", "b"]}],
        "/any": [{"Orders": []}],
        "/open": None,
    }


def test_nothing_of_the_adapter_is_taken_for_a_parameter(guard: Guard) -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(Bearer(guard))])
    def endpoint() -> None: ...

    operation = app.openapi()["paths"]["/"]["get"]
    assert "parameters" not in operation
    assert "requestBody" not in operation
    assert list(operation["responses"]) == ["200"]


def test_two_guards_are_two_schemes(make_guard: MakeGuard) -> None:
    app = FastAPI()
    first = Bearer(make_guard(), scheme_name="First")
    second = Bearer(make_guard(), scheme_name="Second")

    @app.get("/", dependencies=[Depends(first), Depends(second)])
    def endpoint() -> None: ...

    document = app.openapi()
    assert sorted(document["components"]["securitySchemes"]) == ["First", "Second"]


# Without FastAPI


def test_without_fastapi_a_sentence_says_what_to_install() -> None:
    program = "import sys; sys.modules['fastapi'] = None; import bearer_guard.fastapi"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        "ImportError: bearer_guard.fastapi needs FastAPI: install bearer-guard[fastapi]"
        in done.stderr
    )
