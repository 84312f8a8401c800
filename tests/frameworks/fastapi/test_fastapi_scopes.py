"""``Security(bearer, scopes=[...])`` on HTTP routes, in dependencies of any depth."""
# ruff: noqa: B008 - FastAPI's own way to say what an endpoint needs

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi_stage import alone, ask, scopes_needed, with_middleware
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import AccessToken, Guard, SettingsError
from bearer_guard.fastapi import Bearer


def test_the_endpoint_gets_the_token(app: FastAPI, guard: Guard, bearer: HeadersOf) -> None:
    scheme = Bearer(guard)

    @app.get("/default")
    async def default(token: AccessToken = Security(scheme, scopes=["a"])) -> Any:
        return token.subject

    @app.get("/annotated")
    def annotated(token: Annotated[AccessToken, Security(scheme, scopes=["a"])]) -> Any:
        return token.subject

    for path in ("/default", "/annotated"):
        assert ask(app, bearer("a", subject="alice"), path).json() == "alice"
        refused = ask(app, bearer("b"), path)
        assert refused.status_code == 403
        assert scopes_needed(refused) == "a"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["error"] == "insufficient_scope"


def test_all_scopes_are_needed_and_named_each_once_in_order(
    app: FastAPI, guard: Guard, bearer: HeadersOf
) -> None:
    @app.get("/", dependencies=[Security(Bearer(guard), scopes=["b", "a", "b"])])
    def endpoint() -> Any:
        return "let in"

    assert ask(app, bearer("a", "b")).status_code == 200
    assert scopes_needed(ask(app, bearer("a"))) == "b a"


def test_scopes_of_enclosing_dependencies_count(
    app: FastAPI, guard: Guard, bearer: HeadersOf
) -> None:
    scheme = Bearer(guard)

    def user(token: AccessToken = Security(scheme, scopes=["me"])) -> Any:
        return token.subject

    def active_user(name: str = Security(user, scopes=["active"])) -> Any:
        return name

    @app.get("/")
    def endpoint(name: str = Security(active_user, scopes=["items"])) -> Any:
        return name

    needed = ("items", "active", "me")
    assert ask(app, bearer(*needed, subject="alice")).json() == "alice"
    for missing in needed:
        refused = ask(app, bearer(*(scope for scope in needed if scope != missing)))
        assert sorted(scopes_needed(refused).split()) == sorted(needed)


def test_a_dependency_without_scopes_of_its_own_is_asked_for_those_around_it(
    app: FastAPI, guard: Guard, bearer: HeadersOf
) -> None:
    scheme = Bearer(guard)

    def user(token: AccessToken = Depends(scheme)) -> Any:
        return token.subject

    @app.get("/strict")
    def strict(name: str = Security(user, scopes=["admin"])) -> Any:
        return name

    @app.get("/both")
    def both(plain: str = Depends(user), name: str = Security(user, scopes=["admin"])) -> Any:
        return name

    @app.get("/lax")
    def lax(name: str = Depends(user)) -> Any:
        return name

    found = [ask(app, bearer("a"), path).status_code for path in ("/strict", "/both", "/lax")]
    # Not even where FastAPI remembers what the dependency gave for fewer scopes.
    assert found == [403, 403, 200]
    assert ask(app, bearer("admin"), "/both").status_code == 200


def test_routers_and_applications_ask_for_scopes(guard: Guard, bearer: HeadersOf) -> None:
    scheme = Bearer(guard)
    app = FastAPI(dependencies=[Security(scheme, scopes=["api"])])
    router = APIRouter(prefix="/orders", dependencies=[Security(scheme, scopes=["orders"])])

    @router.get("/1", dependencies=[Security(scheme, scopes=["read"])])
    def endpoint() -> Any:
        return "let in"

    app.include_router(router)
    needed = ("api", "orders", "read")
    assert ask(app, bearer(*needed), "/orders/1").status_code == 200
    for missing in needed:
        refused = ask(app, bearer(*(scope for scope in needed if scope != missing)), "/orders/1")
        assert missing in scopes_needed(refused).split()


def test_any_one_scope_lets_in(app: FastAPI, guard: Guard, bearer: HeadersOf) -> None:
    scheme = Bearer(guard)

    @app.get("/")
    def endpoint(token: AccessToken = Depends(scheme.require_any_scope("clerk", "admin"))) -> Any:
        return token.subject

    for scope in ("clerk", "admin"):
        assert ask(app, bearer(scope, subject="alice")).json() == "alice"
    refused = ask(app, bearer("other"))
    assert (refused.status_code, scopes_needed(refused)) == (403, "clerk admin")


@pytest.mark.parametrize("scopes", [(), ("a b",), (1,)])
def test_any_of_what_is_no_scope_is_refused_when_it_is_written(guard: Guard, scopes: Any) -> None:
    with pytest.raises(SettingsError, match="scope"):
        Bearer(guard).require_any_scope(*scopes)


def test_the_guards_rules_hold_in_every_route(make_guard: MakeGuard, bearer: HeadersOf) -> None:
    guard = make_guard(required_scopes=["api"])
    for make in (alone, with_middleware):
        app = make(guard)

        @app.get("/", dependencies=[Security(Bearer(guard), scopes=["a"])])
        def endpoint() -> Any:
            return "let in"

        assert scopes_needed(ask(app, bearer("a"))) == "api"
        assert scopes_needed(ask(app, bearer("api"))) == "a"
        assert ask(app, bearer("a", "api")).status_code == 200
