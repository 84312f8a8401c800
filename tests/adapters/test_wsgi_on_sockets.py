"""The WSGI middleware on gunicorn."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from adapters.real_servers import exchange, on_gunicorn
from adapters.wsgi_served import FILE
from bearer_guard.testing import AuthorizationServer

Get = Callable[..., bytes]


@pytest.fixture(scope="module")
def issuing() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


@pytest.fixture(scope="module")
def port(issuing: AuthorizationServer) -> Iterator[int]:
    settings = {"BEARER_GUARD_AUDIENCE": issuing.audience, "BEARER_GUARD_ISSUERS": issuing.issuer}
    with on_gunicorn("adapters.wsgi_served:app()", **settings) as port:
        yield port


@pytest.fixture(scope="module")
def request_for(issuing: AuthorizationServer) -> Callable[[str], bytes]:
    token = issuing.jwt()

    def make(path: str) -> bytes:
        fields = f"Host: a\r\nConnection: close\r\nAuthorization: Bearer {token}"
        return f"GET {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode()

    return make


@pytest.fixture(scope="module")
def get(port: int, request_for: Callable[[str], bytes]) -> Get:
    return lambda path: exchange(port, request_for(path))


def test_it_guards(port: int, get: Get) -> None:
    answer = exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
    assert get("/").startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("expects", ["", "Expect: 100-continue\r\n"])
def test_a_large_upload_is_refused_before_it_is_sent(port: int, expects: str) -> None:
    """gunicorn says ``100 Continue`` by itself; the body is not waited for all the same."""
    head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n{expects}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(head.encode())
        answer = b""
        while b"problem+json" not in answer:
            chunk = connection.recv(65_536)
            assert chunk
            answer += chunk
    assert b"HTTP/1.1 401 " in answer


def test_a_stream_reaches_the_client_as_it_is_made(
    port: int, get: Get, request_for: Callable[[str], bytes]
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request_for("/stream"))
        seen = b""
        while b"first;" not in seen:
            seen += connection.recv(65_536)
        assert b"second;" not in seen
        get("/open")
        while chunk := connection.recv(65_536):
            seen += chunk
    assert b"second;" in seen


def test_a_file_goes_out_whole(get: Get) -> None:
    answer = get("/file")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert FILE[:4096] in answer
    assert len(answer) > len(FILE)


def test_a_generator_that_refuses_is_answered_for_and_each_body_closed_once(get: Get) -> None:
    before = get("/closed")
    assert get("/lazy").startswith(b"HTTP/1.1 403 Forbidden\r\n")
    late = get("/late")
    assert late.startswith(b"HTTP/1.1 200 ")
    assert not late.endswith(b"0\r\n\r\n")
    after = get("/closed")
    for name in (b"lazy", b"late"):
        assert after.count(name) - before.count(name) == 1
