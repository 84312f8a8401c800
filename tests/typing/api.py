"""The public types, pinned. This file is never run: mypy (strict) and pyright read it.

A change that breaks a line here breaks somebody's type check. What must stay an error is marked
as one; where it is none any more, ``warn_unused_ignores`` says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, assert_type

import httpx
import ninja
from aiohttp import web
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views import View
from flask import Blueprint as FlaskBlueprint
from flask import Flask
from flask.views import MethodView
from litestar import Litestar
from litestar import Request as LitestarRequest
from litestar import Response as LitestarResponse
from litestar import WebSocket as LitestarWebSocket
from litestar import get as litestar_get
from litestar.di import NamedDependency
from litestar.types import Guard as LitestarGuard
from quart import Blueprint as QuartBlueprint
from quart import Quart
from rest_framework import permissions, viewsets
from rest_framework.request import Request as RestRequest
from rest_framework.response import Response as RestResponse
from rest_framework.views import APIView
from starlette.authentication import AuthCredentials
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import bearer_guard
from bearer_guard import (
    AccessToken,
    AuthorizationServerUnavailable,
    BearerError,
    Clock,
    Guard,
    InsufficientScope,
    Introspection,
    InvalidRequest,
    InvalidToken,
    Issuer,
    KeySetPolicy,
    MissingToken,
    Request,
    RequestView,
    Rule,
    SettingsError,
    Shared,
    UpstreamPolicy,
    beyond_identity,
)
from bearer_guard import aiohttp as guarded_aiohttp
from bearer_guard import asgi as guarded_asgi
from bearer_guard import django as guarded_django
from bearer_guard import flask as guarded_flask
from bearer_guard import litestar as guarded_litestar
from bearer_guard import ninja as guarded_ninja
from bearer_guard import quart as guarded_quart
from bearer_guard import rest_framework as guarded_rest
from bearer_guard import wsgi as guarded_wsgi
from bearer_guard._core.challenge import Refusal
from bearer_guard.django import conf as django_conf
from bearer_guard.django import request as django_requests
from bearer_guard.django import responses as django_responses
from bearer_guard.django.cache import DjangoCache
from bearer_guard.health import (
    CacheHealth,
    Health,
    IntrospectionHealth,
    IssuerHealth,
    KeySetHealth,
    KeySetState,
    TemplateHealth,
)
from bearer_guard.otel import instrument
from bearer_guard.readiness import AsgiReadiness, WsgiReadiness
from bearer_guard.settings import GuardSettings
from bearer_guard.shared import SharedStore
from bearer_guard.testing import ABSENT, AuthorizationServer, HandClock, SeenRequest, SigningKey

assert_type(bearer_guard.__version__, str)
assert_type(bearer_guard.__all__, list[str])


# Settings, as plainly as users write them


def token() -> str:
    return "t"


introspection = Introspection(
    "https://a.example/introspect",
    client_id="api",
    client_secret="s",
    auth_method="client_secret_post",
    cache_for=5,
    cache_inactive_for=0.5,
    cached_answers=100,
    grace_for=0.5,
    concurrent_calls=8,
    waiting_calls=0,
    failures_to_suspend=3,
)
assert_type(introspection, Introspection)
assert_type(introspection.endpoint, str | None)
assert_type(introspection.client_id, str | None)
assert_type(introspection.client_secret, str | None)
assert_type(introspection.auth_method, str)
assert_type(introspection.token, str | Callable[[], str] | None)
assert_type(introspection.cache_for, float)
assert_type(introspection.cache_inactive_for, float)
assert_type(introspection.cached_answers, int)
assert_type(introspection.grace_for, float)
assert_type(introspection.concurrent_calls, int)
assert_type(introspection.waiting_calls, int)
assert_type(introspection.failures_to_suspend, int)
Introspection(token="t")
Introspection(token=token)
Introspection(token=lambda: "t")

key_set = KeySetPolicy(
    fresh_for=600,
    fresh_at_least=60.5,
    fresh_at_most=86_400,
    refresh_at=0.8,
    jitter=0,
    usable_stale_for=3600,
    forced_fetches=2,
    forced_fetch_window=30,
    unknown_kid_memory=60,
    unknown_kids=128,
    failed_newcomers=100,
)
assert_type(key_set.fresh_for, float)
assert_type(key_set.fresh_at_least, float)
assert_type(key_set.fresh_at_most, float)
assert_type(key_set.refresh_at, float)
assert_type(key_set.jitter, float)
assert_type(key_set.usable_stale_for, float)
assert_type(key_set.forced_fetches, int)
assert_type(key_set.forced_fetch_window, float)
assert_type(key_set.unknown_kid_memory, float)
assert_type(key_set.unknown_kids, int)
assert_type(key_set.failed_newcomers, int)

upstream = UpstreamPolicy(
    connect_timeout=2, timeout=5.5, max_answer=1, retries=1, back_off=1, back_off_at_most=30
)
assert_type(upstream.connect_timeout, float)
assert_type(upstream.timeout, float)
assert_type(upstream.max_answer, int)
assert_type(upstream.retries, int)
assert_type(upstream.back_off, float)
assert_type(upstream.back_off_at_most, float)

issuer = Issuer(
    "https://a.example/{application}",
    introspection=introspection,
    audience="api",
    algorithms=["RS256"],
    profile="rfc9068",
    jwks_uri="https://a.example/keys",
    metadata_uri=None,
    parts={"application": ["a", "b"]},
    clients_instead_of_audience=["c"],
    required_claims={"token_use": ["access"]},
    claims_if_present={"tid": ("a",)},
    scope_claims=("scope",),
    scope_may_be_list=True,
    client_id_claims=["azp"],
    client_id_form="plain",
    grant_claims=["tier"],
    leeway=0.5,
    key_set=key_set,
    upstream=upstream,
    alias="a",
)
assert_type(issuer.issuer, str)
assert_type(issuer.introspection, Introspection | None)
assert_type(issuer.audience, Sequence[str] | str | None)
assert_type(issuer.algorithms, Sequence[str])
assert_type(issuer.profile, str)
assert_type(issuer.jwks_uri, str | None)
assert_type(issuer.metadata_uri, str | None)
assert_type(issuer.parts, Mapping[str, Sequence[str]])
assert_type(issuer.clients_instead_of_audience, Sequence[str])
assert_type(issuer.required_claims, Mapping[str, Sequence[str]])
assert_type(issuer.claims_if_present, Mapping[str, Sequence[str]])
assert_type(issuer.scope_claims, Sequence[str])
assert_type(issuer.scope_may_be_list, bool)
assert_type(issuer.client_id_claims, Sequence[str])
assert_type(issuer.client_id_form, str)
assert_type(issuer.grant_claims, Sequence[str])
assert_type(issuer.leeway, float)
assert_type(issuer.key_set, KeySetPolicy)
assert_type(issuer.upstream, UpstreamPolicy)
assert_type(issuer.alias, str | None)
# "required_claims" documents {"token_use": "access"}, one value without a list.
Issuer("https://a.example/", required_claims={"token_use": "access"})

rule = Rule("/orders/**", methods=("GET",), scopes=("orders:read",), any_scope=())
assert_type(rule.path, str)
assert_type(rule.methods, Sequence[str])
assert_type(rule.scopes, Sequence[str])
assert_type(rule.any_scope, Sequence[str])
# As the README and the messages of SettingsError write it.
Rule("/orders/**", scopes=["orders:read"])
Rule("/orders/**", methods=["GET"], any_scope=["orders:read", "admin"])
assert_type(Rule("/payments", introspect_every=0).introspect_every, float | None)
issuer_that_is_asked = Issuer(
    "https://a.example/", introspection=introspection, introspect_jwts_every=0.5
)
assert_type(issuer_that_is_asked.introspect_jwts_every, float | None)

preset = beyond_identity(
    "t",
    "r",
    region="eu",
    base_url=None,
    applications=["a"],
    client_id="api",
    client_secret="s",
    token=None,
    leeway=5,
)
assert_type(preset, Issuer)
assert_type(beyond_identity("t", "r", token=token), Issuer)


# The guard


class OwnClock:
    """A clock of the user's."""

    def time(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0


def expand(scopes: frozenset[str]) -> set[str]:
    return {*scopes}


client = httpx.Client()
guard = Guard(
    audience=["https://api.example.com"],
    issuers=(issuer, preset),
    required_scopes=["openid"],
    public=["/health"],
    rules=[rule],
    preflight=True,
    realm="api",
    resource_metadata=None,
    opaque_issuer="https://a.example/",
    query_parameter=False,
    form_parameter=False,
    websocket_protocol="bearer",
    websocket_renewal=True,
    end_streams_at_expiry=True,
    expand_scopes=expand,
    max_token_size=1,
    max_form_size=1,
    remembered_tokens=1,
    template_issuers=1,
    log_records=1,
    log_window=0.5,
    http_client=client,
    clock=OwnClock(),
)
assert_type(guard, Guard)
clock: Clock = OwnClock()
Guard(audience="a", issuers=[issuer], clock=HandClock())
Guard(audience="a", issuers=[issuer], expand_scopes=lambda scopes: [*scopes, "x"])

assert_type(guard.settings, GuardSettings)
assert_type(guard.settings.audience, Sequence[str] | str)
assert_type(guard.settings.issuers, Sequence[Issuer])
assert_type(guard.settings.rules, Sequence[Rule])
assert_type(guard.settings.realm, str)
assert_type(guard.settings.resource_metadata, str | None)
assert_type(guard.settings.websocket_protocol, str | None)
assert_type(guard.settings.for_middlewares_alone(), tuple[str, ...])
assert_type(guard.settings.expand_scopes, Callable[[frozenset[str]], Iterable[str]] | None)

assert_type(Guard.from_mapping({"audience": "a"}, clock=OwnClock()), Guard)
assert_type(Guard.from_toml("settings.toml"), Guard)
assert_type(Guard.from_toml(Path("settings.toml")), Guard)
assert_type(Guard.from_environment(), Guard)
assert_type(Guard.from_environment({"BEARER_GUARD_AUDIENCE": "a"}), Guard)


class OurGuard(Guard):
    """A subclass keeps its type."""


assert_type(OurGuard.from_mapping({}), OurGuard)
assert_type(OurGuard.from_environment(), OurGuard)
with guard as entered:
    assert_type(entered, Guard)

request = Request(
    "POST",
    "/orders?a=b",
    headers={"Authorization": "Bearer t"},
    form=b"",
    client_certificate=None,
)
Request(headers=[("A", "b")])


def of_a_view(view: RequestView) -> None:
    assert_type(view.method, str)
    assert_type(view.path, str)
    assert_type(view.raw_path, str)
    assert_type(view.query, bytes)
    assert_type(view.url, str)
    assert_type(view.client_certificate, bytes | None)
    assert_type(view.form, bytes)
    assert_type(view.header_values(b"authorization"), Sequence[bytes])
    assert_type(guard.authenticate(view), AccessToken)


of_a_view(request)
assert_type(request.header_values(b"authorization"), list[bytes])

assert_type(guard.authenticate(request), AccessToken)
assert_type(guard.check(request), AccessToken | None)
assert_type(guard.must_stay_private(request), bool)
assert_type(guard.forget("a"), None)
assert_type(guard.forget_subject("https://a.example/", "user-1"), None)
assert_type(guard.forget_all(), None)
assert_type(guard.close(), None)


# What operators see


async def at_the_start() -> None:
    """In a lifespan, or before the server."""
    assert_type(await guard.warm_up_async(), None)


assert_type(guard.warm_up(), None)
health = guard.health()
assert_type(health, Health)
assert_type(health.is_ready(["login"], fetched=True), bool)
assert_type(health.as_dict(), dict[str, Any])
assert_type(health.signatures, CacheHealth)
assert_type(health.signatures.hit_rate, float | None)
for each in health.issuers:
    assert_type(each, IssuerHealth)
    assert_type(each.state, KeySetState)
    assert_type(each.key_set, KeySetHealth | None)
    assert_type(each.template, TemplateHealth | None)
    assert_type(each.introspection, IntrospectionHealth | None)
ready: ASGIApp = AsgiReadiness(guard, aliases=["login"], fetched=True, detail=False)
assert_type(WsgiReadiness(guard), WsgiReadiness)
assert_type(instrument(guard), None)


async def on_a_loop() -> None:
    assert_type(await guard.authenticate_async(request), AccessToken)
    assert_type(await guard.check_async(request), AccessToken | None)
    assert_type(await guard.renew_async(access_token, request, "hello"), AccessToken | None)


access_token = guard.authenticate(request)
assert_type(access_token.issuer, str)
assert_type(access_token.subject, str | None)
assert_type(access_token.client_id, str | None)
assert_type(access_token.audience, tuple[str, ...])
assert_type(access_token.scopes, frozenset[str])
assert_type(access_token.expires_at, float | None)
assert_type(access_token.not_before, float | None)
assert_type(access_token.claims, dict[str, Any])
assert_type(access_token.has_scopes("a", "b"), bool)
assert_type(access_token.has_any_scope("a", "b"), bool)
assert_type(access_token.require_scopes("a"), None)
assert_type(access_token.require_any_scope("a"), None)
assert_type(guard.seconds_left(access_token), float | None)


# Errors

error: BearerError
for error in (
    MissingToken(),
    InvalidRequest("credentials_malformed"),
    InvalidToken("expired", claim="exp"),
    InsufficientScope(("a",)),
    AuthorizationServerUnavailable("upstream_timeout", retry_after=2, issuer="i"),
):
    assert_type(error.reason, str)
    assert_type(error.details, Mapping[str, object])
    assert_type(error.scopes, tuple[str, ...])
    refusal = guard.refusal(error)
    assert_type(refusal, Refusal)
    assert_type(refusal.status, int)
    assert_type(refusal.headers, tuple[tuple[str, str], ...])
    assert_type(refusal.body, bytes)
assert_type(AuthorizationServerUnavailable("r").retry_after, int)
value_error: ValueError = SettingsError("x")


# ASGI


async def asgi_app(scope: Scope, receive: Receive, send: Send) -> None:
    found = guarded_asgi.access_token(scope)
    assert_type(found, AccessToken)
    message: Message = await receive()
    await send(message)


middleware = guarded_asgi.BearerMiddleware(asgi_app, guard)
as_asgi: ASGIApp = middleware
outer = guarded_asgi.BearerMiddleware(guarded_asgi.BearerMiddleware(asgi_app, guard), guard)
assert_type(middleware.guard, Guard)
asgi_keys: tuple[str, str] = (guarded_asgi.KEY, guarded_asgi.GUARD_KEY)
assert_type(guarded_asgi.require_scopes("a", "b"), Callable[[ASGIApp], ASGIApp])


@guarded_asgi.require_scopes("a")
async def scoped_asgi_app(scope: Scope, receive: Receive, send: Send) -> None: ...


assert_type(scoped_asgi_app, ASGIApp)


async def call_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    calling: Awaitable[None] = middleware(scope, receive, send)
    await calling
    asgi_view: RequestView = guarded_asgi.AsgiRequest(scope, b"form")
    assert_type(await guard.authenticate_async(asgi_view), AccessToken)


user = guarded_asgi.BearerUser(access_token)
assert_type(user.token, AccessToken)
assert_type(user.is_authenticated, bool)
assert_type(user.display_name, str)
assert_type(user.identity, str)
credentials = AuthCredentials(["a"])


# WSGI


def wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    assert_type(guarded_wsgi.access_token(environ), AccessToken)
    return [b""]


wsgi_middleware = guarded_wsgi.BearerMiddleware(wsgi_app, guard)
wsgi_outer = guarded_wsgi.BearerMiddleware(wsgi_middleware, guard)
assert_type(wsgi_middleware.guard, Guard)
wsgi_keys: tuple[str, str] = (guarded_wsgi.KEY, guarded_wsgi.GUARD_KEY)


@guarded_wsgi.require_scopes("a")
def scoped_wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    return [b""]


guarded_wsgi.BearerMiddleware(scoped_wsgi_app, guard)
wsgi_view: RequestView = guarded_wsgi.WsgiRequest({}, b"form")


# Flask and Quart

flask_app = Flask("a")
flask_extension = guarded_flask.BearerGuard(flask_app, guard=guard)
assert_type(flask_extension, guarded_flask.BearerGuard)
assert_type(guarded_flask.BearerGuard().init_app(flask_app), None)
assert_type(guarded_flask.access_token(), AccessToken)
assert_type(guarded_flask.current_token, AccessToken)


@guarded_flask.require_scopes("a", "b")
def flask_view(number: int) -> str:
    return str(number)


@guarded_flask.require_any_scope("a", "b")
async def flask_async_view(number: int) -> str:
    return str(number)


@guarded_flask.require_scopes("a")
class FlaskClass(MethodView):
    """It stays a class."""


assert_type(flask_view(1), str)
flask_coroutine: Awaitable[str] = flask_async_view(1)
flask_class: type[MethodView] = FlaskClass
assert_type(guarded_flask.require_scopes("a")(FlaskBlueprint("a", "b")), FlaskBlueprint)

quart_app = Quart("a")
quart_extension = guarded_quart.BearerGuard(quart_app, guard=guard)
assert_type(quart_extension, guarded_quart.BearerGuard)
assert_type(guarded_quart.BearerGuard().init_app(quart_app), None)
assert_type(guarded_quart.access_token(), AccessToken)
assert_type(guarded_quart.current_token, AccessToken)


@guarded_quart.require_scopes("a")
async def quart_view(number: int) -> str:
    return str(number)


quart_coroutine: Awaitable[str] = quart_view(1)
assert_type(guarded_quart.require_any_scope("a")(QuartBlueprint("a", "b")), QuartBlueprint)


# Litestar

litestar_plugin = guarded_litestar.BearerPlugin(
    guard,
    dependency_key="token",
    authorization_url=None,
    token_url="https://a.example/token",
    refresh_url=None,
    openid_connect_url=None,
    scopes={"a": "See it"},
    scheme_name="Bearer",
    description=None,
)
assert_type(litestar_plugin.guard, Guard)
assert_type(guarded_litestar.require_scopes("a", "b"), LitestarGuard)
assert_type(guarded_litestar.require_any_scope("a", "b"), LitestarGuard)
AskedOfLitestar = LitestarRequest[guarded_asgi.BearerUser, AccessToken, Any]


@litestar_get("/", guards=[guarded_litestar.require_scopes("a")])
async def litestar_handler(request: AskedOfLitestar, token: NamedDependency[AccessToken]) -> str:
    assert_type(request.auth, AccessToken)
    assert_type(request.user, guarded_asgi.BearerUser)
    assert_type(guarded_litestar.access_token(request), AccessToken)
    return token.issuer


def of_litestar(
    socket: LitestarWebSocket[Any, Any, Any], request: LitestarRequest[Any, Any, Any]
) -> None:
    assert_type(guarded_litestar.access_token(socket), AccessToken)
    assert_type(guarded_litestar.answer(request, MissingToken()), LitestarResponse[bytes])


Litestar(
    [litestar_handler],
    plugins=[litestar_plugin],
    guards=[guarded_litestar.require_any_scope("a", "b")],
    exception_handlers={BearerError: guarded_litestar.answer},
)


# aiohttp

aiohttp_app = web.Application()
assert_type(guarded_aiohttp.setup(aiohttp_app, guard), None)
assert_type(guarded_aiohttp.KEY, web.RequestKey[AccessToken])
assert_type(guarded_aiohttp.GUARD_KEY, web.RequestKey[Guard])


@guarded_aiohttp.require_scopes("a", "b")
async def aiohttp_handler(request: web.Request) -> web.Response:
    assert_type(guarded_aiohttp.access_token(request), AccessToken)
    assert_type(request[guarded_aiohttp.KEY], AccessToken)
    return web.Response()


aiohttp_app.add_routes([web.get("/", aiohttp_handler)])


@guarded_aiohttp.require_any_scope("a", "b")
class AiohttpView(web.View):
    """A class stays one."""

    @guarded_aiohttp.require_scopes("a")
    async def get(self) -> web.Response:
        """So does a method."""
        return web.Response()


aiohttp_app.add_routes([web.view("/view", AiohttpView)])


def of_aiohttp(request: web.BaseRequest) -> None:
    aiohttp_view: RequestView = guarded_aiohttp.AiohttpRequest(request, b"form")
    assert_type(guard.authenticate(aiohttp_view), AccessToken)


# Django


@guarded_django.require_scopes("a", "b")
def django_view(request: HttpRequest, number: int) -> HttpResponse:
    assert_type(guarded_django.access_token(request), AccessToken)
    return HttpResponse(b"")


@guarded_django.require_any_scope("a", "b")
async def async_django_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"")


