"""Methods, paths, preflights and the odd ways of writing a request (RFC 9110, RFC 9112, Fetch)."""

from __future__ import annotations

from typing import Any

from bearer_guard import Rule
from conformance.rows import EVERYWHERE, WIRE, Row, bearer, one, request, rows
from conformance.verdicts import (
    INVALID,
    LET_IN,
    MALFORMED,
    MISSING,
    PUBLIC,
    ServerRefuses,
    Verdict,
)  # fmt: skip
from conformance.world import Setting

OPEN = Setting(
    guard={
        "public": ["/", "/health", "/docs/**", "/files/*/readme", "/open/"],
        "rules": [Rule("/docs/secret/**", scopes=["docs"])],
    }
)
METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "REPORT",
    "LINK",
    "PURGE",
)


def by_method(method: str) -> list[Row]:
    theirs = method not in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    wrap: Any = ServerRefuses if theirs else lambda verdict: verdict
    return [
        one(f"{method} without a token", lambda w: request(method), wrap(MISSING), at_most=0),
        one(
            f"{method} with a bad token",
            lambda w: bearer("x.y.z", method=method),
            wrap(INVALID),
            at_most=0,
        ),
        one(
            f"{method} with malformed credentials",
            lambda w: bearer("a b", method=method),
            wrap(MALFORMED),
            at_most=0,
        ),
        one(f"{method} with a good token", lambda w: bearer(w.jwt(), method=method), wrap(LET_IN)),
    ]


def path(
    target: str,
    verdict: Verdict,
    *,
    theirs: bool = False,
    setting: Setting = OPEN,
    method: str = "GET",
    where: tuple[str, ...] = EVERYWHERE,
    note: str = "",
) -> Row:
    expected: Any = ServerRefuses(verdict) if theirs else verdict
    return one(f"{method} {target!r} without a token{note}", lambda w: request(method, target), expected, setting=setting,
               at_most=0, where=where)  # fmt: skip


