"""The JOSE header, and the three parts (RFC 7515, RFC 7797, RFC 8725)."""

from __future__ import annotations

import json
from typing import Any

from conformance.rows import bearer, one, rows, token_row
from conformance.tokens import ABSENT, jwk
from conformance.verdicts import INVALID, LET_IN
from conformance.world import World

BAD_HEADER = INVALID.but(because="header_malformed")


def raw_header(header: bytes) -> Any:
    """A token whose header is these octets, signed over them."""
    return lambda world: bearer(world.jwt(None, header))


TYPES = [
    token_row(f"typ {typ!r} is that of an access token", LET_IN, header={"typ": typ})
    for typ in (
        "at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT", "APPLICATION/at+jwt",
        "JWT", "jwt", "Jwt", "application/jwt", "application/JWT", ABSENT,
    )
] + [
    token_row(f"typ {typ!r} names another kind of token", INVALID.but(because="type_unexpected"), header={"typ": typ})
    for typ in (
        "logout+jwt", "dpop+jwt", "secevent+jwt", "token-introspection+jwt", "oauth-authz-req+jwt",
        "application/logout+jwt", "entity-statement+jwt", "statuslist+jwt", "kb+jwt", "dc+sd-jwt",
        "rt+jwt", "id+jwt", "id_token", "JOSE", "JOSE+JSON", "JWE", "", " ", "at+jwt ", " at+jwt",
        "at+jwt;v=1", "at+jwt,jwt", "at-jwt", "at jwt", "at+jwts", "xat+jwt", "application/application/at+jwt",
        "text/at+jwt", "application/", "/at+jwt", "application/at+jwt;a=b", "at+jwt\u0000", "a\u0442+jwt",
        "client-authentication+jwt", "jwt+at", "none", "vc+jwt", "wallet-attestation+jwt", "\u212at+jwt",
    )
] + [
    token_row(f"typ {typ!r} is no string", BAD_HEADER, header={"typ": typ})
    for typ in (None, 1, True, [], ["at+jwt"], {}, {"at+jwt": 1}, 1.5)
]  # fmt: skip

ALGORITHMS = [
    token_row(f"alg {alg!r} in a token signed with ES256", INVALID.but(because="algorithm_not_allowed"), header={"alg": alg})
    for alg in (
        "none", "None", "NONE", "nOnE", "noNe", "HS256", "HS384", "HS512", "es256", "Es256", "ES256 ",
        " ES256", "ES256\u0000", "", "ES256K", "RS1", "RSA1_5", "RSA-OAEP", "dir", "A128KW", "ECDH-ES",
        "PBES2-HS256+A128KW", "ESP256", "ES257", "SHA256", "RS256,ES256", "MLDSA44", "ML-DSA-65", "BS256",
        "\u0415S256", "null", "*", "any", "RS512/256",
    )
] + [
    token_row(f"alg {alg!r} in a token signed with ES256 fits no key", INVALID, header={"alg": alg})
    for alg in ("RS256", "RS384", "PS256", "ES384", "ES512", "EdDSA", "Ed25519")
] + [
    token_row(f"alg {alg!r} is no string", BAD_HEADER, header={"alg": alg})
    for alg in (None, 1, True, False, [], ["ES256"], {}, {"ES256": True}, 256)
] + [token_row("alg is missing", BAD_HEADER, header={"alg": ABSENT})]  # fmt: skip

KEY_IDS = [
    token_row(f"kid {str(kid)[:60]!r} of {len(str(kid))} characters is no string, or too long", BAD_HEADER, header={"kid": kid})
    for kid in (
        None, 1, True, [], ["p256-1"], {}, {"p256-1": 1}, 1.5, "k" * 1025, "k" * 10_000, -1, [[]],
    )
]  # fmt: skip

CRITICAL = [
    token_row(f"crit {crit!r} with {more!r} is refused", INVALID.but(because="header_extension"),
              header={"crit": crit, **more})
    for crit, more in (
        (["x"], {}), (["x"], {"x": 1}), ([], {}), (["alg"], {}), ("b64", {}), (["b64"], {"b64": False}),
        (["b64"], {"b64": True}), (None, {}), ({}, {}), (1, {}), (True, {}), (["exp"], {"exp": 9_999_999_999}),
        (["kid"], {}), (["typ"], {}), ([1], {}), ([""], {"": 1}), (["x", "x"], {"x": 1}), (["b64"], {}),
        (["http://example.com/UNDEFINED"], {"http://example.com/UNDEFINED": True}), (["crit"], {}),
        (["jwk"], {}), (["x5c"], {"x5c": []}), ("", {}), (False, {}), ([[]], {}), (["iss"], {"iss": "x"}),
    )
] + [
    token_row(f"b64 {b64_value!r} without crit is refused", INVALID.but(because="header_extension"), header={"b64": b64_value})
    for b64_value in (False, True, None, "false", 0)
]  # fmt: skip


