"""``require_scopes`` and ``require_any_scope`` in ``guards``, and what handlers learn of the token."""

from typing import Any

import pytest
from litestar import Controller, Litestar, Request, Router, get, post
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException
from litestar.testing import AsyncTestClient, TestClient, create_test_client
from litestar_stage import Named, Token, application, ask, scopes_needed
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import AccessToken, BearerError, Guard, SettingsError
from bearer_guard.asgi import BearerMiddleware, BearerUser
from bearer_guard.litestar import (
    BearerPlugin,
    access_token,
    answer,
    require_any_scope,
    require_scopes,
)

Asked = Request[BearerUser, AccessToken, Any]


@get("/", guards=[require_scopes("a", "b")])
async def asynchronous() -> str:
    return "let in"


@get("/", guards=[require_scopes("a", "b")], sync_to_thread=False)
def synchronous() -> str:
    return "let in"


@get("/", guards=[require_scopes("a", "b")], sync_to_thread=True)
def in_a_thread() -> str:
    return "let in"


@pytest.mark.parametrize("handler", [asynchronous, synchronous, in_a_thread])
def test_all_of_its_scopes_are_needed(guard: Guard, bearer: HeadersOf, handler: Any) -> None:
    app = application(guard, handler)
    assert scopes_needed(ask(app, bearer("b"))) == "a b"
    assert ask(app, bearer("b", "a", "c")).text == "let in"


def test_one_of_its_scopes_is_needed(guard: Guard, bearer: HeadersOf) -> None:
    @get("/", guards=[require_any_scope("clerk", "admin")])
    async def stock() -> str:
        return "let in"

    app = application(guard, stock)
    assert scopes_needed(ask(app, bearer("a"))) == "clerk admin"
    assert ask(app, bearer("admin")).text == "let in"


def test_guards_of_all_layers_count_from_the_outermost_on(guard: Guard, bearer: HeadersOf) -> None:
    class Orders(Controller):
        guards = [require_scopes("c")]  # noqa: RUF012 - Litestar's own way

        @get(guards=[require_scopes("d")])
        async def orders(self) -> str:
            return "let in"

    router = Router("/", route_handlers=[Orders], guards=[require_scopes("b")])
    app = application(guard, router, guards=[require_scopes("a")])
    for granted, needed in (("", "a"), ("a", "b"), ("a b", "c"), ("a b c", "d")):
        assert scopes_needed(ask(app, bearer(*granted.split()))) == needed
    assert ask(app, bearer("a", "b", "c", "d")).text == "let in"


# Litestar 2.25 would have another annotation, which older ones do not know.
@pytest.mark.filterwarnings("ignore:.*without a body marker")
def test_a_body_is_not_read_before_the_guards(guard: Guard, bearer: HeadersOf) -> None:
    @post("/", guards=[require_scopes("a")])
    async def order(data: dict[str, int]) -> int:
        return len(data)

    app = application(guard, order)
    for scope, status in (("b", 403), ("a", 400)):
        headers = {"content-type": "application/json", **bearer(scope)}
        assert ask(app, headers, "/", "POST", content=b"{").status_code == status


def test_a_kept_response_is_not_for_those_who_may_not_see_it(
    guard: Guard, bearer: HeadersOf
) -> None:
    @get("/", cache=True, guards=[require_scopes("a")])
    async def orders() -> str:
        return "kept"

    app = application(guard, orders)
    assert ask(app, bearer("a")).text == "kept"
    assert ask(app, bearer("b")).status_code == 403
    assert ask(app, {}).status_code == 401


def test_other_guards_stand_beside_it(guard: Guard, bearer: HeadersOf) -> None:
    async def nobody(connection: Any, handler: Any) -> None:
        raise NotAuthorizedException

    @get("/", guards=[require_scopes("a"), nobody])
    async def orders() -> None: ...

    app = application(guard, orders)
    assert scopes_needed(ask(app, bearer("b"))) == "a"
    refused = ask(app, bearer("a"))
    assert (refused.status_code, "www-authenticate" in refused.headers) == (401, False)


def test_no_scopes_at_all_mean_any_token(guard: Guard, bearer: HeadersOf) -> None:
    @get("/health", guards=[require_scopes()])
    async def health() -> str:
        return "let in"

    app = application(guard, health)
    # Public by its path: the token is not looked at.
    assert ask(app, {}, "/health").status_code == 401
    assert ask(app, bearer(), "/health").status_code == 401


# What handlers learn


def test_request_auth_and_user_tell_of_the_token(guard: Guard, bearer: HeadersOf) -> None:
    @get("/")
    async def me(request: Asked, token: Token) -> dict[str, Any]:
        same = request.auth is token is access_token(request) is request.user.token
        return {"same": same, "who": request.user.display_name, "scopes": sorted(token.scopes)}

    found = ask(application(guard, me), bearer("b", "a", subject="alice")).json()
    assert found == {"same": True, "who": "alice", "scopes": ["a", "b"]}


def test_on_a_public_path_there_is_no_token(guard: Guard, bearer: HeadersOf) -> None:
    @get("/health")
    async def health(request: Request[Any, Any, Any]) -> str:
        return f"{request.auth} {request.user.is_authenticated}"

    assert ask(application(guard, health), bearer(), "/health").text == "None False"


