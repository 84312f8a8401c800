"""The table: a request, and what every application must answer. Nothing of it is asked of the
library."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from end_to_end.expectations import EXPIRED, INVALID, NO_TOKEN, UNAVAILABLE, Verdict, too_little

PREFLIGHT = (("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET"))
LARGE = 8 * 1024 * 1024
MALFORMED = Verdict(
    400,
    {
        "title": "Bad Request",
        "status": 400,
        "detail": "The credentials are malformed or sent twice.",
        "error": "invalid_request",
    },
    'Bearer realm="api", error="invalid_request", '
    'error_description="The credentials are malformed or sent twice."',
)
NOT_FOUND = {"error": "no such route"}
HEALTHY = {"status": "ok"}


def no_token(scope: str | None = None) -> Verdict:
    """Without credentials there is no error to speak of (RFC 6750 section 3.1)."""
    challenge = 'Bearer realm="api"' + (f', scope="{scope}"' if scope else "")
    return Verdict(401, NO_TOKEN.document, challenge)


class Row(NamedTuple):
    """A request, and its answer."""

    sentence: str
    answer: Verdict | int | None
    """A refusal to the octet; the status that the application gives; or ``None`` for any that is
    no refusal."""
    path: str = "/orders"
    method: str = "GET"
    token: str | None = None
    """The name of one of ``TOKENS``."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | int = b""
    """An ``int`` announces a body of so many octets and sends none of them."""
    says: Any = None
    """The JSON of an answer by the application, or a part of it."""


REFUSED = [
    Row("no token", no_token("orders:read")),
    Row("no token for a path of which a rule names the scope", no_token("admin:all"), "/admin/stock"),
    Row("no token for a method of which a rule names the scope", no_token("orders:write"), method="POST"),
    Row("another scheme", no_token("orders:read"), headers=(("Authorization", "Basic YTpi"),)),
    Row("credentials of two words", MALFORMED, headers=(("Authorization", "Bearer a b"),)),
    Row("the scheme alone", MALFORMED, headers=(("Authorization", "Bearer"),)),
    Row("a list of credentials", MALFORMED, headers=(("Authorization", "Bearer a, Bearer b"),)),
    Row("two Authorization headers", MALFORMED, token="reader", headers=(("Authorization", "Bearer a"),)),
    Row("a token in the query beside none", no_token("orders:read"), "/orders?access_token=reader"),
    Row("octets beyond ASCII", MALFORMED, headers=(("Authorization", "Bearer t\xe9"),)),
    Row("a token of 20 kB", INVALID, token="large"),
    Row("three parts that are no JWT", INVALID, headers=(("Authorization", "Bearer a.b.c"),)),
    Row("an expired token", EXPIRED, token="expired"),
    Row("a token that is not valid yet", INVALID, token="early"),
    Row("a token for another audience", INVALID, token="other_audience"),
    Row("a token of a stranger", INVALID, token="stranger"),
    Row("a forged signature", INVALID, token="forged"),
    Row("a signature that was changed", INVALID, token="tampered"),
    Row("no algorithm", INVALID, token="unsigned"),
    Row("an id token", INVALID, token="id_token"),
    Row("a logout token", INVALID, token="logout_token"),
    Row("a bound token", INVALID, token="bound"),
    Row("a made-up key id", INVALID, token="unknown_kid"),
    Row("an opaque token of nobody", INVALID, token="opaque_of_nobody"),
    Row("a revoked opaque token", INVALID, token="revoked"),
    Row("an opaque token for another audience", INVALID, token="opaque_elsewhere"),
    Row("a refresh token", INVALID, token="refresh_token"),
    Row("an issuer that is away", UNAVAILABLE, token="away"),
    Row("a scope too few, by a rule", too_little("admin:all"), "/admin/stock", token="reader"),
    Row("a scope too few, by the method", too_little("orders:write"), method="POST", token="reader"),
    Row("a writer does not read", too_little("orders:read"), token="writer"),
    Row("an opaque token with a scope too few", too_little("orders:read"), token="opaque_stranger"),
    Row("HEAD without a token", no_token("orders:read"), method="HEAD"),
    Row("HEAD with a scope too few", too_little("admin:all"), "/admin/stock", "HEAD", "reader"),
    Row("OPTIONS without a token", no_token("orders:write"), method="OPTIONS"),
    Row("an unknown route without a token", no_token(), "/nowhere"),
    Row("an unknown route with a bad token", EXPIRED, "/nowhere", token="expired"),
    Row("an unknown method without a token", no_token("orders:write"), method="DELETE"),
    Row("an unknown admin route with a scope too few", too_little("admin:all"), "/admin/x", token="reader"),
    Row("a handler that raises, without a token", no_token("orders:read"), "/orders/broken"),
    Row("a stream without a token", no_token("orders:read"), "/orders/export"),
    Row("a large upload without a token", no_token("orders:write"), method="POST", body=LARGE),
    Row("a large upload with a bad token", EXPIRED, method="POST", token="expired", body=LARGE),
    Row("a slash before a public path", no_token(), "//health"),
    Row("an escaped slash before a public path", no_token(), "/%2fhealth"),
    Row("out of a public path by dots", no_token(), "/health/../nowhere"),
    Row("out of a public path by escaped dots", no_token(), "/health/%2e%2e/nowhere"),
    Row("a longer name than a public path", no_token(), "/healthy"),
    Row("below a public path that covers itself alone", no_token(), "/health/x"),
    Row("a public path in other letters", no_token(), "/HEALTH"),
    Row("into the admin area by dots, which needs the scopes of every reading",
        too_little("admin:all orders:read"), "/orders/../admin/stock", token="reader"),
    Row("into the admin area by slashes", too_little("admin:all"), "//admin//stock", token="reader"),
    Row("the admin area with a slash behind", too_little("admin:all"), "/admin/stock/", token="reader"),
]  # fmt: skip

