"""What the guard sees of a request is what Django routes by, and what the client has sent."""

from __future__ import annotations

import ssl
from io import BytesIO
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from django_world import ASGI, BEARER, WSGI, HeadersOf, Options, Way, project, urls

from adapters import asgi_wire, wsgi_wire
from adapters.test_asgi_request_view import CERTIFICATE
from bearer_guard import RequestView
from bearer_guard.asgi import AsgiRequest
from bearer_guard.django import conf
from bearer_guard.django.request import DjangoRequest
from bearer_guard.wsgi import WsgiRequest


def shows(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.path_info.encode())


@pytest.fixture(autouse=True)
def guarded(options: Options, settings_override: Any) -> None:
    settings_override(BEARER_GUARD=options())


def of_wsgi(path: str = "/orders", **more: Any) -> DjangoRequest:
    return DjangoRequest(WSGIRequest(wsgi_wire.environ(path, **more)), conf.guard())


def of_asgi(path: str = "/orders", **more: Any) -> DjangoRequest:
    scope = asgi_wire.http_scope(path, **more)
    return DjangoRequest(ASGIRequest(scope, BytesIO()), conf.guard())


def test_it_is_a_request_view() -> None:
    for made in (
        of_wsgi("/a", method="post", headers={"X-Y": "z"}, QUERY_STRING="a=b"),
        of_asgi("/a", method="post", headers={"X-Y": "z"}, query_string=b"a=b"),
    ):
        view: RequestView = made
        assert (view.method, view.path, view.query, view.form) == ("POST", "/a", b"a=b", b"")
        assert (list(view.header_values(b"x-y")), view.client_certificate) == ([b"z"], None)


def test_the_path_as_it_was_sent() -> None:
    assert of_wsgi("/a/b", RAW_URI="/a%2Fb?c").raw_path == "/a%2Fb"
    assert of_wsgi("/a/b").raw_path == ""
    assert of_asgi("/a/b", raw_path=b"/a%2Fb").raw_path == "/a%2Fb"


@pytest.mark.parametrize("path", ["/", "/a b", "/café", "/東京", "/a//b", "//a"])
def test_a_path_is_decoded_as_django_decodes_it(path: str) -> None:
    assert of_wsgi(path).path == of_asgi(path).path == path


@pytest.mark.parametrize("path", ["/a", "/a%20b", "/caf%C3%A9", "/%E6%9D%B1", "/a%3Fb"])
def test_the_url_is_that_of_the_plain_middlewares(path: str) -> None:
    from urllib.parse import unquote

    more = {"SERVER_PORT": "443", "wsgi.url_scheme": "https", "QUERY_STRING": "a=%20"}
    for raw in ({}, {"RAW_URI": f"{path}?a=%20"}):
        plain = wsgi_wire.environ(unquote(path), SCRIPT_NAME="/api", **more, **raw)
        django = WSGIRequest({**plain, "wsgi.input": BytesIO()})
        assert DjangoRequest(django, conf.guard()).url == WsgiRequest(plain).url
    scope = asgi_wire.http_scope(unquote(path), raw_path=path.encode(), query_string=b"a=b")
    assert DjangoRequest(ASGIRequest(scope, BytesIO()), conf.guard()).url == AsgiRequest(scope).url


def test_under_asgi_repeated_header_lines_stay_apart() -> None:
    pairs = [("authorization", "Bearer a"), ("authorization", "Bearer b")]
    assert of_asgi(headers=pairs).header_values(b"authorization") == [b"Bearer a", b"Bearer b"]
    assert of_wsgi(headers=pairs).header_values(b"authorization") == [b"Bearer a,Bearer b"]


def test_a_client_certificate_is_the_servers_own_word() -> None:
    der = ssl.PEM_cert_to_DER_cert(CERTIFICATE)
    assert of_wsgi(SSL_CLIENT_CERT=CERTIFICATE).client_certificate == der
    tls = {"tls": {"client_cert_chain": [CERTIFICATE]}}
    assert of_asgi(extensions=tls).client_certificate == der
    named = {"SSL-Client-Cert": CERTIFICATE}
    assert of_wsgi(headers=named).client_certificate is None
    assert of_asgi(headers=named).client_certificate is None