def _pointing(world: World, member: str) -> dict[str, Any]:
    """Members by which a token would like to bring its own key."""
    there = world.tripwire
    own = jwk("p256-mallory", alg="ES256", kid="mallory")
    return {
        "jku": {"jku": there + "/jwks", "kid": "mallory"},
        "jku of the issuer's host": {"jku": world.base + "/mallory/jwks", "kid": "mallory"},
        "jku that is the issuer's own": {"jku": world.root + "/jwks", "kid": "mallory"},
        "x5u": {"x5u": there + "/cert.pem", "kid": "mallory"},
        "jwk": {"jwk": own, "kid": ABSENT},
        "jwk under the issuer's kid": {"jwk": own, "kid": "p256-1"},
        "x5c": {"x5c": ["MIIBkTCB+wIJAKHHIG"], "kid": "mallory"},
        "x5t": {"x5t": "abc", "x5t#S256": "def", "kid": "mallory"},
        "kid that is a URL": {"kid": there + "/key"},
        "kid that is a path": {"kid": "../../../../dev/null"},
        "kid that is SQL": {"kid": "' OR 1=1 --"},
        "kid that is a command": {"kid": "|nc 127.0.0.1"},
        "kid with a NUL": {"kid": "p256-1\u0000"},
        "kid in another case": {"kid": "P256-1"},
        "kid with a space": {"kid": "p256-1 "},
        "kid with a line break": {"kid": "p256-1\r\nX: y"},
        "kid of emoji": {"kid": "\U0001f511"},
        "kid that is empty": {"kid": ""},
        "iss in the header": {"iss": there, "kid": "mallory"},
        "url": {"url": there, "kid": "mallory"},
        "all at once": {"jku": there, "x5u": there, "jwk": own, "x5c": [there], "url": there},
    }[member]


OWN_KEYS = [
    token_row(f"a stranger's token with {member} is refused, and nobody is asked there", INVALID, at_most=1,
              header=lambda world, member=member: _pointing(world, member),
              how={"key": "p256-mallory", "algorithm": "ES256"})
    for member in (
        "jku", "jku of the issuer's host", "jku that is the issuer's own", "x5u", "jwk",
        "jwk under the issuer's kid", "x5c", "x5t", "kid that is a URL", "kid that is a path",
        "kid that is SQL", "kid that is a command", "kid with a NUL", "kid in another case",
        "kid with a space", "kid with a line break", "kid of emoji", "kid that is empty",
        "iss in the header", "url", "all at once",
    )
] + [
    token_row(f"a good token with {name} in its header is let in, and nobody is asked there", LET_IN,
              header=members)
    for name, members in (
        ("jku", lambda world: {"jku": world.tripwire + "/jwks"}),
        ("the issuer's own jku", lambda world: {"jku": world.root + "/jwks"}),
        ("jku that is no URL", {"jku": 42}),
        ("x5u", lambda world: {"x5u": world.tripwire}),
        ("jwk of a stranger", {"jwk": jwk("p256-mallory")}),
        ("x5c", {"x5c": ["MIIB", "x"]}),
        ("x5t and x5t#S256", {"x5t": "dGhlIGtleQ", "x5t#S256": "dGhlIGtleQ"}),
        ("cty", {"cty": "json"}),
        ("unknown members", {"foo": 1, "bar": [1, {"a": None}], "http://x/y": "z", "": ""}),
        ("nulls", {"cty": None, "x5t": None, "foo": None}),
        ("alg last", {"typ": "at+jwt", "ä": "ö"}),
        ("zip, which means nothing in a JWS", {"zip": "DEF"}),
        ("enc, which means nothing in a JWS", {"enc": "A256GCM"}),
        ("a nested object as deep as objects get", {"a": {"b": {"c": {"d": {"e": [[[[[1]]]]]}}}}}),
        ("iat and iss copies", lambda world: {"iss": world.issuer, "iat": 1}),
    )
]  # fmt: skip

