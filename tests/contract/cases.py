"""The table. ``{name}`` in a header, a target or a body stands for one of ``tokens``."""

from __future__ import annotations

from typing import NamedTuple

from bearer_guard.testing import AuthorizationServer
from contract.served import AWAY, FORM_LIMIT

FORM = ("content-type", "application/x-www-form-urlencoded")
PREFLIGHT = (("origin", "https://a.example"), ("access-control-request-method", "POST"))


class Case(NamedTuple):
    """One request, and what it must be answered."""

    name: str
    status: int
    target: str = "/"
    authorization: str | None = None
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    challenge: str = ""
    """What the challenge must contain."""
    by_application: bool = False
    """Whether the application refuses, not the guard."""


def tokens(server: AuthorizationServer) -> dict[str, str]:
    absent = server.ABSENT
    inactive, broken = server.opaque(), server.opaque()
    server.revoke(inactive)
    server.introspection_answer(broken, b"no JSON")
    good = server.jwt(subject="alice")
    return {
        "good": good,
        "writer": server.jwt(scope="orders:read orders:write"),
        "reporter": server.jwt(scope="reports"),
        "no_scope": server.jwt(claims={"scope": absent}),
        "opaque": server.opaque(subject="bob"),
        "jwe": server.jwe(subject="carol"),
        "inactive": inactive,
        "broken": broken,
        "expired": server.jwt(expires_in=-1000),
        "opaque_expired": server.opaque(expires_in=-1000),
        "future": server.jwt(claims={"nbf": 4_000_000_000}),
        "no_expiry": server.jwt(claims={"exp": absent}),
        "other_audience": server.jwt(audience="https://other.example.com"),
        "other_issuer": server.jwt(claims={"iss": "https://evil.example.com/"}),
        "away": server.jwt(claims={"iss": AWAY}),
        "tampered": server.tampered(good),
        "foreign": server.jwt(key=server.foreign_key()),
        "none": server.jwt(algorithm="none", key=b""),
        "hmac": server.jwt(algorithm="HS256", key=b"a public key taken for a secret, as ever"),
        "id_token": server.id_token(audience=server.audience),
        "logout": server.jwt(typ="logout+jwt"),
        "bound": server.jwt(claims={"cnf": {"jkt": "x"}}),
        "large": "a" * 5000,
        "unclean": good + "=",
    }


