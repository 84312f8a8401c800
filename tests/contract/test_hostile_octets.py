"""Requests that one server, proxy or framework reads otherwise than the next."""

from __future__ import annotations

import json

import pytest

from adapters.real_servers import exchange


@pytest.fixture(params=["uvicorn", "gunicorn"])
def port(request: pytest.FixtureRequest) -> int:
    port: int = request.getfixturevalue(request.param)
    return port


def status_of(answer: bytes) -> int:
    """0 for a server that hung up without a word."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def ask(port: int, lines: str, target: str = "/", after: str = "") -> bytes:
    request = f"GET {target} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n{lines}\r\n\r\n{after}"
    return exchange(port, request.encode("latin-1"))


NOT_THE_FIELD = [
    "Authorization : Bearer {good}",
    "Authorization\t: Bearer {good}",
    "Authorization\x00: Bearer {good}",
    "Authorization_: Bearer {good}",
    "Authorizatio\xf1: Bearer {good}",
    "X-Authorization: Bearer {good}",
    "Proxy-Authorization: Bearer {good}",
    "HTTP_AUTHORIZATION: Bearer {good}",
    "HTTP-AUTHORIZATION: Bearer {good}",
    "bearer_guard.token: {good}",
    "Cookie: access_token={good}; Authorization=Bearer {good}",
    "X: y\nAuthorization: Bearer {good}\x00",
    "Authorization: Bearer\t{good}",
    "Authorization: Bearer {good}\x00",
    "Authorization: Bearer {good}\x0b",
    "Authorization: Bearer {good}\x7f",
    "Authorization: Bearer {good}\xa0",
    "Authorization: Bearer\xa0{good}",
    "Authorization: Bearer {good},",
    "Authorization: Bearer {good};",
    "Authorization: Bearer {good}, Bearer",
    "Authorization: Bearer, Bearer {good}",
    "Authorization: \u00a0Bearer {good}",
    "Authorization: Bearer {good}\r\nAuthorization: Bearer {good}",
    "Authorization: Bearer {good}\r\nAUTHORIZATION:",
    "Authorization:\r\nAuthorization: Bearer {good}",
    "Authorization: Bearer {good}\r\nauthorization: Basic eDp5",
]


@pytest.mark.parametrize("lines", NOT_THE_FIELD)
def test_a_good_token_in_a_doubtful_field_opens_nothing(
    port: int, words: dict[str, str], lines: str
) -> None:
    """Refused by the server or by the guard; never let in, and never a crash."""
    answer = ask(port, lines.replace("{good}", words["good"]))
    assert status_of(answer) in (0, 400, 401), answer[:200]


@pytest.mark.parametrize("where", ["uvicorn_h11", "gunicorn"])
def test_a_trailer_is_no_header(
    request: pytest.FixtureRequest, words: dict[str, str], where: str
) -> None:
    """RFC 9110 section 6.5.1: credentials do not come after the content.

    uvicorn on httptools hands trailers on as headers, and no application can tell them apart.
    """
    after = f"0\r\nAuthorization: Bearer {words['good']}\r\n\r\n"
    lines = "Transfer-Encoding: chunked\r\nTrailer: Authorization"
    answer = ask(request.getfixturevalue(where), lines, after=after)
    assert status_of(answer) in (400, 401)


def test_a_second_request_on_the_connection_has_no_token_of_the_first(
    port: int, words: dict[str, str]
) -> None:
    first = f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {words['good']}\r\n\r\n"
    second = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = exchange(port, (first + second).encode())
    assert answer.startswith(b"HTTP/1.1 200 ")
    # gunicorn's threads do not pipeline: the second may be dropped, but never let in.
    assert answer.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize(
    "target",
    [
        "/health/..%2forders", "/public/..%2forders", "/public/..%00/orders",
        "/public/%2e%2e/orders", "/public/.%2e/orders", "/public/%252e%252e%252forders",
        "/public/%c0%ae%c0%ae/orders", "/public/..%5corders", "/public//..//orders",
        "//health/../orders", "///health", "/./health", "/health%20", "/health;a=b", "/health%3F",
        "/health%23", "/%68ealth/", "/public%2f..%2forders",
        "http://evil.example/orders", "http://evil.example/public/../orders",
        "http://evil.example//health", "*", "?/health", "/orders?/health", "/orders#/health",
    ],
)  # fmt: skip
def test_only_what_is_public_is_public(port: int, target: str) -> None:
    """If anything is let in without a token, then the application saw a public path itself."""
    answer = ask(port, "X: y", target)
    status = status_of(answer)
    assert status in (0, 200, 400, 401), answer[:200]
    if status == 200:
        path = json.loads(answer.partition(b"\r\n\r\n")[2])["path"]
        segments = path.split("/")
        assert path == "/health" or segments[:2] == ["", "public"], path
        assert ".." not in segments
        assert "orders" not in segments


@pytest.mark.parametrize(
    "lines",
    [
        "SCRIPT_NAME: /health", "SCRIPT-NAME: /health", "PATH_INFO: /health", "PATH-INFO: /health",
        "Raw-Uri: /health", "Request-Uri: /health", "X-Original-URL: /health",
        "X-Rewrite-URL: /health", "X-Forwarded-Prefix: /health", "X-Script-Name: /orders",
        "X-HTTP-Method-Override: OPTIONS", "X-Forwarded-Path: /health", "Host: api/health?",
        "Origin: https://a.example", "Access-Control-Request-Method: GET",
        "REQUEST_METHOD: OPTIONS\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: GET",
        "Access_Control_Request_Method: GET\r\nORIGIN_: https://a.example",
    ],
)  # fmt: skip
def test_no_header_makes_a_request_a_public_one(port: int, lines: str) -> None:
    """gunicorn calls a ``SCRIPT_NAME`` from a trusted proxy that does not fit its own mistake."""
    answer = ask(port, lines, "/orders")
    assert status_of(answer) in (0, 400, 401) or b"SCRIPT_NAME" in answer, answer[:200]


@pytest.mark.parametrize(
    "lines",
    ["Access_Control_Request_Method: GET\r\nOrigin: https://a.example", "Origin: https://a.example",
     "Access-Control-Request-Method: GET\r\nORIGIN_: https://a.example", "X: y"],
)  # fmt: skip
def test_only_a_preflight_is_a_preflight(port: int, lines: str) -> None:
    request = f"OPTIONS /orders HTTP/1.1\r\nHost: api\r\nConnection: close\r\n{lines}\r\n\r\n"
    assert status_of(exchange(port, request.encode())) == 401


@pytest.mark.parametrize("method", ["get", "Get", "OPTIONS ", "HEAD\t", "BREW", "post"])
def test_no_odd_method_comes_in_without_a_token(port: int, method: str) -> None:
    request = f"{method} /orders HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n"
    assert status_of(exchange(port, request.encode())) in (0, 400, 401, 405, 501)


def test_an_old_request_is_guarded_too(port: int, words: dict[str, str]) -> None:
    for fields, status in (("", 401), (f"Authorization: Bearer {words['good']}\r\n", 200)):
        assert status_of(exchange(port, f"GET / HTTP/1.0\r\n{fields}\r\n".encode())) == status


def test_neither_token_nor_reason_comes_back(port: int, words: dict[str, str]) -> None:
    """The client reads fixed sentences: what decided is for the operator alone."""
    for name, token in words.items():
        answer = ask(port, f"Authorization: Bearer {token}")
        assert token.encode() not in answer, name
        for word in (b"issuer", b"audience", b"kid", b"alg", b"signature", b"Traceback"):
            assert word not in answer.lower(), (name, word)
