"""Where a token stands in a request, and how it is spelled (RFC 6750 section 2, RFC 9110 §11)."""

from __future__ import annotations

from conformance.rows import Build, Row, bearer, one, request, rows  # fmt: skip
from conformance.verdicts import INVALID, LET_IN, MALFORMED, MISSING, ServerRefuses, Verdict
from conformance.world import Setting, World

METADATA = Setting(
    guard={
        "realm": "orders of a & b",
        "resource_metadata": "https://api.example.com/.well-known/oauth-protected-resource",
        "required_scopes": ["orders:read", "orders:write"],
    },
    warm={"scope": "orders:write orders:read"},
)
URLENCODED = ("Content-Type", "application/x-www-form-urlencoded")


def header(value: str | bytes) -> Build:
    return lambda world: request("GET", "/orders", ("Authorization", _filled(world, value)))


def _filled(world: World, value: str | bytes) -> bytes:
    octets = value if isinstance(value, bytes) else value.encode("latin-1")
    for name in (b"GOOD", b"OTHER"):
        if name in octets:
            octets = octets.replace(name, world.jwt().encode())
    return octets


def fields(*pairs: tuple[str, str | bytes]) -> Build:
    return lambda world: request(
        "GET", "/orders", *((name, _filled(world, value)) for name, value in pairs)
    )


def _values(verdict: Verdict, *values: str | bytes, theirs: bool = False) -> list[Row]:
    expected = ServerRefuses(verdict) if theirs else verdict
    return [
        one(f"Authorization: {value!r} is {verdict.status} {verdict.error or ''}",
            header(value), expected, at_most=0)
        for value in values
    ]  # fmt: skip


SCHEMES = _values(
    LET_IN,
    *("Bearer GOOD", "bearer GOOD", "BEARER GOOD", "bEaReR GOOD", "beareR GOOD"),
    *("Bearer  GOOD", "Bearer     GOOD", "Bearer GOOD ", "  Bearer GOOD", "Bearer GOOD\t"),
)
OTHER_SCHEMES = _values(
    MISSING,
    *("", "Basic dXNlcjpwYXNz", "Basic GOOD", "DPoP GOOD", "dpop GOOD", "Token GOOD", "JWT GOOD"),
    *("OAuth GOOD", "Bearers GOOD", "BearerGOOD", "Bearer-GOOD", "Bearer_ GOOD", "Beare GOOD"),
    *("Negotiate YII=", 'Digest username="a", realm="b", nonce="c", uri="/"', "GOOD"),
    *("XBearer GOOD", 'MAC id="x", nonce="y"', "AWS4-HMAC-SHA256 Credential=a/b, Signature=c"),
    *("Basic", "Digest", 'Signature keyId="k",algorithm="hs2019"', "Bearer.GOOD GOOD"),
    *('Digest username="Doe, John Q", realm="x"', "Bearer~ GOOD", "X"),
)
MALFORMED_VALUES = _values(
    MALFORMED,
    *("Bearer", "Bearer ", "bearer", "Bearer    ", "Bearer a b", "Bearer GOOD GOOD", "Bearer a,b"),
    *("Bearer GOOD,OTHER", "Bearer GOOD, OTHER", "Bearer GOOD, Bearer OTHER", 'Bearer "GOOD"'),
    *("Bearer GOOD,Bearer OTHER", "Bearer GOOD, Basic dXNlcjpwYXNz", "Basic dXNlcg==, Bearer GOOD"),
    *("Bearer ab=c", "Bearer =", "Bearer ==", "Bearer =abc", "Bearer a=b=", "Bearer <GOOD>"),
    *("Bearer\tGOOD", "Bearer \tGOOD", "Bearer GOOD\tx", "Bearer,GOOD", "Bearer=GOOD", "Bearer:GOOD"),
    *('Bearer {"a":1}', "Bearer a;b", "Bearer a%20b", "Bearer GOOD;", "Bearer 'GOOD'", "Bearer (x)"),
    *('Bearer token="GOOD"', 'Bearer realm="x"', 'Bearer GOOD, realm="x"', "Bearer @", "Bearer a*b"),
    *("Bearer Bearer GOOD", "Bearer GOOD,", "Bearer ,GOOD", "DPoP GOOD, Bearer OTHER", "Bearer a\\b"),
    *("Bearer a[b]", "Bearer a|b", "Bearer a!b", "Bearer $x", "Bearer #x", "Bearer ?x", "Bearer a^b"),
    *("Bearer `x`", "Bearer a&b", 'Bearer GOOD"', 'Bearer "', "Bearer GOOD.", "Bearer a..=b"),
)  # fmt: skip
ODD_OCTETS = [
    *_values(
        MALFORMED,
        *(
            b"Bearer GOOD\xff",
            b"Bearer \xe4\xf6\xfc",
            b"Bearer \xc3\xa4",
            b"Bearer \xf0\x9f\x98\x80",
        ),
        *(
            b"Bearer \xa0GOOD",
            b"Bearer GOOD\xa0",
            b"Bearer \xc2\xa0x",
            b"Bearer \xed\xa0\x80",
            b"Bearer a\x80b",
        ),
    ),
    *_values(MISSING, b"\xff\xfe", b"B\xe9arer GOOD", b"\xa0Bearer GOOD", b"Bea\xadrer GOOD"),
    *_values(
        MALFORMED,
        *(
            b"Bearer GO\x00OD",
            b"Bearer a\x01b",
            b"Bearer a\x0bb",
            b"Bearer a\x0cb",
            b"Bearer a\x7fb",
        ),
        *(b"Bearer a\x1bb", b"Bearer \x00", b"Bearer a\x08"),
        theirs=True,
    ),
]
# a dot at the end makes four parts, which is an opaque token that nobody here resolves
MALFORMED_VALUES = [row for row in MALFORMED_VALUES if "'Bearer GOOD.'" not in row.sentence]

