"""What the guard sees of an ASGI scope."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from adapters.asgi_wire import http_scope, websocket_scope
from bearer_guard.asgi import AsgiRequest
from bearer_guard.request import RequestView

CERTIFICATE = Path(__file__).with_name("client.pem").read_text("ascii")


def test_it_is_a_request_view() -> None:
    view: RequestView = AsgiRequest(http_scope("/a", method="post", headers={"X-Y": "z"}))
    assert (view.method, view.path, view.raw_path, view.query) == ("POST", "/a", "/a", b"")
    assert (view.form, view.client_certificate) == (b"", None)
    assert list(view.header_values(b"x-y")) == [b"z"]
    assert AsgiRequest(http_scope(), b"a=b").form == b"a=b"


def test_a_websocket_handshake_is_a_get() -> None:
    assert AsgiRequest(websocket_scope()).method == "GET"


def test_every_line_of_a_field_is_seen_in_order() -> None:
    request = AsgiRequest(http_scope(headers=[("A", "1"), ("B", "2"), ("a", "3"), ("aa", "4")]))
    assert request.header_values(b"a") == [b"1", b"3"]
    assert request.header_values(b"c") == []


def test_only_what_a_scope_must_have_is_needed() -> None:
    """ASGI 3.0, "HTTP connection scope": all other keys are optional."""
    request = AsgiRequest({"type": "http", "method": "GET", "path": "/a b", "headers": []})
    assert (request.path, request.raw_path, request.query) == ("/a b", "", b"")
    assert request.url == "http://localhost/a%20b"
    assert request.client_certificate is None


@pytest.mark.parametrize("absent", [{"raw_path": None}, {"server": None}, {"extensions": None}])
def test_an_optional_key_may_be_none(absent: dict[str, Any]) -> None:
    """ASGI types say ``Optional`` of each of these."""
    request = AsgiRequest(http_scope("/a", **absent))
    assert request.client_certificate is None
    assert request.url.endswith("/a")
    assert request.raw_path in ("/a", "")


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://192.0.2.1:8000/orders"),
        ({"query_string": b"a=%20b"}, "http://192.0.2.1:8000/orders?a=%20b"),
        ({"raw_path": b"/caf%C3%A9", "path": "/café"}, "http://192.0.2.1:8000/caf%C3%A9"),
        ({"raw_path": b"", "path": "/café"}, "http://192.0.2.1:8000/caf%C3%A9"),
        ({"scheme": "https", "server": ("api.example.com", 8443)}, "https://api.example.com:8443/orders"),
        ({"server": ("/run/api.sock", None)}, "http:///run/api.sock/orders"),
        ({"server": ("::1", 8000)}, "http://[::1]:8000/orders"),
    ],
)  # fmt: skip
def test_the_url_is_by_the_servers_own_address(changes: dict[str, Any], url: str) -> None:
    assert AsgiRequest({**http_scope("/orders"), **changes}).url == url


def test_no_header_changes_the_url() -> None:
    plain = AsgiRequest(http_scope()).url
    for name in ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"):
        assert AsgiRequest(http_scope(headers={name: "evil.example"})).url == plain


def test_the_path_is_the_one_that_starlette_routes_by() -> None:
    from starlette._utils import get_route_path

    for path in ("/", "", "/a", "/a/b", "/ab", "/a/", "/b/a", "//a"):
        for root in ("", "/", "/a", "/a/", "a", "/b"):
            scope = http_scope(path, root_path=root)
            assert AsgiRequest(scope).path == get_route_path(scope), (path, root)


def test_the_client_certificate_is_the_first_of_the_chain() -> None:
    der = ssl.PEM_cert_to_DER_cert(CERTIFICATE)
    for chain in ([CERTIFICATE], (CERTIFICATE, "not read")):
        extensions = {"tls": {"client_cert_chain": chain}}
        assert AsgiRequest(http_scope(extensions=extensions)).client_certificate == der
    for tls in ({}, {"client_cert_chain": []}, {"client_cert_chain": ()}):
        assert AsgiRequest(http_scope(extensions={"tls": tls})).client_certificate is None


def test_a_header_is_no_client_certificate() -> None:
    names = ("X-Client-Cert", "Client-Cert", "SSL_CLIENT_CERT", "X-SSL-Client-Cert")
    request = AsgiRequest(http_scope(headers=[(name, "MIIB") for name in names]))
    assert request.client_certificate is None
