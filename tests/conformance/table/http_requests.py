"""Preflights, spoofed fields, odd octets and WebSocket handshakes."""

from __future__ import annotations

from typing import Any

from conformance.rows import ASGI, PLAIN, WIRE, Build, Row, bearer, one, request, rows
from conformance.table.http import OPEN
from conformance.verdicts import (
    INVALID,
    LET_IN,
    MALFORMED,
    MISSING,
    PUBLIC,
    ServerRefuses,
)  # fmt: skip
from conformance.world import Setting

NO_PREFLIGHT = Setting(guard={"preflight": False})

PREFLIGHT = (("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET"))
PREFLIGHTS = [
    one("a preflight passes", lambda w: request("OPTIONS", "/orders", *PREFLIGHT), PUBLIC, at_most=0),
    one("a preflight with wished headers passes", lambda w: request(
        "OPTIONS", "/orders", *PREFLIGHT, ("Access-Control-Request-Headers", "authorization")), PUBLIC, at_most=0),
    one("a preflight of origin null passes", lambda w: request("OPTIONS", "/x", ("Origin", "null"), PREFLIGHT[1]), PUBLIC),
    one("a preflight where preflights do not pass needs a token", lambda w: request("OPTIONS", "/orders", *PREFLIGHT),
        MISSING, setting=NO_PREFLIGHT),
    one("OPTIONS with Origin alone needs a token", lambda w: request("OPTIONS", "/orders", PREFLIGHT[0]), MISSING),
    one("OPTIONS with Access-Control-Request-Method alone needs a token", lambda w: request("OPTIONS", "/orders", PREFLIGHT[1]), MISSING),
    one("OPTIONS with a good token is let in", lambda w: bearer(w.jwt(), method="OPTIONS"), LET_IN),
    *(one(f"{method} dressed as a preflight needs a token", lambda w, method=method: request(method, "/orders", *PREFLIGHT), MISSING)
      for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")),
    *(one(f"{name} does not turn a GET into a preflight", lambda w, name=name: request(
        "GET", "/orders", *PREFLIGHT, (name, "OPTIONS")), MISSING)
      for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method")),
    one("X-HTTP-Method-Override does not turn a preflight around", lambda w: request(
        "OPTIONS", "/orders", *PREFLIGHT, ("X-HTTP-Method-Override", "GET")), PUBLIC),
    one("a cross-origin GET with a good token is let in", lambda w: request(
        "GET", "/orders", PREFLIGHT[0], ("Authorization", "Bearer " + w.jwt())), LET_IN),
]  # fmt: skip

SPOOFS = [
    one(f"{name}: {value} opens nothing", lambda w, name=name, value=value: request("GET", "/orders", (name, value)), MISSING,
        setting=OPEN, at_most=0)
    for name, value in (
        ("X-Original-URL", "/health"), ("X-Rewrite-URL", "/health"), ("X-Forwarded-Path", "/health"), ("X-Forwarded-Prefix", "/orders"),
        ("X-Script-Name", "/orders"), ("Script-Name", "/orders"), ("X-Forwarded-Uri", "/health"), ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Host", "localhost"), ("X-Forwarded-Proto", "https"), ("X-Real-IP", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"),
        ("X-Remote-User", "admin"), ("Remote-User", "admin"), ("X-Authenticated-User", "admin"), ("X-User", "admin"),
        ("X-Internal", "true"), ("X-Bearer-Guard", "off"), ("Client-Cert", ":MIIB:"), ("X-SSL-Client-Cert", "MIIB"), ("Via", "1.1 x"),
        ("From", "admin@example.com"), ("Upgrade", "h2c"), ("Connection", "authorization"), ("Connection", "close, Authorization"),
        ("bearer_guard.token", "x"), ("Bearer-Guard-Token", "x"), ("Path-Info", "/health"), ("Raw-Uri", "/health"), ("Request-Uri", "/health"),
        ("Origin", "https://api.example.com"), ("Referer", "https://api.example.com/"), ("User-Agent", "kube-probe/1.29"), ("Purpose", "prefetch"),
    )
] + [
    one(f"{name}: {value} beside a good token does no harm", lambda w, name=name, value=value: request(
        "GET", "/orders", ("Authorization", "Bearer " + w.jwt()), (name, value)), LET_IN)
    for name, value in (
        ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example"), ("Cookie", "a=b; c=d"), ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, br"), ("Content-Type", "application/json"), ("If-None-Match", '"x"'), ("Range", "bytes=0-1"),
        ("X-Long", "y" * 4000), ("Via", "1.1 proxy"), ("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("Client-Cert", ":MIIB:"), ("User-Agent", "curl/8"), ("Accept-Language", "de"), ("Cache-Control", "no-cache"),
    )
]  # fmt: skip


# uvicorn's httptools protocol appends trailers to the scope's headers: nobody behind can tell.
TRAILERS = tuple(name for name in WIRE if name != "uvicorn_httptools")


def written(lines: bytes) -> Build:
    """Octets with GOOD for a good token."""
    return lambda world: lines.replace(b"GOOD", world.jwt().encode())


WRITTEN = [
    one(f"a request {name} is let in", written(octets), LET_IN, where=WIRE)
    for name, octets in {
        "with the field name in upper case": b"GET /o HTTP/1.1\r\nHost: x\r\nAUTHORIZATION: Bearer GOOD\r\n\r\n",
        "with the field name in mixed case": b"GET /o HTTP/1.1\r\nHost: x\r\naUtHoRiZaTiOn: Bearer GOOD\r\n\r\n",
        "with no space after the colon": b"GET /o HTTP/1.1\r\nHost: x\r\nAuthorization:Bearer GOOD\r\n\r\n",
        "with many spaces after the colon": b"GET /o HTTP/1.1\r\nHost: x\r\nAuthorization:      Bearer GOOD   \r\n\r\n",
        "with a tab after the colon": b"GET /o HTTP/1.1\r\nHost: x\r\nAuthorization:\tBearer GOOD\r\n\r\n",
        "with the token first": b"GET /o HTTP/1.1\r\nAuthorization: Bearer GOOD\r\nHost: x\r\n\r\n",
        "with a hundred other fields": b"GET /o HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(90)) + b"Authorization: Bearer GOOD\r\n\r\n",
        "with Connection: close": b"GET /o HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer GOOD\r\n\r\n",
        "by HTTP/1.0": b"GET /o HTTP/1.0\r\nAuthorization: Bearer GOOD\r\n\r\n",
        "with a body in chunks": b"POST /o HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer GOOD\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "with a body and Expect": b"POST /o HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\nAuthorization: Bearer GOOD\r\n\r\nabc",
        "with a GET body": b"GET /o HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nAuthorization: Bearer GOOD\r\n\r\nabc",
        "with an odd Host": b"GET /o HTTP/1.1\r\nHost: evil.example:99\r\nAuthorization: Bearer GOOD\r\n\r\n",
    }.items()
] + [
    one(f"a request {name} opens nothing", written(octets), ServerRefuses(verdict), where=where, at_most=1)
    for name, octets, verdict, where in (
        ("with a space before the colon", b"GET /o HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer GOOD\r\n\r\n", MISSING, WIRE),
        ("with the token in a trailer", b"POST /o HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n3\r\nabc\r\n0\r\nAuthorization: Bearer GOOD\r\n\r\n", MISSING, TRAILERS),
        ("with a NUL in the field name", b"GET /o HTTP/1.1\r\nHost: x\r\nAuthor\0ization: Bearer GOOD\r\n\r\n", MISSING, WIRE),
        ("with an underscore for good measure", b"GET /o HTTP/1.1\r\nHost: x\r\nProxy_Authorization: Bearer GOOD\r\n\r\n", MISSING, WIRE),
        ("with a bad body length and no token", b"POST /o HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", MISSING, WIRE),
        ("with two body lengths and no token", b"POST /o HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", MISSING, WIRE),
        ("with length and chunks and no token", b"POST /o HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", MISSING, WIRE),
        ("with two Hosts and no token", b"GET /o HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", MISSING, WIRE),
        ("without Host and without token", b"GET /o HTTP/1.1\r\nX: y\r\n\r\n", MISSING, WIRE),
        ("with a smuggled second request", b"GET /o HTTP/1.1\r\nHost: x\r\nX: a\r\n\r\nGET /o HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer GOOD\r\n\r\n", MISSING, WIRE),
        ("with Expect and no token", b"POST /o HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", MISSING, WIRE),
        ("with a large body and no token", b"POST /o HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000, MISSING, WIRE),
    )
]  # fmt: skip

WS = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)


def websocket(
    sentence: str, verdict: Any, *headers: Any, target: str = "/ws", setting: Setting = PLAIN
) -> Row:
    return one(f"a WebSocket handshake {sentence}", lambda w: request(
        "GET", target, *WS, *((name, make(w)) for name, make in headers)), verdict, where=ASGI, setting=setting)  # fmt: skip


AUTH = "Authorization"
WEBSOCKETS = [
    websocket("without a token is refused before accept", MISSING),
    websocket("with a bad token is refused before accept", INVALID, (AUTH, lambda w: "Bearer x.y.z")),
    websocket("with malformed credentials is refused before accept", MALFORMED, (AUTH, lambda w: "Bearer a b")),
    websocket("with an expired token is refused before accept", INVALID.but(detail="The access token expired."),
              (AUTH, lambda w: "Bearer " + w.jwt({"exp": 1}))),
    websocket("with a token in the query is refused before accept", MISSING, target="/ws?access_token=x"),
    websocket("with a token as subprotocol is refused before accept", MISSING, ("Sec-WebSocket-Protocol", lambda w: "bearer, " + w.jwt())),
    websocket("dressed as a preflight is refused before accept", MISSING, *((n, lambda w, v=v: v) for n, v in PREFLIGHT)),
]  # fmt: skip


ROWS = rows("HTTP", PREFLIGHTS, SPOOFS, WRITTEN, WEBSOCKETS, everywhere=True)
