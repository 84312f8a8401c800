"""Which tokens are asked about, how, where, and how long an answer is kept."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from bearer_guard import Issuer
from conformance.rows import Row, bearer, one, request, rows
from conformance.table.introspection_answers import ASKING, said
from conformance.tokens import ABSENT, b64
from conformance.verdicts import (
    EXPIRED,
    INVALID,
    LET_IN,
    MALFORMED,
    UNAVAILABLE,
    Verdict,
)  # fmt: skip
from conformance.world import AUDIENCE, Setting, World
from faults.answers import document

# Which tokens are asked about, and how
FORMS = [
    said(f"a token like {token[:30]!r} is asked about and let in", LET_IN, None, token=token)
    for token in (
        "a", "0", "-", "~", "a-b_c.d~e+f/g", "abc=", "abc==", "+/+/+/==", "ya29.a0AfH6SMB", "ory_at_x.y", "gho_16C7e42F292c6912E7710c838347Ae178b4a",
        "2YotnFZFEjr1zCsicMWpAA", "v4.public", "a.b.c.d", "a.b.c.d.e", "a.b.c.d.e.f", "....", "x" * 16_384, "a%2Bb".replace("%", "_"),
        "sk-live-0123456789", "00D5f000000abcd!".replace("!", "~"), "tGzv3JOkF0XG5Qx2TlKWIA",
    )
]  # fmt: skip
FORMS = [
    row.__class__(row.sentence, row.steps, Setting(introspection={}, fresh=True), row.where)
    for row in FORMS
]


def _sent(world: World, token: str) -> None:
    seen = world.seen[-1]
    form = parse_qs(seen.body.decode())
    assert (seen.method, seen.headers["content-type"]) == (
        "POST",
        "application/x-www-form-urlencoded",
    ), seen
    assert form["token"] == [token], form
    assert form["token_type_hint"] == ["access_token"], form
    assert "?" not in seen.path, seen
    assert seen.headers["accept"].startswith("application/json"), seen
    assert "cookie" not in seen.headers, seen


SECRET = "a 100% odd:secret + more/=&ä"
JWE = ".".join(
    [
        b64(b'{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}'),
        b64(b"k" * 256),
        b64(b"i" * 12),
        b64(b"c" * 300),
        b64(b"t" * 16),
    ]
)


def asked(
    sentence: str,
    introspection: dict[str, Any],
    check: Callable[[World], None],
    *,
    verdict: Verdict = LET_IN,
    token: str = "tok+en/==",
    at_most: int = 1,
) -> Row:
    return one(f"introspection call: {sentence}", lambda w: bearer(w.opaque(None, token)), verdict, at_most=at_most,
               setting=Setting(introspection=introspection, fresh=True), after=check)  # fmt: skip


def _basic(world: World) -> None:
    _sent(world, "tok+en/==")
    scheme, _, encoded = world.seen[-1].headers["authorization"].partition(" ")
    user, _, password = base64.b64decode(encoded).decode().partition(":")
    assert scheme == "Basic", scheme
    assert (user, password) == ("the+api%3A1", "a+100%25+odd%3Asecret+%2B+more%2F%3D%26%C3%A4"), (
        user,
        password,
    )


def _posted(world: World) -> None:
    _sent(world, "tok+en/==")
    form = parse_qs(world.seen[-1].body.decode())
    assert (form["client_id"], form["client_secret"]) == (["api"], [SECRET]), form
    assert "authorization" not in world.seen[-1].headers


def _by_token(world: World) -> None:
    _sent(world, "tok+en/==")
    assert world.seen[-1].headers["authorization"] == "Bearer may-introspect"


def _broken() -> str:
    raise RuntimeError("the vault is sealed")


CALLS = [
    asked("client_secret_basic encodes both parts", {"client_id": "the api:1", "client_secret": SECRET}, _basic),
    asked("client_secret_post", {"client_secret": SECRET, "auth_method": "client_secret_post"}, _posted),
    asked("a bearer token", {"token": "may-introspect"}, _by_token),
    asked("a bearer token from a function", {"token": lambda: "may-introspect"}, _by_token),
    asked("a function that fails is 503", {"token": _broken}, lambda w: None, verdict=UNAVAILABLE, at_most=0),
    asked("a JWE is asked about whole", {}, lambda w: _sent(w, JWE), token=JWE),
    *(asked(f"a function that returns {value!r} ends in no 500", {"token": lambda value=value: value}, lambda w: None, verdict=UNAVAILABLE)
      for value in ("", "a\r\nX: y", "\u00e4", "\u2603"))
]  # fmt: skip

ROUTES = [
    one("routing: a JWT of five bad kinds is never introspected", lambda w: bearer(w.answer(
        w.jwt({"aud": "x"}), w.active())), INVALID.but(because="audience_mismatch"), setting=ASKING, at_most=0),
    *(one(f"routing: a JWT {name} is never introspected", lambda w, make=make: bearer(w.answer(make(w), w.active())),
          verdict, setting=ASKING, at_most=at_most)
      for name, make, verdict, at_most in (
          ("that expired", lambda w: w.jwt({"exp": 1}), EXPIRED, 0),
          ("with a bad signature", lambda w: w.jwt()[:-8] + "AAAAAAAA", INVALID, 0),
          ("of a stranger", lambda w: w.jwt({"iss": "https://evil.example"}), INVALID, 0),
          ("with alg none", lambda w: w.jwt(None, {"alg": "none"}).rpartition(".")[0] + ".", INVALID, 0),
          ("of garbage", lambda w: "abc.def.ghi", INVALID, 0),
          ("with an unknown key", lambda w: w.jwt(None, {"kid": "x"}, key="p256-2"), INVALID, 1),
          ("that is bound", lambda w: w.jwt({"cnf": {}}), INVALID, 0),
          ("that is an id token", lambda w: w.jwt({"nonce": "x"}, {"typ": "JWT"}), INVALID, 0),
      )),
    one("routing: a good JWT is not introspected", lambda w: bearer(w.jwt()), LET_IN, setting=ASKING, at_most=0),
    one("routing: malformed credentials are not introspected", lambda w: bearer("a b"), MALFORMED, setting=ASKING, at_most=0),
    one("routing: a long token is not introspected", lambda w: bearer("a" * 16_385), INVALID, setting=ASKING, at_most=0),
    one("routing: no token is not introspected", lambda w: request(), Verdict(401, "Unauthorized", "An access token is needed."),
        setting=ASKING, at_most=0),
]  # fmt: skip


def _two(world: World) -> dict[str, Any]:
    from bearer_guard import Introspection

    world.at(
        "/b/introspect",
        lambda seen: document({"active": True, "aud": AUDIENCE, "iss": world.root + "/b"}),
    )
    own = Introspection(world.root + "/introspect", client_id="a", client_secret="b")
    other = Introspection(world.root + "/b/introspect", client_id="a", client_secret="b")
    return {
        "issuers": [
            Issuer(world.root, introspection=own),
            Issuer(world.root + "/b", introspection=other),
        ],
        "opaque_issuer": world.root + "/b",
    }


ROUTES += [
    one("routing: of two that introspect, the one of the settings is asked, and once", lambda w: bearer("opaque"), LET_IN,
        setting=Setting(guard=_two, fresh=True), at_most=1,
        after=lambda w: _assert(w.seen[-1].path.endswith("/b/introspect"))),
    one("routing: an endpoint from metadata is asked", lambda w: bearer(w.opaque()), LET_IN,
        setting=Setting(introspection={"endpoint": None}, fresh=True), at_most=2),
    one("routing: an endpoint from metadata without jwks_uri is asked", lambda w: bearer(w.opaque()), LET_IN,
        setting=Setting(introspection={"endpoint": None}, fresh=True,
                        act=lambda w: w.publish(metadata=document(w.metadata(jwks_uri=ABSENT)))), at_most=2),
    *(one(f"routing: introspection_endpoint {str(value)[:50]!r} from metadata is 503", lambda w: bearer(w.opaque()), UNAVAILABLE,
          setting=Setting(introspection={"endpoint": None}, fresh=True,
                          act=lambda w, value=value: w.publish(metadata=document(w.metadata(introspection_endpoint=value)))),
          at_most=5)
      for value in (ABSENT, None, 1, "", "/introspect", "http://x.example/", "file:///x", "https://a..b/x", f"https://{'a' * 64}.example/x",
                    "https://.invalid/", "https://xn--zzzzzz--.invalid/", "https://\u00e4.example/", "https://127.0.0.1:1/x", [], {},
                    "http://127.0.0.1:1/x", "https://-/", "https://%31.invalid/", "http://[::1]:1/x", "https://x\u2028.invalid")),
    one("routing: metadata that is not there is 503 for an opaque token", lambda w: bearer(w.opaque()), UNAVAILABLE,
        setting=Setting(introspection={"endpoint": None}, fresh=True,
                        act=lambda w: w.publish(metadata=document({}, status=404))), at_most=4),
]  # fmt: skip


def _assert(fact: bool) -> None:
    assert fact


ROWS = rows(
    "introspection",
    FORMS,
    CALLS,
    ROUTES,
)