LET_IN = [
    Row("a good token", 200, token="reader", says={"orders": ["tea"]}),
    Row("the scheme in other letters", 200, token="reader shouted", says={"orders": ["tea"]}),
    Row("a good opaque token", 200, token="opaque", says={"orders": ["tea"]}),
    Row("a token by every algorithm: PS256", 200, token="ps256", says={"orders": ["tea"]}),
    Row("a token by every algorithm: ES256", 200, token="es256", says={"orders": ["tea"]}),
    Row("a token by every algorithm: EdDSA", 200, token="eddsa", says={"orders": ["tea"]}),
    Row("a body with its scope", 201, method="POST", token="writer", body=b"two pounds",
        says={"ordered": "two pounds"}),
    Row("an admin", 200, "/admin/stock", token="admin", says={"stock": {"tea": 3}}),
    Row("a stream", 200, "/orders/export", token="reader"),
    Row("HEAD", 200, method="HEAD", token="reader"),
    Row("a public path", 200, "/health", says=HEALTHY),
    Row("a public path with a bad token", 200, "/health", token="expired", says=HEALTHY),
    Row("a public path with two tokens", 200, "/health", token="reader",
        headers=(("Authorization", "Bearer a"),), says=HEALTHY),
    Row("a query", 200, "/orders?page=2", token="reader", says={"orders": ["tea"]}),
    Row("an unknown route", 404, "/nowhere", token="reader", says=NOT_FOUND),
    Row("an unknown method", 404, method="DELETE", token="writer", says=NOT_FOUND),
    Row("an unknown admin route", 404, "/admin/x", token="admin", says=NOT_FOUND),
    Row("a handler that raises", 500, "/orders/broken", token="reader"),
]  # fmt: skip

# What is behind the guard when it lets a preflight pass is the application's own affair.
PREFLIGHTS = [
    Row("a preflight", None, method="OPTIONS", headers=PREFLIGHT),
    Row("a preflight of an unknown route", None, "/nowhere", "OPTIONS", headers=PREFLIGHT),
]

# Starlette's Mount hands such a path on undivided: below one it is a path without a route.
NOT_MOUNTED = [
    Row("the admin area with a line feed behind", too_little("admin:all"), "/admin%0A", token="reader"),
]  # fmt: skip

ROWS = [*REFUSED, *LET_IN, *PREFLIGHTS, *NOT_MOUNTED]


def octets_of(row: Row, prefix: str, tokens: dict[str, str]) -> bytes:
    """The request as it is sent."""
    lines = [
        f"{row.method} {prefix}{row.path} HTTP/1.1",
        "Host: api.example.com",
        "Connection: close",
    ]
    if row.token is not None:
        name, _, shouted = row.token.partition(" ")
        lines.append(f"Authorization: {'BEARER' if shouted else 'Bearer'} {tokens[name]}")
    lines += [f"{name}: {value}" for name, value in row.headers]
    body = row.body
    length = body if isinstance(body, int) else len(body)
    if length:
        lines += [f"Content-Length: {length}", "Content-Type: text/plain"]
    head = "\r\n".join(lines).encode("latin-1")
    return head + b"\r\n\r\n" + (b"" if isinstance(body, int) else body)


def document(body: bytes) -> Any:
    """JSON, or nothing."""
    return json.loads(body) if body else None