PUBLIC_PATHS = [
    path(target, PUBLIC)
    for target in (
        "/",
        "/health",
        "/health?x=1",
        "/health?",
        "/health?../admin",
        "/health?%2f..",
        "/%68ealth",
        "/docs",
        "/docs/",
        "/docs/a",
        "/docs/a/b/c",
        "/docs/a?b=c",
        "/docs/a%20b",
        "/docs/.hidden",
        "/docs/..a",
        "/docs/a..",
        "/docs/a.b",
        "/docs/...",
        "/docs/%C3%A4",
        "/docs/a;b",
        "/docs/a@b",
        "/docs/a:b",
        "/docs/a+b",
        "/docs/~a",
        "/docs/a%25b",
        "/docs/a,b",
        "/docs/(a)",
        "/files/x/readme",
        "/files/%C3%A4/readme",
        "/open/",
    )
]
GUARDED_PATHS = [
    path(target, MISSING)
    for target in (
        "/health/", "/healthz", "/healt", "/HEALTH", "/Health", "/health/x", "/health.json", "/health;x", "/health%3Bx", "/health%00",
        "/health%20", "/health%0a", "/health%2f", "/health%2F", "/health%5c", "/health\\", "/./health",
        "/x/../health", "/health/..", "/health/.", "/health/../admin", "/health%2f..%2fadmin", "/%2fhealth", "/%2e/health",
        "/docsx", "/DOCS/a", "/docs/../admin", "/docs/..", "/docs/../", "/docs/a/..", "/docs/a/../../admin", "/docs/.", "/docs/./a",
        "/docs//a", "/docs//", "/docs/a//b", "/docs/%2e%2e/admin", "/docs/%2E%2E/admin", "/docs/.%2e/admin", "/docs/%2e./admin",
        "/docs/a%2fb", "/docs/a%2Fb", "/docs/%2f", "/docs/..%2fadmin", "/docs/%2e%2e%2fadmin", "/docs/a%5cb", "/docs/..%5cadmin",
        "/docs/..\\admin", "/docs/a\\b", "/docs/%252e%252e/admin", "/docs/%252e%252e%252fadmin", "/docs/a%252fb", "/docs/%255c",
        "/docs/%00", "/docs/a%00b", "/docs/a%0d%0ab", "/docs/%ff", "/docs/%c0%ae%c0%ae/admin", "/docs/%e0%80%ae", "/docs/%7f", "/docs/%01",
        "/docs/%2e%2e%3b/../admin", "/files//readme", "/files/readme", "/files/x/y/readme", "/files/x/readme/",
        "/files/../readme", "/files/%2e%2e/readme", "/files/x%2fy/readme", "/open", "/open/x", "/admin", "/admin?/health", "/x?public=/health",
        "/api/health", "/health/health", "/%", "/%zz", "/docs/..%00/", "/*", "/nothing",
    )
]  # fmt: skip
# Waitress itself takes surplus slashes away from the beginning, so its application sees /health.
TIDY = tuple(name for name in EVERYWHERE if name != "waitress")
GUARDED_PATHS += [
    path(target, MISSING, where=TIDY) for target in ("//health", "///health", "//docs/a")
]
GUARDED_PATHS += [
    path("/docs/secret", MISSING.but(scope="docs"), note=", which a rule covers"),
    path("/docs/secret/x", MISSING.but(scope="docs"), note=", which a rule covers"),
    path("/docs/secret/", MISSING.but(scope="docs"), note=", which a rule covers"),
    path("/docs/x/../secret", MISSING.but(scope="docs"), note=", which a rule covers when tidied"),
    path("/docs/%73ecret", MISSING.but(scope="docs"), note=", which a rule covers decoded"),
    path("/docs//secret", MISSING.but(scope="docs"), note=", which a rule covers when tidied"),
    path("/docs%2fsecret", MISSING.but(scope="docs"), note=", which a rule covers when unescaped"),
]
ODD_TARGETS = [
    one(f"{line[:50]!r} {sentence}", lambda w, line=line: (line + "\r\nHost: api.example.com\r\n\r\n").encode("latin-1"),
        ServerRefuses(MISSING), setting=OPEN, where=WIRE, at_most=0)
    for line, sentence in (
        ("GET http://evil.example/orders HTTP/1.1", "(absolute form) needs a token"),
        ("GET https://api.example.com/admin HTTP/1.1", "(absolute form) needs a token"),
        ("OPTIONS * HTTP/1.1", "needs a token"),
        ("GET * HTTP/1.1", "needs a token"),
        ("CONNECT api.example.com:443 HTTP/1.1", "needs a token"),
        ("GET orders HTTP/1.1", "without a slash needs a token"),
        ("GET health HTTP/1.1", "without a slash needs a token"),
        ("GET /orders#health HTTP/1.1", "with a fragment needs a token"),
        ("GET /\xe4 HTTP/1.1", "in latin-1 needs a token"),
        ("GET /docs/\xff HTTP/1.1", "in latin-1 needs a token"),
        ("GET /docs/\xc3\xa4/.. HTTP/1.1", "in raw UTF-8 needs a token"),
        ("get /orders HTTP/1.1", "in lower case needs a token"),
        ("Get /orders HTTP/1.1", "in mixed case needs a token"),
        ("options /orders HTTP/1.1", "in lower case needs a token"),
        ("G\x00ET /orders HTTP/1.1", "with a NUL needs a token"),
        ("GET  /orders HTTP/1.1", "with two spaces needs a token"),
        ("GET /orders  HTTP/1.1", "with two spaces behind needs a token"),
        ("GET\t/orders\tHTTP/1.1", "with tabs needs a token"),
        ("GET /orders HTTP/2.0", "needs a token"),
        ("GET /orders HTTP/1.2", "needs a token"),
        ("GET /orders HTTP/9", "needs a token"),
        ("GET /orders", "(HTTP/0.9) needs a token"),
        ("GET /orders FTP/1.0", "needs a token"),
        (" GET /orders HTTP/1.1", "with a space before needs a token"),
        ("GET /orders HTTP/1.0", "needs a token"),
        ("X" * 200 + " /orders HTTP/1.1", "needs a token"),
        ("GET /" + "a" * 60_000 + " HTTP/1.1", "needs a token"),
        ("GET /docs/%2e%2e%2f" + "..%2f" * 1000 + " HTTP/1.1", "needs a token"),
    )
]  # fmt: skip

ROWS = rows(
    "HTTP", *(by_method(method) for method in METHODS), PUBLIC_PATHS, GUARDED_PATHS, ODD_TARGETS,
    everywhere=True,
)  # fmt: skip
