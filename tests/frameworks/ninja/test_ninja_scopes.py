"""What operations, routers and APIs ask for, and what they see."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.http import HttpRequest
from django_world import ASGI, BEARER, HeadersOf, Options, Way
from ninja import Router
from ninja.throttling import AuthRateThrottle
from ninja_stage import both, new_api, seen, serving

from bearer_guard import Guard, Issuer, SettingsError
from bearer_guard.ninja import Bearer
from bearer_guard.testing import AuthorizationServer


def operation(request: HttpRequest) -> Any:
    return seen(request)


def scopes_named(refused: Any, status: int) -> str:
    """What the challenge says that is needed."""
    assert refused.status == status
    challenge = refused.header("www-authenticate")
    assert ('error="insufficient_scope"' in challenge) == (status == 403)
    named: str = challenge.partition('scope="')[2].rstrip('"')
    return named


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_request_auth_is_the_token(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool
) -> None:
    api = new_api(auth=Bearer())
    api.get("/orders")(both(operation, is_async))
    for middleware in ([], [BEARER]):
        with serving(api, options(), middleware):
            answer = way("/orders", bearer(subject="alice"))
            assert answer.status == 200
            assert answer.body == b'{"auth": "AccessToken", "subject": "alice", "same": true}'


def test_all_of_some_scopes_and_one_of_others(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool
) -> None:
    guarded = Bearer()
    api = new_api(auth=guarded)
    read = guarded.require_scopes("read")
    for where, auth in {
        "/all": guarded.require_scopes("read", "write"),
        "/more": read.require_scopes("write", "read"),
        "/any": guarded.require_any_scope("clerk", "boss"),
        "/both": read.require_any_scope("clerk", "boss"),
        "/twice": guarded.require_any_scope("clerk", "boss").require_any_scope("a", "b"),
        "/none": guarded.require_scopes(),
        "/plain": guarded,
    }.items():
        api.get(where, auth=auth)(both(operation, is_async))
    with serving(api, options()):

        def needed(where: str, *granted: str) -> str | None:
            answer = way(where, bearer(*granted))
            return None if answer.status == 200 else scopes_named(answer, 403)

        for where in ("/all", "/more"):
            assert needed(where, "read") == needed(where, "write") == "read write"
            assert needed(where, "write", "read", "other") is None
        assert needed("/any", "read") == "clerk boss"
        assert needed("/any", "boss") is None
        assert needed("/both", "boss") == "read"
        assert needed("/both", "read") == "clerk boss"
        assert needed("/both", "read", "clerk") is None
        assert needed("/twice", "boss") == "a b"
        assert needed("/twice", "boss", "b") is None
        assert needed("/none", "other") is needed("/plain", "other") is None
        # Who sends no token is told as well.
        assert scopes_named(way("/all"), 401) == "read write"
        assert scopes_named(way("/both"), 401) == "read clerk boss"


def test_the_guards_rules_hold_and_are_told(way: Way, options: Options, bearer: HeadersOf) -> None:
    guarded = Bearer()
    api = new_api(auth=guarded)
    api.get("/orders", auth=guarded.require_scopes("read"))(operation)
    with serving(api, options(rules=[{"path": "/orders", "scopes": ["api"]}])):
        assert scopes_named(way("/orders"), 401) == "api read"
        assert scopes_named(way("/orders", bearer("read")), 403) == "api"
        assert way("/orders", bearer("read", "api")).status == 200


def test_an_operation_asks_for_a_token_on_a_public_path_too(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool
) -> None:
    api = new_api(auth=Bearer())
    api.get("/orders")(both(operation, is_async))
    for middleware in ([], [BEARER]):
        with serving(api, options(public=["/orders"]), middleware):
            assert way("/orders").status == 401
            assert way("/orders", bearer(expires_in=-1000)).status == 401
            assert way("/orders", bearer(subject="alice")).status == 200


def test_behind_the_middleware_a_token_is_checked_once(
    way: Way, options: Options, server: AuthorizationServer, is_async: bool
) -> None:
    guarded = Bearer()
    api = new_api(auth=guarded)
    api.get("/orders", auth=guarded.require_scopes("read"))(both(operation, is_async))
    introspection = server.introspection_settings(cache_for=0)
    issuers = [{"issuer": server.issuer, "introspection": introspection}]
    for middleware in ([], [BEARER]):
        with serving(api, options(issuers=issuers), middleware):
            headers = {"authorization": f"Bearer {server.opaque(scope='read')}"}
            before = server.count("/introspect")
            assert way("/orders", headers).status == 200
            assert server.count("/introspect") - before == 1


def test_routers_ask_for_all_below_them(way: Way, options: Options, bearer: HeadersOf) -> None:
    guarded = Bearer()
    api = new_api(auth=guarded)
    orders, stock, free = Router(auth=guarded.require_scopes("orders")), Router(), Router()
    orders.get("/list")(operation)
    orders.get("/odd", auth=guarded.require_scopes("odd"))(operation)
    stock.get("/list")(operation)
    free.get("/list")(operation)
    stock.add_router("/free", free, auth=None)
    api.add_router("/orders", orders)
    api.add_router("/stock", stock, auth=guarded.require_scopes("stock"))
    with serving(api, options()):
        assert scopes_named(way("/orders/list", bearer("other")), 403) == "orders"
        assert way("/orders/list", bearer("orders")).status == 200
        assert scopes_named(way("/orders/odd", bearer("orders")), 403) == "odd"
        assert scopes_named(way("/stock/list", bearer("orders")), 403) == "stock"
        assert way("/stock/free/list").status == 200


def test_callers_are_counted_by_issuer_and_subject(
    way: Way, options: Options, bearer: HeadersOf
) -> None:
    from django.core.cache import cache

    cache.clear()
    api = new_api(auth=Bearer(), throttle=[AuthRateThrottle("2/h")])
    api.get("/orders")(operation)
    with serving(api, options()):
        asked = [("a", "alice"), ("b", "bob"), ("c", "alice"), ("d", "alice")]
        found = [way("/orders", bearer(scope, subject=name)).status for scope, name in asked]
        assert found == [200, 200, 200, 429]
    cache.clear()


def test_sync_operations_run_in_threads_and_async_ones_check_on_the_loop(
    options: Options, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    """No token is checked on an event loop by what could block it, and none is handed over."""
    threads: list[tuple[str, int]] = []

    def expand(scopes: frozenset[str]) -> frozenset[str]:
        threads.append(("check", threading.get_ident()))
        return scopes

    def told(request: HttpRequest) -> Any:
        threads.append(("operation", threading.get_ident()))
        return {}

    with (
        server.http_client() as client,
        Guard(
            audience=server.audience,
            issuers=[Issuer(server.issuer)],
            http_client=client,
            expand_scopes=expand,
        ) as guard,
    ):
        main = threading.get_ident()
        for is_async in (True, False):
            api = new_api(auth=Bearer(guard))
            api.get("/orders")(both(told, is_async))
            with serving(api, options()):
                threads.clear()
                assert ASGI("/orders", bearer()).status == 200
                (_, checked), (_, ran) = threads
                assert checked == ran
                assert (checked == main) is is_async


@pytest.mark.parametrize("method", ["require_scopes", "require_any_scope"])
@pytest.mark.parametrize("scopes", [("a b",), (1,), (["a"],)])
def test_what_is_no_scope_is_refused_when_it_is_written(method: str, scopes: Any) -> None:
    with pytest.raises(SettingsError, match="scope"):
        getattr(Bearer(), method)(*scopes)


def test_any_of_none_is_refused_when_it_is_written() -> None:
    with pytest.raises(SettingsError, match="name the scopes of which one is needed"):
        Bearer().require_any_scope()