TWO_FIELDS = [
    one(f"two Authorization fields, {first!r} and {second!r}, are 400",
        fields(("Authorization", first), (name, second)), ServerRefuses(MALFORMED), at_most=0)
    for first, second, name in (
        ("Bearer GOOD", "Bearer OTHER", "Authorization"),
        ("Bearer GOOD", "Bearer bad", "Authorization"),
        ("Bearer bad", "Bearer GOOD", "authorization"),
        ("Bearer GOOD", "Basic dXNlcjpwYXNz", "AUTHORIZATION"),
        ("Basic dXNlcjpwYXNz", "Bearer GOOD", "Authorization"),
        ("Bearer GOOD", "DPoP OTHER", "Authorization"),
        ("DPoP GOOD", "Bearer OTHER", "aUTHORIZATION"),
        ("Bearer GOOD", 'Digest username="x", realm="y"', "Authorization"),
        ('Digest username="x", realm="y"', "Bearer GOOD", "Authorization"),
        ("Bearer", "Bearer GOOD", "Authorization"),
        ("Bearer GOOD", "Bearer", "Authorization"),
        ("Token x", "Bearer GOOD", "Authorization"),
    )
]  # fmt: skip
TWO_FIELDS += [
    one("three Authorization fields are 400",
        fields(*[("Authorization", "Bearer GOOD")] * 3), ServerRefuses(MALFORMED)),
    one("two equal Authorization fields are 400",
        lambda world: request(
            "GET", "/orders", *[("Authorization", "Bearer " + world.jwt())] * 2
        ), ServerRefuses(MALFORMED)),
    one("an empty Authorization field beside a good one is never let in as if alone on ASGI",
        fields(("Authorization", ""), ("Authorization", "Bearer GOOD")), ServerRefuses(MALFORMED)),
    one("two tokens that are together longer than any token are 400, as two short ones are",
        lambda world: request("GET", "/orders", *[
            ("Authorization", "Bearer " + world.jwt({"pad": "x" * 9000}))] * 2),
        ServerRefuses(MALFORMED)),
]  # fmt: skip