@guarded_django.require_scopes("a")
class DjangoView(View):
    """With every method guarded, and one more than the others."""

    @guarded_django.require_scopes("b")
    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"")


class MixedDjangoView(guarded_django.RequireScopesMixin, View):
    """As the documents write it."""

    required_scopes = ("orders:read",)
    required_any_scope: ClassVar = ["clerk", "admin"]


def of_djangos_cache() -> None:
    store: SharedStore = DjangoCache("default", trusted=True)
    Shared(store, secret="s" * 32)
    DjangoCache("default", True)  # type: ignore[call-arg]


def of_django(request: HttpRequest) -> None:
    assert_type(django_view(request, 1), HttpResponse)
    awaited: Awaitable[HttpResponse] = async_django_view(request)
    assert_type(django_patterns, list[URLPattern])
    assert_type(django_conf.guard(), Guard)
    assert_type(django_responses.response(request, MissingToken()), HttpResponse)
    django_request: RequestView = django_requests.DjangoRequest(request, guard)
    guard.check(django_request)
    guarded_django.BearerMiddleware(async_django_view)(request)
    assert awaited


django_patterns = [
    path("a", django_view),
    path("b", DjangoView.as_view()),
    path("c", MixedDjangoView.as_view(required_scopes=["a"])),
]


