"""What the guard sees of a WSGI environ."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import unquote

import pytest

from adapters.asgi_wire import http_scope
from adapters.test_asgi_request_view import CERTIFICATE
from adapters.wsgi_wire import environ
from bearer_guard.asgi import AsgiRequest
from bearer_guard.request import RequestView
from bearer_guard.wsgi import WsgiRequest


def test_it_is_a_request_view() -> None:
    view: RequestView = WsgiRequest(environ("/a", method="post", headers={"X-Y": "z"}))
    assert (view.method, view.path, view.raw_path, view.query) == ("POST", "/a", "", b"")
    assert (view.form, view.client_certificate) == (b"", None)
    assert list(view.header_values(b"x-y")) == [b"z"]
    assert WsgiRequest(environ(), b"a=b").form == b"a=b"


def test_only_what_an_environ_must_have_is_needed() -> None:
    """PEP 3333: PATH_INFO, QUERY_STRING and SCRIPT_NAME may be absent."""
    given = environ()
    for name in ("PATH_INFO", "QUERY_STRING", "SCRIPT_NAME"):
        del given[name]
    request = WsgiRequest(given)
    assert (request.path, request.raw_path, request.query) == ("", "", b"")
    assert request.url == "http://192.0.2.1:8000/"


def test_octets_come_out_of_latin_1() -> None:
    request = WsgiRequest(environ("/café", headers={"X-Y": "\xe9"}, QUERY_STRING="q=\xc3\xa9"))
    assert (request.path, request.query) == ("/café", "q=é".encode())
    assert request.header_values(b"x-y") == [b"\xe9"]


def test_a_field_is_one_line_and_no_field_is_none() -> None:
    request = WsgiRequest(environ(headers=[("A-B", "1"), ("a-b", "2")]))
    assert request.header_values(b"a-b") == [b"1,2"]
    assert request.header_values(b"c") == []
    assert WsgiRequest(environ(headers={"A": ""})).header_values(b"a") == [b""]


def test_the_two_fields_without_a_prefix() -> None:
    request = WsgiRequest(environ(CONTENT_TYPE="a/b", CONTENT_LENGTH="0", HTTP_CONTENT_TYPE="c/d"))
    assert request.header_values(b"content-type") == [b"a/b"]
    assert request.header_values(b"content-length") == [b"0"]


@pytest.mark.parametrize(
    ("variables", "raw_path"),
    [
        ({"RAW_URI": "/a%2Fb?c=%2F"}, "/a%2Fb"),
        ({"REQUEST_URI": "/a%2Fb?c=%2F"}, "/a%2Fb"),
        ({"RAW_URI": "/a", "REQUEST_URI": "/b"}, "/a"),
        ({"RAW_URI": "", "REQUEST_URI": "/b"}, "/b"),
        ({"REQUEST_URI": "?a"}, ""),
    ],
)
def test_the_path_as_it_was_sent(variables: dict[str, str], raw_path: str) -> None:
    assert WsgiRequest(environ("/a/b", **variables)).raw_path == raw_path


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://192.0.2.1:8000/orders"),
        ({"QUERY_STRING": "a=%20b"}, "http://192.0.2.1:8000/orders?a=%20b"),
        ({"SCRIPT_NAME": "/api"}, "http://192.0.2.1:8000/api/orders"),
        ({"wsgi.url_scheme": "https", "SERVER_NAME": "api.example.com", "SERVER_PORT": "8443"},
         "https://api.example.com:8443/orders"),
        ({"SERVER_NAME": "::1"}, "http://[::1]:8000/orders"),
        ({"PATH_INFO": "/caf\xc3\xa9"}, "http://192.0.2.1:8000/caf%C3%A9"),
        ({"PATH_INFO": "/a b"}, "http://192.0.2.1:8000/a%20b"),
    ],
)  # fmt: skip
def test_the_url_is_by_the_servers_own_address(changes: dict[str, Any], url: str) -> None:
    assert WsgiRequest(environ("/orders", **changes)).url == url


def test_no_header_changes_the_url() -> None:
    plain = WsgiRequest(environ()).url
    for name in ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"):
        assert WsgiRequest(environ(headers={name: "evil.example"})).url == plain


def test_looking_at_the_url_leaves_the_environ_alone() -> None:
    given = environ(headers={"Host": "api.example.com"})
    before = dict(given)
    assert WsgiRequest(given).url
    assert given == before


@pytest.mark.parametrize("path", ["/", "/a", "/a%20b", "/caf%C3%A9", "/a%3Fb", "/a;b=c,d:e@f"])
def test_both_adapters_name_a_request_by_the_same_url(path: str) -> None:
    """What a proof of possession would be compared with (RFC 9449 section 4.3)."""
    query = "a=b&c=%20"
    for scheme, port in (("http", 80), ("https", 443), ("http", 8000), ("https", 80)):
        for host in ("api.example.com", "192.0.2.1", "::1"):
            scope = http_scope(unquote(path), scheme=scheme, server=(host, port))
            scope |= {"raw_path": path.encode(), "query_string": query.encode()}
            given = environ(unquote(path), SERVER_NAME=host, SERVER_PORT=str(port))
            given |= {"wsgi.url_scheme": scheme, "QUERY_STRING": query}
            given["REQUEST_URI"] = f"{path}?{query}"
            assert AsgiRequest(scope).url == WsgiRequest(given).url


def test_the_client_certificate_is_the_servers_own_variable() -> None:
    der = ssl.PEM_cert_to_DER_cert(CERTIFICATE)
    assert WsgiRequest(environ(SSL_CLIENT_CERT=CERTIFICATE)).client_certificate == der
    assert WsgiRequest(environ(SSL_CLIENT_CERT="")).client_certificate is None


def test_a_header_is_no_client_certificate() -> None:
    names = ("X-Client-Cert", "Client-Cert", "SSL_CLIENT_CERT", "SSL-Client-Cert")
    request = WsgiRequest(environ(headers=[(name, CERTIFICATE) for name in names]))
    assert request.client_certificate is None