HEADER_TEXTS = [
    one(f"a header that is {name} is let in", raw_header(text), LET_IN)
    for name, text in {
        "written with spaces": b'{ "alg" : "ES256" , "kid" : "p256-1" , "typ" : "at+jwt" }',
        "written over lines": b'{\r\n\t"alg": "ES256",\r\n "kid": "p256-1",\n"typ":"at+jwt"}\n',
        "in another order": b'{"typ":"at+jwt","kid":"p256-1","alg":"ES256"}',
        "escaped": b'{"\\u0061lg":"\\u0045S256","kid":"p256\\u002d1","typ":"at\\u002bjwt"}',
        "led by white space": b'  \n{"alg":"ES256","kid":"p256-1","typ":"at+jwt"}',
        "without kid": b'{"alg":"ES256","typ":"at+jwt"}',
        "with a large number": b'{"alg":"ES256","typ":"at+jwt","n":123456789012345678901234567890}',
        "with many members": json.dumps(
            {"alg": "ES256", "typ": "at+jwt", **{f"m{n}": n for n in range(100)}}).encode(),
        "with umlauts in UTF-8": '{"alg":"ES256","typ":"at+jwt","ort":"Köln 🔑"}'.encode(),
    }.items()
] + [
    one(f"a header that is {name} is refused", raw_header(text), BAD_HEADER, at_most=0)
    for name, text in {
        "empty": b"",
        "an empty object": b"{}",
        "an array": b'["ES256"]',
        "a string": b'"ES256"',
        "a number": b"1",
        "null": b"null",
        "true": b"true",
        "not JSON": b"ES256",
        "cut short": b'{"alg":"ES256","kid":"p256-1"',
        "followed by more": b'{"alg":"ES256","kid":"p256-1"}{}',
        "followed by a NUL": b'{"alg":"ES256","kid":"p256-1"}\x00',
        "with a trailing comma": b'{"alg":"ES256","kid":"p256-1",}',
        "with single quotes": b"{'alg':'ES256'}",
        "with a comment": b'{"alg":"ES256"/* x */,"kid":"p256-1"}',
        "with alg twice": b'{"alg":"ES256","alg":"ES256","kid":"p256-1"}',
        "with alg none and then ES256": b'{"alg":"none","alg":"ES256","kid":"p256-1"}',
        "with alg ES256 and then none": b'{"alg":"ES256","alg":"none","kid":"p256-1"}',
        "with kid twice": b'{"alg":"ES256","kid":"x","kid":"p256-1"}',
        "with typ twice": b'{"alg":"ES256","typ":"logout+jwt","typ":"at+jwt","kid":"p256-1"}',
        "with an escaped second alg": b'{"alg":"ES256","\\u0061lg":"none","kid":"p256-1"}',
        "with an inner member twice": b'{"alg":"ES256","kid":"p256-1","x":{"a":1,"a":2}}',
        "with NaN": b'{"alg":"ES256","kid":"p256-1","x":NaN}',
        "with Infinity": b'{"alg":"ES256","kid":"p256-1","x":-Infinity}',
        "with a number beyond all": b'{"alg":"ES256","kid":"p256-1","x":1e999}',
        "with 5000 digits": b'{"alg":"ES256","kid":"p256-1","x":' + b"1" * 5000 + b"}",
        "led by a byte order mark": b'\xef\xbb\xbf{"alg":"ES256","kid":"p256-1"}',
        "UTF-16": '{"alg":"ES256","kid":"p256-1"}'.encode("utf-16"),
        "UTF-16 without mark": '{"alg":"ES256","kid":"p256-1"}'.encode("utf-16-le"),
        "UTF-32": '{"alg":"ES256","kid":"p256-1"}'.encode("utf-32"),
        "latin-1": b'{"alg":"ES256","kid":"p256-1","x":"\xe4"}',
        "overlong UTF-8": b'{"alg":"ES256","kid":"p256-1","x":"\xc0\xaf"}',
        "UTF-8 of a surrogate": b'{"alg":"ES256","kid":"p256-1","x":"\xed\xa0\x80"}',
        "with half a surrogate pair": b'{"alg":"ES256","kid":"p256-1","x":"\\ud800"}',
        "with the other half in a name": b'{"alg":"ES256","kid":"p256-1","\\udc00":1}',
        "nested 33 deep": b'{"alg":"ES256","kid":"p256-1","x":' + b"[" * 33 + b"]" * 33 + b"}",
        "nested 4000 deep": b'{"alg":"ES256","kid":"p256-1","x":' + b"[" * 4000 + b"]" * 4000 + b"}",
        "nested 4000 deep by objects": b'{"alg":"ES256","x":' + b'{"a":' * 1900 + b"1" + b"}" * 1901,
        "with a raw control character": b'{"alg":"ES256","kid":"p256-1","x":"a\x01b"}',
        "with a raw line break": b'{"alg":"ES256","kid":"p256\n-1"}',
        "led by a no-break space": b'\xc2\xa0{"alg":"ES256","kid":"p256-1"}',
        "led by a form feed": b'\x0c{"alg":"ES256","kid":"p256-1"}',
        "with numbers as hex": b'{"alg":"ES256","kid":"p256-1","x":0x10}',
        "with a leading zero": b'{"alg":"ES256","kid":"p256-1","x":010}',
        "with a plus sign": b'{"alg":"ES256","kid":"p256-1","x":+1}',
        "unbalanced, deep and full of escaped quotes":
            b'{"alg":"ES256","x":' + b"[" * 40 + b'"' + b'\\"' * 5000,
    }.items()
]  # fmt: skip


ROWS = rows(
    "JOSE header",
    TYPES,
    ALGORITHMS,
    KEY_IDS,
    CRITICAL,
    OWN_KEYS,
    HEADER_TEXTS,
)