def test_requests_of_djangos_factories_and_by_hand_are_seen_too() -> None:
    for made in (
        RequestFactory().post("/a?b=c", headers={"authorization": "Bearer x"}),
        AsyncRequestFactory().post("/a?b=c", headers={"authorization": "Bearer x"}),
    ):
        view = DjangoRequest(made, conf.guard())
        assert (view.method, view.path, view.query) == ("POST", "/a", b"b=c")
        assert view.header_values(b"authorization") == [b"Bearer x"]
    view = DjangoRequest(HttpRequest(), conf.guard())
    assert (view.method, view.path, view.raw_path, view.query) == ("GET", "", "", b"")
    assert view.header_values(b"authorization") == []


PUBLIC = {"public": ["/health", "/docs/**"], "rules": [{"path": "/shop/**", "scopes": ["shop"]}]}


def paged(request: HttpRequest, page: str = "") -> HttpResponse:
    return HttpResponse(request.path_info.encode())


@pytest.fixture
def shop(options: Options, settings_override: Any) -> None:
    names = ("health", "docs/<path:page>", "shop/<path:page>", "<path:page>")
    settings_override(
        BEARER_GUARD=options(**PUBLIC),
        MIDDLEWARE=[BEARER],
        ROOT_URLCONF=urls(**dict.fromkeys(names, paged)),
    )


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_rules_are_of_the_path_below_the_script_name(
    shop: None, bearer: HeadersOf, prefix: str
) -> None:
    def ask(path: str, headers: Any = ()) -> int:
        under_asgi = ASGI(f"{prefix}{path}", headers, root_path=prefix).status
        assert WSGI(path, headers, SCRIPT_NAME=prefix).status == under_asgi
        return under_asgi

    assert [ask("/health"), ask("/docs/a"), ask("/shop/a"), ask("/a")] == [200, 200, 401, 401]
    assert ask("/shop/a", bearer("shop")) == 200
    assert ask("/shop/a", bearer("other")) == 403
    assert ask("/a", bearer("other")) == 200


def test_a_script_name_by_a_setting_counts(shop: None, settings_override: Any) -> None:
    settings_override(FORCE_SCRIPT_NAME="/api")
    assert WSGI("/health").status == 200
    import django

    if django.VERSION >= (5, 0):
        # Before, Django under ASGI looked at root_path alone.
        assert ASGI("/api/health").status == 200
    assert ASGI("/api/orders").status == WSGI("/orders").status == 401


def test_a_path_that_only_begins_like_the_script_name_is_not_below_it(shop: None) -> None:
    assert ASGI("/apihealth", root_path="/api").status == 401


AMBIGUOUS = ["//health", "/docs//a", "/docs/../a", "/docs/./a", "/docs/a\\b", "/docs/%2fa"]


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_a_path_that_is_read_in_two_ways_is_not_public(shop: None, way: Way, path: str) -> None:
    assert way(path).status == 401


def test_an_escape_that_only_the_sent_path_shows_is_not_public(shop: None) -> None:
    assert WSGI("/docs/a/b", RAW_URI="/docs/a%2Fb").status == 401
    assert ASGI("/docs/a/b", raw_path=b"/docs/a%2Fb").status == 401


@pytest.mark.parametrize("octet", [b"\xff", b"\xc3", b"\x80"])
def test_octets_that_are_no_utf_8_are_not_public_and_need_their_rules_scopes(
    shop: None, bearer: HeadersOf, octet: bytes
) -> None:
    """Django escapes them again, the plain middleware replaces them."""
    for path, status in ((b"/docs/a", 200), (b"/docs/a" + octet, 401), (b"/shop/" + octet, 401)):
        assert WSGI(PATH_INFO=path.decode("latin-1")).status == status
        assert ASGI(path.decode("utf-8", "replace")).status == status
    for scope, status in (("shop", 200), ("other", 403)):
        path = (b"/shop/" + octet).decode("latin-1")
        assert WSGI(PATH_INFO=path, headers=bearer(scope)).status == status