# Django REST framework


class RestOrders(APIView):
    """As the documents write it."""

    authentication_classes = (guarded_rest.BearerAuthentication,)
    permission_classes = (guarded_rest.HasScopes | permissions.IsAdminUser,)
    required_scopes = ("orders:read",)


class RestStock(viewsets.ViewSet):
    """With scopes by method, and of its own."""

    permission_classes = (guarded_rest.HasScopes, guarded_rest.has_scopes("a", "b"))
    required_any_scope: ClassVar = {"GET": ["clerk", "boss"]}


class OwnAuthentication(guarded_rest.BearerAuthentication):
    """With a guard and users of its own."""

    def get_guard(self) -> Guard:
        return guard

    def get_user(self, request: RestRequest, token: AccessToken) -> guarded_rest.TokenUser:
        return guarded_rest.TokenUser(token)


def of_rest_framework(request: RestRequest, refused: guarded_rest.Refused) -> None:
    assert_type(guarded_rest.has_scopes("a"), type[guarded_rest.HasScopes])
    assert_type(guarded_rest.has_any_scope("a", "b"), type[guarded_rest.HasScopes])
    answered = guarded_rest.exception_handler(refused, {"request": request})
    assert_type(answered, RestResponse | None)
    assert_type(refused.error, BearerError)
    assert_type(refused.status_code, int)
    assert_type(refused.auth_header, str | None)
    assert_type(refused.wait, int | None)
    rest_user = guarded_rest.TokenUser(access_token)
    assert_type(rest_user.token, AccessToken)
    assert_type(rest_user.pk, str)
    assert_type(rest_user.username, str)


