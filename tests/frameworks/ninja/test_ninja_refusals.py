"""Several auth objects, a project's own handlers, ninja's own ``NinjaAPI``, and mistakes."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import ninja
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django_world import ASGI, BEARER, WSGI, HeadersOf, Options, Way
from ninja.errors import AuthenticationError
from ninja.security import APIKeyHeader
from ninja_stage import both, new_api, seen, serving

from bearer_guard import AccessToken, BearerError, Guard, InvalidToken, Issuer
from bearer_guard.asgi import BearerMiddleware as AsgiMiddleware
from bearer_guard.django import conf
from bearer_guard.ninja import Bearer, answer
from bearer_guard.testing import AuthorizationServer

NO_TOKEN = 'Bearer realm="api"'


class Key(APIKeyHeader):
    param_name = "X-Key"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return "the key" if key == "right" else None


def operation(request: HttpRequest) -> Any:
    return seen(request)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


# Several auth objects


@pytest.mark.parametrize("bearer_first", [True, False])
def test_without_a_token_the_next_of_several_is_tried(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool, bearer_first: bool
) -> None:
    several: list[Any] = [Bearer(), Key()] if bearer_first else [Key(), Bearer()]
    api = new_api(auth=several)
    api.get("/orders")(both(operation, is_async))
    with serving(api, options()):
        assert b'"AccessToken"' in way("/orders", bearer()).body
        assert b'"str"' in way("/orders", {"x-key": "right"}).body
        for headers in ({}, {"x-key": "wrong"}):
            refused = way("/orders", headers)
            assert (refused.status, refused.header("www-authenticate")) == (401, NO_TOKEN)
            assert b"An access token is needed." in refused.body


def test_a_token_that_is_not_good_is_refused_at_once(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool
) -> None:
    guarded = Bearer()
    api = new_api(auth=[guarded.require_scopes("read"), Key()])
    api.get("/orders")(both(operation, is_async))
    with serving(api, options()):
        for headers, status in ((bearer(expires_in=-1000), 401), (bearer("other"), 403)):
            assert way("/orders", {**headers, "x-key": "right"}).status == status


def test_what_another_auth_object_refuses_is_ninjas_affair(
    way: Way, options: Options, bearer: HeadersOf
) -> None:
    api = new_api(auth=Key())
    api.get("/orders")(operation)

    @api.get("/raises", auth=[Bearer(), Key()])
    def raises(request: HttpRequest) -> Any:
        raise AuthenticationError(message="Log in anew.")

    with serving(api, options()):
        refused = way("/orders", bearer())
        assert (refused.status, refused.body) == (401, b'{"detail": "Unauthorized"}')
        assert refused.header("www-authenticate") is None
        for headers in (bearer(), {"x-key": "right"}):
            assert way("/raises", headers).body == b'{"detail": "Log in anew."}'


def test_each_guard_answers_for_itself(
    way: Way, options: Options, server: AuthorizationServer, bearer: HeadersOf
) -> None:
    class PartnerBearer(Bearer):
        """Another name in the document."""

    with (
        server.http_client() as client,
        Guard(
            audience="partner-api",
            issuers=[Issuer(server.issuer)],
            realm="partners",
            http_client=client,
        ) as partners,
    ):
        partner = PartnerBearer(partners)
        assert partner.guard is partners
        api = new_api(auth=Bearer())
        api.get("/orders")(operation)
        api.get("/partners", auth=partner.require_scopes("a"))(operation)
        with serving(api, options()):
            good = bearer("a", audience="partner-api")
            assert way("/partners", good).status == 200
            assert way("/orders", good).status == 401
            refused = way("/partners", bearer("a"))
            assert (refused.header("www-authenticate") or "").startswith('Bearer realm="partners"')
            missing = way("/partners").header("www-authenticate")
            assert missing == 'Bearer realm="partners", scope="a"'


# A project's own handlers


def test_a_projects_own_handler_answers_in_its_own_words(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool
) -> None:
    api = new_api(auth=Bearer())
    api.get("/orders")(both(operation, is_async))

    @api.exception_handler(BearerError)
    def mine(request: HttpRequest, error: BearerError) -> HttpResponse:
        return HttpResponse(error.reason, status=418)

    with serving(api, options()):
        assert way("/orders").body == b"token_missing"
        assert way("/orders", bearer(expires_in=-1000)).body == b"expired"

    @api.exception_handler(InvalidToken)
    def narrower(request: HttpRequest, error: InvalidToken) -> HttpResponse:
        return HttpResponse("narrower", status=419)

    with serving(api, options()):
        assert way("/orders").status == 418
        assert way("/orders", bearer(expires_in=-1000)).status == 419


def test_ninjas_own_errors_are_answered_as_ever(
    way: Way, options: Options, bearer: HeadersOf
) -> None:
    api = new_api(auth=Bearer())

    @api.get("/orders/{number}")
    def order(request: HttpRequest, number: int) -> Any:
        return {"number": number}

    with serving(api, options()):
        assert way("/orders/1", bearer()).body == b'{"number": 1}'
        assert way("/orders/x", bearer()).status == 422
        # Nobody learns what is wrong with a request before they are let in.
        assert way("/orders/x").status == 401


# ninja's own NinjaAPI


def test_ninjas_own_api_takes_one_line(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool
) -> None:
    api = new_api(ninja.NinjaAPI, auth=Bearer())
    api.get("/orders")(both(operation, is_async))
    api.add_exception_handler(BearerError, answer)
    with serving(api, options()):
        refused = way("/orders", bearer(expires_in=-1000))
        assert refused.status == 401
        assert 'error="invalid_token"' in (refused.header("www-authenticate") or "")
        # ninja itself says that nothing let a request in.
        assert way("/orders").body == b'{"detail": "Unauthorized"}'


def test_without_that_line_the_middleware_answers(
    way: Way, options: Options, bearer: HeadersOf, is_async: bool
) -> None:
    guarded = Bearer()
    api = new_api(ninja.NinjaAPI, auth=guarded.require_scopes("read"))
    api.get("/orders")(both(operation, is_async))
    with serving(api, options(), [BEARER]):
        assert way("/orders", bearer("other")).status == 403


def test_without_either_the_error_says_what_to_write(
    way: Way, options: Options, bearer: HeadersOf
) -> None:
    api = new_api(ninja.NinjaAPI, auth=Bearer())
    api.get("/orders")(operation)
    with serving(api, options(), DEBUG=True):
        answered = way("/orders", bearer(expires_in=-1000))
        assert answered.status == 500
        assert b"make the API with bearer_guard.ninja.NinjaAPI" in answered.body


# Users of Django's


def of_token(token: AccessToken) -> Any:
    """Ivy has left."""
    return SimpleNamespace(name=token.subject, is_active=token.subject != "ivy")


def test_request_user_is_whom_the_setting_finds(
    way: Way, options: Options, bearer: HeadersOf
) -> None:
    api = new_api(auth=Bearer())

    @api.get("/sync")
    def name(request: HttpRequest) -> Any:
        return getattr(request.user, "name", None)

    @api.get("/async")
    async def name_async(request: HttpRequest) -> Any:
        return getattr(await request.auser(), "name", None)

    for middleware in ([], [BEARER]):
        with serving(api, options(), middleware, BEARER_GUARD_USER=of_token):
            for where in ("/sync", "/async"):
                assert way(where, bearer(subject="alice")).body == b'"alice"'
                refused = way(where, bearer(subject="ivy"))
                assert refused.status == 401
                assert 'error="invalid_token"' in (refused.header("www-authenticate") or "")


# Mistakes


def test_tokens_in_queries_take_the_middleware(
    way: Way, options: Options, bearer: HeadersOf
) -> None:
    token = bearer()["authorization"].removeprefix("Bearer ")
    api = new_api(auth=Bearer())
    api.get("/orders")(operation)
    with serving(api, options(query_parameter=True), [BEARER]):
        found = way(f"/orders?access_token={token}")
        assert (found.status, found.header("cache-control")) == (200, "private")
    with serving(api, options(query_parameter=True)):
        # The plain one will do.
        app = AsgiMiddleware(ASGI.handler(), conf.guard())
        found = ASGI.ask(app, f"/orders?access_token={token}")
        assert (found.status, found.header("cache-control")) == (200, "private")
    with (
        serving(api, options(query_parameter=True), DEBUG_PROPAGATE_EXCEPTIONS=True),
        pytest.raises(ImproperlyConfigured, match="takes the middleware: write into the settings"),
    ):
        WSGI(f"/orders?access_token={token}")


def test_without_ninja_one_sentence_says_what_to_install() -> None:
    script = """
import sys
sys.modules["ninja"] = None
try:
    import bearer_guard.ninja
except ImportError as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "bearer_guard.ninja needs Django Ninja: install bearer-guard[ninja]\n"
