"""What introspection may answer, and what must come of it (RFC 7662)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.rows import Row, bearer, one, rows
from conformance.tokens import ABSENT, NOW
from conformance.verdicts import (
    EXPIRED,
    INVALID,
    LET_IN,
    Verdict,
    sees,
)  # fmt: skip
from conformance.world import AUDIENCE, Setting, World
from faults import ways
from faults.answers import Answer, document

AT = int(NOW)
ASKING = Setting(introspection={})
INACTIVE = INVALID.but(because="token_inactive")
Make = Callable[[World], Any]


def said(
    sentence: str,
    verdict: Verdict,
    answer: Any,
    *,
    token: str | None = None,
    at_most: int = 1,
    setting: Setting = ASKING,
    **options: Any,
) -> Row:
    """An opaque token, and what introspection says of it."""

    def build(world: World) -> bytes:
        given = answer(world) if callable(answer) else answer
        return bearer(world.opaque(given, token))

    bound = None if options.get("slow") else at_most  # the slow ones run side by side
    return one(
        f"introspection: {sentence}", build, verdict, setting=setting, at_most=bound, **options
    )


def active(sentence: str, verdict: Verdict, setting: Setting = ASKING, **changes: Any) -> Row:
    """The answer for a good token, with changes."""
    return said(sentence, verdict, lambda world: world.active(**changes), setting=setting)


def raw(sentence: str, verdict: Verdict, make: Callable[[bytes], bytes], **headers: str) -> Row:
    return said(
        sentence,
        verdict,
        lambda world: document(make(json.dumps(world.active()).encode()), **headers),
    )


ACTIVE = [
    active("a full answer is let in", sees(subject="user-1", scopes=["orders:read"], client_id="client-1")),
    *(active(f"{name} missing is let in", LET_IN, **{name: ABSENT})
      for name in ("exp", "iat", "sub", "jti", "iss", "client_id", "scope", "token_type")),
    said("active, aud and nothing else is let in", LET_IN, {"active": True, "aud": AUDIENCE}),
    active("unknown members are let in", LET_IN, foo="bar", admin=True, status_code=200, request_id="x"),
    active("username and groups are let in", LET_IN, username="a", groups=["b"], device_id="d"),
    active("nulls are let in", LET_IN, username=None, nbf=None, iat=None, sub=None, token_type=None, iss=None, exp=None),
    active("aud in a list is let in", LET_IN, aud=["x", AUDIENCE]),
    active("a float exp is let in", LET_IN, exp=AT + 10.5),
    active("a nested ext is let in", LET_IN, ext={"a": {"b": [1]}}),
    active("act is let in", LET_IN, act={"sub": "x"}),
    active("scope null grants nothing and is let in", sees(scopes=[]), scope=None),
    active("scope empty grants nothing and is let in", sees(scopes=[]), scope=""),
    active("scope in a list grants nothing and is let in", sees(scopes=[]), scope=["orders:read"]),
    active("scp in a list grants", sees(scopes=["a", "b"]), scope=ABSENT, scp=["b", "a"]),
    active("umlauts are let in", LET_IN, sub="Jörg 😀"),
    active("an answer of 500 kB is let in", LET_IN, pad="x" * 500_000),
    *(active(f"token_type {value!r} is let in", LET_IN, token_type=value)
      for value in ("Bearer", "bearer", "BEARER", "access_token", "Access_Token",
                    "urn:ietf:params:oauth:token-type:access_token")),
    active("token_use access_token (Hydra) is let in", LET_IN, token_use="access_token"),
    active("typ Bearer (Keycloak) is let in", LET_IN, typ="Bearer"),
    raw("an answer with white space is let in", LET_IN, lambda text: b"\n " + text + b"\r\n"),
    raw("an answer with a charset is let in", LET_IN, lambda text: text, content_type="application/json;charset=UTF-8"),
    raw("an answer in upper-case type is let in", LET_IN, lambda text: text, content_type="Application/JSON"),
    raw("an answer without content type is let in", LET_IN, lambda text: text, content_type=""),
    said("an answer gzipped unasked is let in", LET_IN, lambda w: ways.encoded(json.dumps(w.active()).encode(), "gzip")),
    said("an answer in chunks is let in", LET_IN, lambda w: ways.chunked(json.dumps(w.active()).encode())),
    said("an answer until the connection closes is let in", LET_IN, lambda w: Answer(
        raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(w.active()).encode())),
]  # fmt: skip

NOT_ACTIVE = [
    said(f"active {value!r} is no true", INACTIVE, lambda world, value=value: world.active(active=value))
    for value in (False, None, "true", "True", "false", "", 1, 0, 1.0, [], [True], {}, {"active": True}, "active", "yes", -1)
] + [
    active("active missing is no true", INACTIVE, active=ABSENT),
    said("an empty object is no true", INACTIVE, {}),
    said("active false with claims is no true", INACTIVE, lambda w: w.active(active=False)),
    said("Active in upper case is no true", INACTIVE, lambda w: w.active(active=ABSENT, Active=True)),
    said("active within another object is no true", INACTIVE, lambda w: {"token_introspection": w.active()}),
    said("an error in a 200 is no true", INACTIVE, {"error": "invalid_token"}),
    said("400 unsupported_token_type is a refused token", INACTIVE, document({"error": "unsupported_token_type"}, status=400)),
]  # fmt: skip

WRONG = [
    active("exp past is refused", EXPIRED.but(because="expired"), exp=AT - 61),
    active("exp just past is let in by the leeway", LET_IN, exp=AT - 30),
    active("exp zero is refused", EXPIRED, exp=0),
    active("exp negative is refused", EXPIRED, exp=-1),
    active("nbf ahead is refused", INVALID.but(because="not_yet_valid"), nbf=AT + 3600),
    active("iat ahead is refused", INVALID.but(because="not_yet_valid"), iat=AT + 3600),
    *(active(f"exp {value!r} is refused", INVALID.but(because="claim_malformed"), exp=value)
      for value in ("1800000300", "", True, [], {}, "never", [AT + 300])),
    *(active(f"nbf {value!r} is refused", INVALID, nbf=value) for value in ("0", True, [], {})),
    active("iss of a stranger is refused", INVALID.but(because="issuer_untrusted"), iss="https://evil.example"),
    said("iss with a slash more is refused", INVALID, lambda w: w.active(iss=w.issuer + "/")),
    said("iss at the tripwire is refused", INVALID, lambda w: w.active(iss=w.tripwire)),
    *(active(f"iss {value!r} is refused", INVALID, iss=value) for value in (1, True, [], {}, "")),
    active("aud missing is refused", INVALID.but(because="audience_missing"), aud=ABSENT),
    active("aud null is refused", INVALID, aud=None),
    *(active(f"aud {value!r} is refused", INVALID, aud=value)
      for value in ("x", [], ["x"], "", AUDIENCE + "/", {}, 1, True, [1], [AUDIENCE, None], AUDIENCE.upper())),
    *(active(f"token_type {value!r} is refused", INVALID, token_type=value)
      for value in ("refresh_token", "id_token", "Refresh", "authorization_code", 1, [], {}, "",
                    "urn:ietf:params:oauth:token-type:refresh_token", "urn:ietf:params:oauth:token-type:id_token")),
    *(active(f"{name} {value!r} is refused", INVALID, **{name: value})
      for name, value in (("token_use", "refresh_token"), ("token_use", "id"), ("typ", "Refresh"), ("typ", "ID"),
                          ("typ", "Offline"), ("tokenName", "refresh_token"))),
    *(active(f"token_type {value!r} is bound", INVALID.but(because="token_bound"), token_type=value)
      for value in ("DPoP", "dpop", "pop", "mac")),
    *(active(f"cnf {value!r} is bound", INVALID.but(because="token_bound"), cnf=value)
      for value in ({"jkt": "x"}, {"x5t#S256": "x"}, {}, {"x": 1}, "x", [])),
    active("sub a number is refused", INVALID, sub=1),
    active("sub a list is refused", INVALID, sub=["a"]),
    active("a nonce is refused", INVALID, nonce="x"),
]  # fmt: skip
# numbers as large as JSON likes must not be computed with
HUGE = [
    raw(f"{name} written with {digits} digits ends in no 500", verdict,
        lambda text, name=name, number=number: text[:-1].replace(b'"exp": 1800000300, ', b"") + b',"%s":%s}' % (name.encode(), number))
    for name, digits, number, verdict in (
        ("exp", 20, b"9" * 20, LET_IN), ("exp", 308, b"1" + b"0" * 307, LET_IN), ("exp", 310, b"1" + b"0" * 309, LET_IN),
        ("exp", 400, b"9" * 400, LET_IN), ("exp", 4000, b"9" * 4000, LET_IN), ("exp", 401, b"-" + b"9" * 400, EXPIRED),
    )
] + [
    raw("nbf of minus 400 digits ends in no 500", LET_IN, lambda text: text[:-1] + b',"nbf":-' + b"9" * 400 + b"}"),
    raw("nbf of 400 digits ends in no 500", INVALID, lambda text: text[:-1] + b',"nbf":' + b"9" * 400 + b"}"),
    active("exp of 1e300 ends in no 500", LET_IN, exp=1e300),
]  # fmt: skip

ROWS = rows(
    "introspection", ACTIVE, NOT_ACTIVE, WRONG, HUGE,
)  # fmt: skip