# Django Ninja

ninja_bearer = guarded_ninja.Bearer(
    guard,
    authorization_url="https://a.example/authorize",
    token_url="https://a.example/token",
    refresh_url=None,
    openid_connect_url=None,
    scopes={"a": "b"},
    description="c",
)
assert_type(guarded_ninja.Bearer().guard, Guard)
assert_type(ninja_bearer.require_scopes("a").require_any_scope("b", "c"), guarded_ninja.Bearer)
ninja_api = guarded_ninja.NinjaAPI(auth=[ninja_bearer], title="a")
as_ninja_api: ninja.NinjaAPI = ninja_api


class PartnerBearer(guarded_ninja.Bearer):
    """A subclass keeps its type."""


assert_type(PartnerBearer().require_scopes("a"), PartnerBearer)


@ninja_api.get("/orders", auth=ninja_bearer.require_scopes("a"))
def ninja_operation(request: HttpRequest) -> str:
    assert_type(guarded_ninja.answer(request, MissingToken()), HttpResponse)
    return "a"


# Testing help

with AuthorizationServer(issuer_path="/a", algorithms=["ES256"]) as server:
    assert_type(server, AuthorizationServer)
    assert_type(server.issuer, str)
    assert_type(server.audience, str)
    assert_type(server.jwt(scope=["a"], subject="s", claims={"a": ABSENT}, expires_in=1), str)
    assert_type(server.opaque(client_id="c"), str)
    assert_type(server.id_token(), str)
    assert_type(server.tampered("a.b.c"), str)
    assert_type(server.revoke("t"), None)
    assert_type(server.count("/jwks"), int)
    assert_type(server.seen, list[SeenRequest])
    assert_type(server.signing_key(), SigningKey)
    assert_type(server.http_client(), httpx.Client)