def test_a_handler_on_a_public_path_that_wants_a_token_is_answered_with_401(guard: Guard) -> None:
    @get("/health")
    async def health(token: Token) -> None: ...

    refused = ask(application(guard, health), {}, "/health")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="api"')


def tenant(token: Token) -> str:
    token.require_scopes("tenant")
    return token.subject or ""


async def slowly() -> str:
    return "slowly"


def test_dependencies_of_ones_own_use_it_too(guard: Guard, bearer: HeadersOf) -> None:
    # Litestar resolves the two side by side, in a group of tasks.
    provided = {"who": Provide(tenant, sync_to_thread=True), "how": Provide(slowly)}

    @get("/", dependencies=provided)
    async def orders(who: Named[str], how: Named[str]) -> str:
        return f"{who} {how}"

    app = application(guard, orders)
    assert scopes_needed(ask(app, bearer("a"))) == "tenant"
    assert ask(app, bearer("tenant", subject="alice")).text == "alice slowly"


def test_another_key_for_it_or_none(guard: Guard, bearer: HeadersOf) -> None:
    @get("/")
    async def orders(caller: Token) -> str:
        return caller.subject or ""

    def app(**options: Any) -> Litestar:
        return Litestar([orders], plugins=[BearerPlugin(guard, **options)], logging_config=None)

    found = ask(app(dependency_key="caller"), bearer(subject="alice"))
    assert found.text == "alice"
    plain = Litestar(
        plugins=[BearerPlugin(guard, dependency_key=None)], dependencies={}, logging_config=None
    )
    assert plain.dependencies == {}


def test_a_dependency_of_the_application_wins(guard: Guard, bearer: HeadersOf) -> None:
    async def own() -> str:
        return "own"

    app = application(guard, dependencies={"token": Provide(own)})
    assert app.dependencies["token"].dependency is own


# Misuse


@pytest.mark.parametrize("guards", [[require_scopes], [require_any_scope]])
def test_a_guard_without_parentheses_is_refused_when_the_application_is_made(
    guard: Guard, guards: Any
) -> None:
    @get("/", guards=guards)
    async def orders() -> None: ...

    with pytest.raises(SettingsError, match=r"write guards=\[require_scopes\(...\)\], with scopes"):
        application(guard, orders)


def test_it_is_no_decorator(guard: Guard) -> None:
    async def orders() -> None: ...

    with pytest.raises(TypeError, match="route_handler"):
        require_scopes("a")(orders)  # type: ignore[call-arg,arg-type]


@pytest.mark.parametrize("made", [require_scopes, require_any_scope])
def test_several_scopes_in_one_string_are_refused(made: Any) -> None:
    with pytest.raises(SettingsError, match="a scope holds no space"):
        made("orders:read orders:write")


def test_any_of_no_scopes_is_refused() -> None:
    with pytest.raises(SettingsError, match="name the scopes"):
        require_any_scope()


@pytest.mark.parametrize("asking", ["guard", "handler"])
def test_without_a_guard_around_it_says_what_to_add(asking: str) -> None:
    guards = [require_scopes("a")] if asking == "guard" else []

    @get("/", guards=guards)
    async def orders(request: Request[Any, Any, Any]) -> str:
        return access_token(request).issuer

    bare = Litestar([orders], logging_config=None, debug=True)
    assert r"write Litestar(plugins=[BearerPlugin(guard)])" in ask(bare, {}).text


def test_inside_the_plain_middleware_the_handler_is_registered_by_hand(
    guard: Guard, bearer: HeadersOf
) -> None:
    app = Litestar([asynchronous], exception_handlers={BearerError: answer}, logging_config=None)
    guarded = BearerMiddleware(app, guard)
    assert scopes_needed(ask(guarded, bearer("a"))) == "a b"
    assert ask(guarded, bearer("a", "b")).text == "let in"


# Test clients


def test_it_works_with_the_client_that_makes_its_own_application(
    guard: Guard, bearer: HeadersOf
) -> None:
    plugins = [BearerPlugin(guard)]
    with create_test_client(asynchronous, plugins=plugins, logging_config=None) as client:
        assert client.get("/").status_code == 401
        assert client.get("/", headers=bearer("a", "b")).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_it_works_with_the_asynchronous_client(guard: Guard, bearer: HeadersOf) -> None:
    async with AsyncTestClient(application(guard, asynchronous)) as client:
        assert (await client.get("/")).status_code == 401
        assert (await client.get("/", headers=bearer("a", "b"))).status_code == 200


def test_it_works_on_trio(guard: Guard, bearer: HeadersOf) -> None:
    with TestClient(application(guard, asynchronous, synchronous_at), backend="trio") as client:
        assert client.get("/").status_code == 401
        assert client.get("/", headers=bearer("a", "b")).status_code == 200


@get("/at", sync_to_thread=False)
def synchronous_at() -> None: ...


def test_an_application_that_starts_twice_has_its_guard_twice(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    guard = make_guard()
    closed: list[Guard] = []
    close = guard.close
    guard.close = lambda: (closed.append(guard), close())  # type: ignore[method-assign]
    app = application(guard, asynchronous)
    for _ in range(2):
        assert ask(app, bearer("a", "b")).status_code == 200
    assert closed == [guard, guard]
