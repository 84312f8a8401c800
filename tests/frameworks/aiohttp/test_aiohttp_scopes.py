"""``require_scopes`` and ``require_any_scope`` on aiohttp's handlers, and ``access_token``."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from aiohttp_stage import application, ask, asked, served
from starlette_world import HeadersOf, MakeGuard

from bearer_guard import AccessToken, Guard, SettingsError
from bearer_guard.aiohttp import (
    GUARD_KEY,
    KEY,
    access_token,
    require_any_scope,
    require_scopes,
)


@require_scopes("a", "b")
async def function(request: web.Request) -> web.Response:
    return web.Response(text="let in")


class Handlers:
    @require_scopes("a", "b")
    async def method(self, request: web.Request) -> web.Response:
        return web.Response(text="let in")

    @staticmethod
    @require_scopes("a", "b")
    async def static(request: web.Request) -> web.Response:
        return web.Response(text="let in")

    @classmethod
    @require_scopes("a", "b")
    async def of_class(cls, request: web.Request) -> web.Response:
        return web.Response(text="let in")


@require_scopes("a", "b")
class View(web.View):
    async def get(self) -> web.Response:
        return web.Response(text="let in")


class Inheriting(View):
    pass


class ViewOfMethods(web.View):
    @require_scopes("a", "b")
    async def get(self) -> web.Response:
        return web.Response(text="let in")


HANDLERS = {
    "function": function,
    "method": Handlers().method,
    "static method": Handlers.static,
    "class method": Handlers.of_class,
    "view": View,
    "a view that inherits": Inheriting,
    "method of a view": ViewOfMethods,
}


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=[*HANDLERS])
def test_all_of_its_scopes_are_needed(guard: Guard, bearer: HeadersOf, handler: Any) -> None:
    for route in (web.get("/", handler), web.route("*", "/", handler)):
        assert ask(application(guard, route), bearer("b")).scopes_needed == "a b"
        assert ask(application(guard, route), bearer("b", "a", "c")).body == b"let in"


def test_one_of_its_scopes_is_needed(guard: Guard, bearer: HeadersOf) -> None:
    @require_any_scope("clerk", "admin")
    async def stock(request: web.Request) -> web.Response:
        return web.Response(text="let in")

    route = web.get("/", stock)
    assert ask(application(guard, route), bearer("a")).scopes_needed == "clerk admin"
    assert ask(application(guard, route), bearer("admin")).body == b"let in"


@pytest.mark.anyio
async def test_one_handler_serves_two_routes_with_other_scopes(
    guard: Guard, bearer: HeadersOf
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="let in")

    a, b = (web.get(f"/{scope}", require_scopes(scope)(handler)) for scope in "ab")
    async with served(application(guard, a, b, web.get("/", handler))) as client:
        for path, status in (("/a", 200), ("/b", 403), ("/", 200)):
            assert (await asked(client, "GET", path, bearer("a"))).status == status


def test_it_stands_below_the_decorator_of_the_route(guard: Guard, bearer: HeadersOf) -> None:
    routes = web.RouteTableDef()

    @routes.get("/")
    @require_scopes("a")
    @require_scopes("b")
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="let in")

    @routes.view("/view")
    @require_scopes("a")
    class Below(web.View):
        async def get(self) -> web.Response:
            return web.Response(text="let in")

    @require_scopes("a")
    @routes.view("/above")  # a class is guarded itself, in whatever order
    class Above(web.View):
        async def get(self) -> web.Response:
            return web.Response(text="let in")

    for path, needed in (("/", "b"), ("/view", "a"), ("/above", "a")):
        app = application(guard, *routes)
        granted = {"/": "a"}.get(path, "c")
        assert ask(app, bearer(granted), path).scopes_needed == needed


def test_a_request_may_be_passed_by_name(guard: Guard, bearer: HeadersOf) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        found: web.StreamResponse = await function(request=request)
        return found

    assert ask(application(guard, web.get("/", handler)), bearer("a")).status == 403


def test_handlers_keep_their_names() -> None:
    assert (function.__name__, View.__name__) == ("function", "View")


# The token


def test_the_request_holds_the_token(guard: Guard, bearer: HeadersOf) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((access_token(request) is request[KEY], request[GUARD_KEY] is guard))
        return web.Response(text=request[KEY].subject)

    assert ask(application(guard, web.get("/", handler)), bearer(subject="alice")).body == b"alice"
    assert seen == [(True, True)]


def test_on_a_public_path_there_is_no_token(guard: Guard, bearer: HeadersOf) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=str(request.get(KEY)))

    route = web.get("/health", handler)
    assert ask(application(guard, route), bearer(), "/health").body == b"None"


def test_a_handler_on_a_public_path_that_wants_a_token_is_answered_with_401(
    guard: Guard, bearer: HeadersOf
) -> None:
    @require_scopes()
    async def handler(request: web.Request) -> web.Response:
        raise AssertionError("it is not reached")

    refused = ask(application(guard, web.get("/health", handler)), bearer(), "/health")
    assert (refused.status, refused["www-authenticate"]) == (401, 'Bearer realm="api"')


def test_what_an_outer_guard_let_in_says_nothing_on_a_path_that_is_public_to_the_inner(
    make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=str(request.get(KEY)))

    inner = application(make_guard(public=["/health"]), web.get("/health", handler))
    outer = application(make_guard())
    outer.add_subapp("/api", inner)
    assert ask(outer, bearer(), "/api/health").body == b"None"


# Misuse


@pytest.mark.parametrize("decorator", [require_scopes, require_any_scope])
def test_a_decorator_without_parentheses_is_refused_when_it_is_written(decorator: Any) -> None:
    with pytest.raises(SettingsError, match="scopes must be a string"):

        @decorator
        async def handler(request: web.Request) -> web.Response:
            raise AssertionError("it is not reached")


@pytest.mark.parametrize("decorator", [require_scopes, require_any_scope])
def test_several_scopes_in_one_string_are_refused(decorator: Any) -> None:
    with pytest.raises(SettingsError, match="a scope holds no space"):
        decorator("orders:read orders:write")


def test_any_of_no_scopes_is_refused() -> None:
    with pytest.raises(SettingsError, match="name the scopes"):
        require_any_scope()


def test_a_class_that_is_no_view_is_refused_when_it_is_written() -> None:
    with pytest.raises(TypeError, match=r"is no web.View: decorate its methods"):
        require_scopes("a")(Handlers)


@pytest.mark.anyio
async def test_a_handler_without_a_request_says_what_is_missing() -> None:
    @require_scopes("a")
    async def handler() -> web.Response:
        raise AssertionError("it is not reached")

    with pytest.raises(TypeError, match="needs a request for its scopes to be checked"):
        await handler()


@pytest.mark.anyio
async def test_without_a_guard_around_it_says_what_to_add() -> None:
    with pytest.raises(RuntimeError, match=r"write setup\(app, guard\)"):
        await function(make_mocked_request("GET", "/"))


@pytest.mark.anyio
async def test_a_handler_is_tested_with_a_request_that_a_test_makes(
    guard: Guard, make_guard: MakeGuard, bearer: HeadersOf
) -> None:
    from bearer_guard.aiohttp import AiohttpRequest

    request = make_mocked_request("GET", "/", headers=bearer("a", "b"))
    token: AccessToken = await guard.authenticate_async(AiohttpRequest(request))
    request[KEY] = token
    assert (await function(request)).text == "let in"


def test_without_aiohttp_a_sentence_says_what_to_install() -> None:
    program = "import sys; sys.modules['aiohttp'] = None; import bearer_guard.aiohttp"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        "ImportError: bearer_guard.aiohttp needs aiohttp: install bearer-guard[aiohttp]"
        in done.stderr
    )