class Moves:
    """A middleware that has Django route by another path, and do another method."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        request.path_info = request.path_info.removeprefix("/tenant")
        request.method = request.headers.get("x-http-method-override", request.method)
        return self.get_response(request)


def test_what_a_middleware_before_makes_of_a_request_is_what_counts(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    given = options(rules=[{"path": "/shop/**", "methods": ["DELETE"], "scopes": ["delete"]}])
    routes = urls(**{"shop/a": shows})
    with project(given, routes, [f"{__name__}.Moves", BEARER]):
        assert way("/tenant/shop/a", bearer("other")).body == b"/shop/a"
        deleting = {"x-http-method-override": "DELETE"}
        refused = way("/tenant/shop/a", {**bearer("other"), **deleting}, method="POST")
        assert refused.status == 403
        granted = way("/tenant/shop/a", {**bearer("delete"), **deleting}, method="POST")
        assert granted.status == 200


def test_a_missing_slash_is_told_to_those_alone_who_may_come_in(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    common = "django.middleware.common.CommonMiddleware"
    for middleware in ([common, BEARER], [BEARER, common]):
        with project(options(), urls(**{"shop/": shows}), middleware):
            assert way("/shop").status == 401
            moved = way("/shop", bearer())
            assert (moved.status, moved.header("location")) == (301, "/shop/")
            assert way("/shop/", bearer()).status == 200


def test_a_request_without_tls_is_sent_away_before_its_token_is_read(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    security = "django.middleware.security.SecurityMiddleware"
    with project(options(), urls(orders=shows), [security, BEARER], SECURE_SSL_REDIRECT=True):
        for headers in ({}, bearer(), bearer(expires_in=-1000)):
            assert way(headers=headers).status == 301


def test_languages_in_the_path_are_part_of_it(
    options: Options, bearer: HeadersOf, way: Way
) -> None:
    from django.conf.urls.i18n import i18n_patterns
    from django.urls import path

    routes = urls()
    routes.urlpatterns = i18n_patterns(path("orders", shows))
    locale = "django.middleware.locale.LocaleMiddleware"
    given = options(rules=[{"path": "/*/orders", "scopes": ["orders"]}])
    more = {"LANGUAGE_CODE": "en", "LANGUAGES": [("en", "English"), ("de", "German")]}
    with project(given, routes, [locale, BEARER], **more):
        assert way("/orders").status == 401
        assert way("/de/orders", bearer("other")).status == 403
        assert way("/de/orders", bearer("orders")).status == 200
        moved = way("/orders", bearer("other"))
        assert (moved.status, moved.header("location")) == (302, "/en/orders")


class MovesBehind(Moves):
    """The same, for middleware that Django calls after ours."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)


PREFLIGHT = {"origin": "https://a.example", "access-control-request-method": "GET"}


@pytest.mark.parametrize("behind", ["Moves", "MovesBehind"])
def test_what_a_middleware_behind_makes_of_a_request_is_judged_anew(
    options: Options, bearer: HeadersOf, way: Way, behind: str
) -> None:
    rules = [{"path": "/shop/**", "methods": ["DELETE"], "scopes": ["delete"]}]
    given = options(public=["/tenant/**"], rules=rules)
    deleting = {"x-http-method-override": "DELETE"}
    with project(given, urls(**{"shop/a": tells}), [BEARER, f"{__name__}.{behind}"]):
        # Let in as a preflight, as a public path, as a POST: none of them is what it was then.
        assert way("/shop/a", {**PREFLIGHT, **deleting}, method="OPTIONS").status == 401
        assert way("/tenant/shop/a").status == 401
        assert way("/shop/a", {**bearer("other"), **deleting}, method="POST").status == 403
        granted = way("/shop/a", {**bearer("delete"), **deleting}, method="POST")
        assert (granted.status, granted.body) == (200, b"DELETE delete")
        found_late = way("/tenant/shop/a", bearer("other"))
        assert (found_late.body, found_late.header("vary")) == (b"GET other", "Authorization")


def tells(request: Any) -> HttpResponse:
    return HttpResponse(f"{request.method} {' '.join(request.access_token.scopes)}")