hand_clock = HandClock(5)
assert_type(hand_clock.turn(1), None)
assert_type(hand_clock.time(), float)


# Misuse that a type checker must see

Guard("api", [issuer])  # type: ignore[call-arg]
Guard(audience="a")  # type: ignore[call-arg]
Guard(issuers=[issuer])  # type: ignore[call-arg]
Guard(audience=None, issuers=[issuer])  # type: ignore[arg-type]
Guard(audience="a", issuers=["https://a.example/"])  # type: ignore[list-item]
Guard(audience="a", issuers=issuer)  # type: ignore[arg-type]
Guard(audience="a", issuers=[issuer], verify=False)  # type: ignore[call-arg]
Guard(audience="a", issuers=[issuer], preflight="no")  # type: ignore[arg-type]
Guard(audience="a", issuers=[issuer], clock=5)  # type: ignore[arg-type]
Guard(audience="a", issuers=[issuer], http_client=httpx.Client)
Guard(audience="a", issuers=[issuer], http_client=lambda: httpx.Client(verify=False))
Guard(audience="a", issuers=[issuer], http_client=httpx.AsyncClient)  # type: ignore[arg-type]
Guard(audience="a", issuers=[issuer], http_client=httpx.AsyncClient())  # type: ignore[arg-type]
Guard(audience="a", issuers=[issuer], expand_scopes={"a": ["b"]})  # type: ignore[arg-type]
Issuer()  # type: ignore[call-arg]
Issuer("https://a.example/", introspection)  # type: ignore[call-arg]
Issuer("https://a.example/", leeway="60")  # type: ignore[arg-type]
Issuer("https://a.example/", introspection="https://a.example/")  # type: ignore[arg-type]
Introspection("https://a.example/", "api", "s")  # type: ignore[call-arg]
Introspection(token=5)  # type: ignore[arg-type]
KeySetPolicy(600)  # type: ignore[call-arg]
Rule("/a", ("a",))  # type: ignore[call-arg]
Rule("/a", scopes=5)  # type: ignore[arg-type]
beyond_identity("t")  # type: ignore[call-arg]
issuer.leeway = 5  # type: ignore[misc]
rule.path = "/b"  # type: ignore[misc]
InsufficientScope("a")  # type: ignore[arg-type]
InvalidToken()  # type: ignore[call-arg]
guard.authenticate({"Authorization": "Bearer t"})  # type: ignore[arg-type]
guard.authenticate("t")  # type: ignore[arg-type]
_ = guard.check(request).subject  # type: ignore[union-attr]
guard.refusal(ValueError())  # type: ignore[arg-type]
access_token.has_scopes(["a", "b"])  # type: ignore[arg-type]
_ = access_token.token  # type: ignore[attr-defined]
Request(headers={b"A": b"b"})  # type: ignore[arg-type]
_ = request.user  # type: ignore[attr-defined]
guarded_asgi.BearerMiddleware(asgi_app)  # type: ignore[call-arg]
guarded_asgi.BearerMiddleware(wsgi_app, guard)  # type: ignore[arg-type]
guarded_wsgi.BearerMiddleware(asgi_app, guard)  # type: ignore[arg-type]
guarded_asgi.require_scopes(["a"])  # type: ignore[arg-type]
guarded_litestar.BearerPlugin()  # type: ignore[call-arg]
guarded_litestar.BearerPlugin(guard, token_url=5)  # type: ignore[arg-type]
guarded_litestar.require_scopes(["a"])  # type: ignore[arg-type]
guarded_aiohttp.setup(guard, aiohttp_app)  # type: ignore[arg-type]
guarded_aiohttp.require_scopes(["a"])  # type: ignore[arg-type]
guarded_aiohttp.access_token(aiohttp_app)  # type: ignore[arg-type]
guarded_flask.BearerGuard(quart_app)  # type: ignore[arg-type]
guarded_flask.BearerGuard(flask_app, guard)  # type: ignore[call-arg]
guarded_flask.require_scopes("a")("/orders")  # type: ignore[type-var]
guarded_quart.BearerGuard(flask_app)  # type: ignore[arg-type]
guarded_django.require_scopes(["a"])  # type: ignore[arg-type]
guarded_django.require_scopes("a")("/orders")  # type: ignore[type-var]
guarded_django.access_token(scoped_asgi_app)  # type: ignore[arg-type]
guarded_rest.has_scopes(["a"])  # type: ignore[arg-type]
guarded_ninja.Bearer("https://a.example/")  # type: ignore[arg-type]
ninja_bearer.require_scopes(["a"])  # type: ignore[arg-type]


class Sub(AccessToken):  # type: ignore[misc]
    """It is final."""
