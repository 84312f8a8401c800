"""What Litestar's OpenAPI document says of the guard."""

from typing import Any

import pytest
from litestar import Litestar, Router, get, websocket
from litestar.connection import WebSocket
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar_stage import Token, ask
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import Guard, Issuer, Rule, SettingsError
from bearer_guard.litestar import BearerPlugin, require_any_scope, require_scopes

AUTHORIZE = "https://login.example.com/authorize"
TOKEN = "https://login.example.com/token"


def document(guard: Guard, *handlers: Any, config: Any = None, **options: Any) -> Any:
    more = {} if config is None else {"openapi_config": config}
    plugins = [BearerPlugin(guard, **options)]
    return Litestar(
        [*handlers], plugins=plugins, logging_config=None, **more
    ).openapi_schema.to_schema()


def scheme(guard: Guard, **options: Any) -> Any:
    (found,) = document(guard, **options)["components"]["securitySchemes"].values()
    return found


# Schemes: what they hold is settled with those of FastAPI


def test_users_log_in_where_both_urls_are_given(guard: Guard) -> None:
    found = scheme(
        guard,
        authorization_url=AUTHORIZE,
        token_url=TOKEN,
        refresh_url=TOKEN,
        scopes={"orders:read": "See orders"},
        description="Ask Bob for an account.",
    )
    offered = {"orders:read": "See orders", "admin:all": "", "reports:read": "", "clerk": ""}
    assert found == {
        "type": "oauth2",
        "description": "Ask Bob for an account.",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": AUTHORIZE,
                "tokenUrl": TOKEN,
                "refreshUrl": TOKEN,
                "scopes": offered,
            }
        },
    }


def test_clients_speak_for_themselves_where_only_tokens_have_a_url(guard: Guard) -> None:
    (flow,) = scheme(guard, token_url=TOKEN)["flows"].items()
    assert (flow[0], flow[1]["tokenUrl"]) == ("clientCredentials", TOKEN)


def test_without_urls_the_client_finds_them_at_the_issuer(guard: Guard) -> None:
    assert scheme(guard) == {
        "type": "openIdConnect",
        "openIdConnectUrl": "https://login.example.com/.well-known/openid-configuration",
    }


def test_where_there_is_nothing_to_find_a_token_is_pasted() -> None:
    issuer = Issuer("https://a.example.com/{tenant}", parts={"tenant": ["t"]})
    found = scheme(Guard(audience="https://api.example.com", issuers=[issuer]))
    assert found == {"type": "http", "scheme": "bearer"}


def test_urls_that_do_not_fit_are_refused(guard: Guard) -> None:
    with pytest.raises(SettingsError, match="token_url is needed"):
        BearerPlugin(guard, authorization_url=AUTHORIZE)


# Operations


@get("/plain")
async def plain(token: Token) -> None: ...


@get("/own", guards=[require_scopes("a")], security=[{"Bearer": ["own"]}])
async def own() -> None: ...


@get("/any", guards=[require_any_scope("a", "b")])
async def any_of_two() -> None: ...


@get("/scoped", guards=[require_scopes("b", "a"), require_scopes("c")])
async def scoped() -> None: ...


@websocket("/chat", guards=[require_scopes("chat")])
async def chat(socket: WebSocket[Any, Any, Any]) -> None: ...


def test_each_operation_names_its_scopes_those_of_outer_layers_too(guard: Guard) -> None:
    router = Router("/", route_handlers=[scoped], guards=[require_scopes("a")])
    found = document(guard, plain, own, any_of_two, router, chat, scheme_name="Orders")
    assert found["security"] == [{"Orders": []}]
    assert list(found["components"]["securitySchemes"]) == ["Orders"]
    assert {path: item["get"].get("security") for path, item in found["paths"].items()} == {
        "/plain": None,
        "/own": [{"Bearer": ["own"]}],
        "/any": None,
        "/scoped": [{"Orders": ["a", "b", "c"]}],
    }


def test_a_handler_of_two_applications_is_told_of_in_the_words_of_each(guard: Guard) -> None:
    for name in ("First", "Second"):
        found = document(guard, scoped, scheme_name=name)
        assert found["paths"]["/scoped"]["get"]["security"] == [{name: ["b", "a", "c"]}]
    assert not scoped.security


def test_nothing_of_the_plugin_is_taken_for_a_parameter(guard: Guard) -> None:
    operation = document(guard, plain)["paths"]["/plain"]["get"]
    assert not {"parameters", "requestBody"} & set(operation)


def test_what_the_application_says_itself_stays(guard: Guard) -> None:
    theirs = Components(security_schemes={"Key": SecurityScheme(type="http", scheme="basic")})
    for components in (theirs, [theirs]):
        config = OpenAPIConfig(
            title="Orders", version="1", components=components, security=[{"Key": []}]
        )
        found = document(guard, config=config)
        assert sorted(found["components"]["securitySchemes"]) == ["Bearer", "Key"]
        assert found["security"] == [{"Key": []}]


def test_an_application_may_have_no_document(guard: Guard, bearer: HeadersOf) -> None:
    app = Litestar(
        [plain, scoped], openapi_config=None, plugins=[BearerPlugin(guard)], logging_config=None
    )
    assert ask(app, {}, "/scoped").status_code == 401
    assert ask(app, bearer(), "/schema").status_code == 404


def test_the_document_is_guarded_unless_it_is_public(make_guard: MakeGuard) -> None:
    for public, status in (((), 401), (["/schema/**"], 200)):
        plugins = [BearerPlugin(make_guard(public=public, rules=[Rule("/plain", scopes=["a"])]))]
        app = Litestar([plain], plugins=plugins, logging_config=None)
        assert ask(app, {}, "/schema/openapi.json").status_code == status