_NO_TOKEN = [
    Case("no token", 401, challenge='Bearer realm="orders api", resource_metadata='),
    Case("no token, where a rule needs scopes", 401, "/orders/7", challenge='scope="orders:read"'),
    Case("no token, for one of several scopes", 401, "/reports/1", challenge='scope="reports admin"'),
    Case("no token, by HEAD", 401, "/orders/7", method="HEAD", challenge='scope="orders:read"'),
    Case("no token, by POST", 401, "/orders", method="POST", body="x" * 3000),
    Case("other credentials", 401, authorization="Basic eDp5"),
    Case("a scheme that begins alike", 401, authorization="Bearers {good}"),
    Case("a token without a scheme", 401, authorization="{good}"),
    Case("an empty field", 401, authorization=""),
    Case("options that are no preflight", 401, method="OPTIONS"),
]  # fmt: skip
_UNREADABLE = [
    Case("a scheme alone", 400, authorization="Bearer"),
    Case("two tokens", 400, authorization="Bearer {good}", headers=(("authorization", "Bearer {good}"),)),
    Case("a token and a password", 400, authorization="Bearer {good}", headers=(("authorization", "Basic eDp5"),)),
    Case("a password and a token", 400, authorization="Basic eDp5", headers=(("authorization", "Bearer {good}"),)),
    Case("two tokens in one line", 400, authorization="Bearer {good}, Bearer {good}"),
    Case("a tab for a space", 400, authorization="Bearer\t{good}"),
    Case("two words", 400, authorization="Bearer {good} {good}"),
    Case("quotes", 400, authorization='Bearer "{good}"'),
    Case("a letter that no token has", 400, authorization="Bearer {good}!"),
]  # fmt: skip
_BAD = [
    *(
        Case(f"a token that is bad: {name}", 401, "/orders/7", f"Bearer {{{name}}}", challenge='error="invalid_token"')
        for name in ["inactive", "future", "no_expiry", "other_audience", "other_issuer", "tampered", "foreign", "none", "hmac", "id_token", "logout", "bound", "large", "unclean", "opaque_expired"]
    ),
    Case("an expired token", 401, authorization="Bearer {expired}", challenge='error_description="The access token expired."'),
    Case("a bad token by HEAD", 401, "/orders/7", "Bearer {tampered}", "HEAD"),
    Case("two parts", 401, authorization="Bearer a.b"),
    Case("three parts of nothing", 401, authorization="Bearer a.b.c"),
    Case("three empty parts", 401, authorization="Bearer .."),
]  # fmt: skip
_UNAVAILABLE = [
    Case("an issuer that is away", 503, authorization="Bearer {away}"),
    Case("introspection that talks nonsense", 503, authorization="Bearer {broken}"),
    Case("an issuer that is away, by HEAD", 503, authorization="Bearer {away}", method="HEAD"),
]
_SCOPES = [
    Case("too little for all", 403, "/orders/7", "Bearer {good}", "PUT", challenge='scope="orders:read orders:write"'),
    Case("too little for any", 403, "/reports/7", "Bearer {good}", challenge='scope="reports admin"'),
    Case("no scope at all", 403, "/orders", "Bearer {no_scope}", challenge='error="insufficient_scope"'),
    Case("too little by HEAD", 403, "/reports/7", "Bearer {good}", "HEAD"),
    Case("too little behind a trailing slash", 403, "/reports/7/", "Bearer {good}"),
    Case("too little behind two slashes", 403, "//reports//7", "Bearer {good}"),
    Case("too little behind dots", 403, "/a/../reports/7", "Bearer {good}"),
    Case("too little behind an escaped slash", 403, "/reports%2F7", "Bearer {good}"),
    Case("the application's own refusal", 403, "/raises", "Bearer {good}", challenge='scope="more and-more"', by_application=True),
    Case("the application's late refusal", 403, "/raises/lazily", "Bearer {good}", by_application=True),
    Case("the application's late refusal by HEAD", 403, "/raises/lazily", "Bearer {good}", "HEAD", by_application=True),
    Case("the application asks on a public path", 401, "/public/asks", by_application=True),
]  # fmt: skip
_LET_IN = [
    Case("a good token", 200, "/orders/7", "Bearer {good}"),
    Case("a good token by HEAD", 200, "/orders/7", "Bearer {good}", "HEAD"),
    Case("a good token, the scheme in small letters", 200, "/", "bearer {good}"),
    Case("a good token behind spaces", 200, "/", "BEARER    {good}"),
    Case("an opaque token", 200, "/orders/7", "Bearer {opaque}"),
    Case("a JWE", 200, "/orders/7", "Bearer {jwe}"),
    Case("enough for all", 200, "/orders/7", "Bearer {writer}", "DELETE"),
    Case("enough for any", 200, "/reports/7", "Bearer {reporter}"),
    Case("a path outside of ASCII", 200, "/caf%C3%A9", "Bearer {good}"),
    Case("a query that is none of ours", 200, "/?access_token={tampered}", "Bearer {good}"),
    Case("a body that is none of ours", 200, "/orders", "Bearer {writer}", "POST", (FORM,), "access_token={tampered}"),
    Case("a public path", 200, "/health"),
    Case("a public path with a bad token", 200, "/public/a", "Bearer {tampered}"),
    Case("a preflight", 200, "/orders", method="OPTIONS", headers=PREFLIGHT),
]  # fmt: skip
_PUBLIC = [
    Case(f"not quite public: {target}", 401, target)
    for target in [
        "/health/",
        "/Health",
        "/healthy",
        "//health",
        "/health%2F",
        "/public/../orders",
        "/public/%2e%2e/orders",
        "/public//a",
        "/public%2Fa",
        "/public/a%5Cb",
        "/public/%252e%252e/orders",
        "/public/a%00",
        "/public/%FF",
    ]
]
_PARAMETERS = [
    Case("a token in the query", 200, "/forms?access_token={good}"),
    Case("an opaque token in the query", 200, "/forms?a=b&access_token={opaque}&c=d"),
    Case("a bad token in the query", 401, "/forms?access_token={tampered}"),
    Case("an empty token in the query", 400, "/forms?access_token="),
    Case("two tokens in the query", 400, "/forms?access_token={good}&access_token={good}"),
    Case("a token in the query and the header", 400, "/forms?access_token={good}", "Bearer {good}"),
    Case("a token in a form", 200, "/forms", None, "POST", (FORM,), "a=b&access_token={good}"),
    Case("a bad token in a form", 401, "/forms", None, "POST", (FORM,), "access_token={expired}"),
    Case("a token in a form and the header", 400, "/forms", "Bearer {good}", "POST", (FORM,), "access_token={good}"),
    Case("a token in a form and the query", 400, "/forms?access_token={good}", None, "POST", (FORM,), "access_token={good}"),
    Case("two tokens in a form", 400, "/forms", None, "PUT", (FORM,), "access_token={good}&access_token={good}"),
    Case("a token in a form by GET", 401, "/forms", None, "GET", (FORM,), "access_token={good}"),
    Case("a token in another body", 401, "/forms", None, "POST", (("content-type", "text/plain"),), "access_token={good}"),
    Case("a token in too long a form", 401, "/forms", None, "POST", (FORM,), "access_token={good}&a=" + "b" * FORM_LIMIT),
    Case("too long a form with a header", 200, "/forms", "Bearer {good}", "POST", (FORM,), "a=" + "b" * FORM_LIMIT * 2),
    Case("a form with a header", 200, "/forms", "Bearer {good}", "POST", (FORM,), "a=b"),
]  # fmt: skip

CASES = [
    *_NO_TOKEN, *_UNREADABLE, *_BAD, *_UNAVAILABLE, *_SCOPES, *_LET_IN, *_PUBLIC, *_PARAMETERS
]  # fmt: skip
