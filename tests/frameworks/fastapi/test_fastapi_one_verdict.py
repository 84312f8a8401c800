"""One request, one verdict: with the middleware around, another guard's, on public paths."""
# ruff: noqa: B008 - FastAPI's own way to say what an endpoint needs

from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request, Security
from fastapi.responses import PlainTextResponse
from fastapi_stage import alone, ask, scopes_needed, with_middleware
from starlette_world import HeadersOf, MakeGuard, client

from bearer_guard import AccessToken, Guard, Introspection, Issuer, Rule, SettingsError
from bearer_guard.fastapi import Bearer, BearerMiddleware, access_token
from bearer_guard.testing import AuthorizationServer


def test_a_token_is_checked_once_for_each_request(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    introspection = Introspection(**server.introspection_settings(cache_for=0))  # type: ignore[arg-type]
    guard = make_guard(issuer={"introspection": introspection})
    scheme = Bearer(guard)

    def user(token: AccessToken = Security(scheme, scopes=["b"])) -> Any:
        return token.subject

    for make in (alone, with_middleware):
        app = make(guard)

        @app.get("/", dependencies=[Security(scheme, scopes=["a"]), Security(user, scopes=["c"])])
        def endpoint(token: AccessToken = Depends(scheme)) -> Any:
            return token.subject

        before = server.count("/introspect")
        headers = {"authorization": f"Bearer {server.opaque(scope='a b c')}"}
        assert ask(app, headers).status_code == 200
        assert server.count("/introspect") - before == 1


def test_what_another_guard_let_in_is_judged_anew(
    make_guard: MakeGuard, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    outer = make_guard(realm="outer")
    inner = make_guard(realm="inner", issuers=[Issuer(server.issuer, audience="inner-api")])
    app = with_middleware(outer)
    first, second = Bearer(outer, scheme_name="outer"), Bearer(inner, scheme_name="inner")

    @app.get("/inner", dependencies=[Depends(second)])
    @app.get("/both", dependencies=[Depends(first), Depends(second), Depends(first)])
    def endpoint(request: Request) -> Any:
        return PlainTextResponse(" ".join(access_token(request).audience))

    for path in ("/inner", "/both"):
        refused = ask(app, bearer("a"), path)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith('Bearer realm="inner"')
        both = bearer("a", audience=[server.audience, "inner-api"])
        assert ask(app, both, path).text == f"{server.audience} inner-api"
        assert (
            'realm="outer"'
            in ask(app, bearer(audience="inner-api"), path).headers["www-authenticate"]
        )


def test_a_route_asks_for_a_token_on_a_public_path_too(guard: Guard, bearer: HeadersOf) -> None:
    for make in (alone, with_middleware):
        app = make(guard)

        @app.get("/health")
        def endpoint(token: AccessToken = Security(Bearer(guard), scopes=["a"])) -> Any:
            return token.subject

        refused = ask(app, {}, "/health")
        assert (refused.status_code, scopes_needed(refused)) == (401, "a")
        assert ask(app, bearer("b"), "/health").status_code == 403
        assert ask(app, bearer("a", expires_in=-1000), "/health").status_code == 401
        assert ask(app, bearer("a", subject="alice"), "/health").json() == "alice"


def test_a_mounted_application_answers_too(guard: Guard, bearer: HeadersOf) -> None:
    inner, outer = FastAPI(), FastAPI()

    @inner.get("/orders", dependencies=[Security(Bearer(guard), scopes=["a"])])
    def endpoint() -> Any:
        return "let in"

    outer.mount("/api", inner)
    assert scopes_needed(ask(outer, bearer("b"), "/api/orders")) == "a"
    assert ask(outer, bearer("a"), "/api/orders").status_code == 200


@pytest.mark.parametrize("option", ["query_parameter", "form_parameter"])
def test_tokens_elsewhere_than_in_the_header_take_the_middleware(
    make_guard: MakeGuard, server: AuthorizationServer, option: str
) -> None:
    guard = make_guard(**{option: True})
    for make in (alone, with_middleware):
        app = make(guard)

        @app.post("/", dependencies=[Depends(Bearer(guard))])
        async def endpoint(request: Request) -> Any:
            return len(await request.body())

        sent = {"access_token": server.jwt()}
        options = {"params": sent} if option == "query_parameter" else {"data": sent}
        if make is alone:
            with pytest.raises(RuntimeError, match="take the middleware"):
                client(app, raise_errors=True).post("/", **options)
        else:
            answered = client(app).post("/", **options)
            # A form is there for the endpoint to read, too.
            assert (answered.json() > 0) is (option == "form_parameter")
            private = answered.headers.get("cache-control")
            assert private == ("private" if option == "query_parameter" else None)


@pytest.mark.parametrize(
    "options",
    [
        {"websocket_protocol": "bearer"},
        {"websocket_renewal": True},
        {"end_streams_at_expiry": True},
    ],
)
def test_what_takes_a_connections_whole_life_takes_the_middleware(
    make_guard: MakeGuard, server: AuthorizationServer, options: dict[str, Any]
) -> None:
    (option,) = options
    guard = make_guard(**options)
    headers = {"Authorization": f"Bearer {server.jwt()}"}
    for make in (alone, with_middleware):
        app = make(guard)

        @app.get("/", dependencies=[Depends(Bearer(guard))])
        async def endpoint() -> str:
            return "let in"

        if make is alone:
            with pytest.raises(RuntimeError, match=f"^{option} take the middleware"):
                client(app, raise_errors=True).get("/", headers=headers)
        else:
            assert client(app).get("/", headers=headers).status_code == 200


def test_a_test_may_put_another_dependency_in_its_place(app: FastAPI, guard: Guard) -> None:
    scheme = Bearer(guard)

    @app.get("/health")
    def endpoint(token: AccessToken = Security(scheme, scopes=["a"])) -> Any:
        return token

    app.dependency_overrides[scheme] = lambda: "somebody"
    assert ask(app, {}, "/health").json() == "somebody"


@pytest.mark.parametrize("first_is_around", [True, False])
def test_two_guards_on_one_route_stand_in_any_order(
    make_guard: MakeGuard, server: AuthorizationServer, first_is_around: bool
) -> None:
    around, other = make_guard(end_streams_at_expiry=True), make_guard(realm="other")
    app = with_middleware(around)
    order = (around, other) if first_is_around else (other, around)

    @app.get("/", dependencies=[Depends(Bearer(guard)) for guard in order])
    async def endpoint() -> str:
        return "let in"

    headers = {"Authorization": f"Bearer {server.jwt()}"}
    assert client(app, raise_errors=True).get("/", headers=headers).status_code == 200


def test_around_an_application_with_a_root_path_of_its_own_rules_are_refused(
    make_guard: MakeGuard, server: AuthorizationServer
) -> None:
    """It sets its root path behind the guard, and routes another path than the rules saw."""
    app = FastAPI()
    app.root_path = "/api"
    guard = make_guard(rules=[Rule("/admin/**", scopes=["a"])])
    with pytest.raises(SettingsError, match="add_middleware"):
        BearerMiddleware(app, guard)
    BearerMiddleware(app, make_guard())

    app.add_middleware(BearerMiddleware, guard=guard)

    @app.get("/admin/x")
    async def endpoint() -> str:
        return "let in"

    headers = {"Authorization": f"Bearer {server.jwt(scope='b')}"}
    for path in ("/admin/x", "/api/admin/x"):
        assert client(app).get(path, headers=headers).status_code == 403