ELSEWHERE = [
    one(f"a good token in {name} alone is not looked for", build, MISSING, at_most=0)
    for name, build in {
        "a cookie": fields(("Cookie", "access_token=GOOD")),
        "a cookie named Authorization": fields(("Cookie", "Authorization=Bearer GOOD")),
        "a __session cookie": fields(("Cookie", "__session=GOOD")),
        "X-Access-Token": fields(("X-Access-Token", "GOOD")),
        "X-Authorization": fields(("X-Authorization", "Bearer GOOD")),
        "X-Forwarded-Access-Token": fields(("X-Forwarded-Access-Token", "GOOD")),
        "X-Auth-Token": fields(("X-Auth-Token", "GOOD")),
        "Proxy-Authorization": fields(("Proxy-Authorization", "Bearer GOOD")),
        "Authentication": fields(("Authentication", "Bearer GOOD")),
        "Authorizations": fields(("Authorizations", "Bearer GOOD")),
        "X-Original-Authorization": fields(("X-Original-Authorization", "Bearer GOOD")),
        "WWW-Authenticate": fields(("WWW-Authenticate", "Bearer GOOD")),
        "DPoP": fields(("DPoP", "GOOD")),
        "Sec-WebSocket-Protocol": fields(("Sec-WebSocket-Protocol", "bearer, GOOD")),
        "the query": lambda w: request("GET", f"/orders?access_token={w.jwt()}"),
        "the query twice": lambda w: request("GET", f"/orders?access_token={w.jwt()}&access_token=x"),
        "the query as token": lambda w: request("GET", f"/orders?token={w.jwt()}"),
        "the path": lambda w: request("GET", f"/orders/{w.jwt()}"),
        "a POST form": lambda w: request(
            "POST", "/orders", URLENCODED, body=f"access_token={w.jwt()}".encode()),
        "a JSON body": lambda w: request(
            "POST", "/orders", ("Content-Type", "application/json"),
            body=f'{{"access_token":"{w.jwt()}"}}'.encode()),
    }.items()
]  # fmt: skip
ELSEWHERE += [
    one(f"a good header beside {name} is let in", build, LET_IN)
    for name, build in {
        "a query token": lambda w: bearer(w.jwt(), target=f"/orders?access_token={w.jwt()}"),
        "a bad query token": lambda w: bearer(w.jwt(), target="/orders?access_token=x"),
        "a form token": lambda w: request(
            "POST", "/orders", ("Authorization", "Bearer " + w.jwt()), URLENCODED,
            body=f"access_token={w.jwt()}".encode()),
        "a cookie": fields(("Authorization", "Bearer GOOD"), ("Cookie", "access_token=bad")),
        "Proxy-Authorization": fields(
            ("Authorization", "Bearer GOOD"), ("Proxy-Authorization", "Bearer bad")),
        "X-Authorization": fields(("Authorization", "Bearer GOOD"), ("X-Authorization", "x")),
        "a DPoP proof that nobody asked for": fields(("Authorization", "Bearer GOOD"), ("DPoP", "x.y.z")),
    }.items()
]  # fmt: skip
ELSEWHERE.append(
    one("a bad header beside a good query token is refused", lambda w: bearer(
        "bad", target=f"/orders?access_token={w.jwt()}"), INVALID)
)  # fmt: skip

SIZES = [
    one(f"an opaque-looking token of {size} octets is {verdict.status}",
        lambda world, size=size: bearer("a" * size), verdict, at_most=0)
    for size, verdict in (
        (1, INVALID.but(because="token_not_self_contained")),
        (16_384, INVALID.but(because="token_not_self_contained")),
        (16_385, INVALID.but(because="token_too_large")),
        (30_000, INVALID.but(because="token_too_large")),
        (60_000, INVALID.but(because="token_too_large")),
    )
] + [
    one("an Authorization field of 64 KiB and more is 4xx at once",
        lambda world: bearer("a" * 70_000), ServerRefuses(INVALID), at_most=0),
    one("a token of 64 KiB with three parts is refused unread",
        lambda world: bearer("a" * 20_000 + "." + "b" * 20_000 + "." + "c" * 20_000),
        INVALID.but(because="token_too_large"), at_most=0),
    one("a megabyte of token is 4xx at once",
        lambda world: bearer("a" * 1_000_000), ServerRefuses(INVALID), at_most=0),
]  # fmt: skip

CHALLENGES = [
    one(f"the challenge says realm, scope and metadata when {name}", build,
        verdict.but(realm="orders of a & b",
                    metadata="https://api.example.com/.well-known/oauth-protected-resource"),
        setting=METADATA)
    for name, build, verdict in (
        ("no token comes", header(""), MISSING.but(scope="orders:read orders:write")),
        ("the token is bad", header("Bearer x"), INVALID),
        ("the credentials are malformed", header("Bearer a b"), MALFORMED),
        ("the token grants too little", header("Bearer GOOD"),
         Verdict(403, "Forbidden", "The access token grants too little.", "insufficient_scope",
                 "orders:read orders:write")),
    )
]  # fmt: skip

ROWS = rows(
    "credentials", SCHEMES, OTHER_SCHEMES, MALFORMED_VALUES, ODD_OCTETS, TWO_FIELDS, ELSEWHERE,
    SIZES, CHALLENGES,
    everywhere=True,
)  # fmt: skip
