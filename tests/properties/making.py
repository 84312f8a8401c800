"""Odd JSON, odd tokens and odd keys, for hypothesis to choose from."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from bearer_guard._core.key_set import read_key_set
from core.making import KIND, claims, jwk, segment, signature
from properties.searching import mostly

KEYS = read_key_set(
    json.dumps({"keys": [jwk(kind, kid=name) for name, kind in KIND.items()]}).encode(), None
)
"""One key for each algorithm, under the algorithm's name; those of one kind are the same."""

JSON_VALUES = st.one_of(
    st.sampled_from(
        [
            *("0", "-0", "1", "1.0", "1e2", "1E+2", "-1", "0.1", "1e308", "5e-324", "1800000000.5"),
            *(
                "12345678901234567890123",
                "1" + "0" * 400,
                "-" + "9" * 4299,
                "true",
                "false",
                "null",
            ),
            *('""', '"x"', '"\\u0061"', '"\\u0000"', '"\\ud83d\\ude00"', '"é"', '"\\\\ud800"'),
            *('"none"', '"HS256"', '"RS256"', '"ES256"', '"EdDSA"', '"at+jwt"', '"JWT"', '"true"'),
            *('"https://login.example.com/"', '"https://api.example.com"', "[]", "{}", '["x"]'),
        ]
    ),
    st.integers(1, 25).map(lambda depth: "[" * depth + "]" * depth),
)
"""Values that JSON allows, and that readers have disagreed about."""
BROKEN_VALUES = st.one_of(
    st.sampled_from(
        [
            *("NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x1", "1e309", "-1e400", ""),
            *("9" * 5000, '"\\ud800"', '"\\udc00x"', '"\\x"', '"\n"', "'x'", '{"a":1,"a":2}'),
        ]
    ),
    st.integers(33, 60).map(lambda depth: "[" * depth + "]" * depth),
)
"""Values that JSON does not allow, or that two readers read in two ways."""
ODD_VALUES = mostly(JSON_VALUES, BROKEN_VALUES)
NAMES = st.sampled_from(
    [
        *("alg", "kid", "typ", "crit", "b64", "jku", "jwk", "x5u", "cty", "zip", "enc", "x"),
        *("iss", "sub", "aud", "exp", "nbf", "iat", "scope", "client_id", "cnf", "nonce", "active"),
        *("\\u0061lg", "e\\u0078p", "", "é", "token_type", "typ"),
    ]
)
SPACES = st.sampled_from(["", "", " ", "\n", "\t \r", "\u00a0"])


@st.composite
def json_objects(draw: st.DrawFn, members: dict[str, Any]) -> str:
    """The text of an object with these members and changes that JSON may or may not allow."""
    pairs = [(name, json.dumps(value)) for name, value in members.items()]
    names = st.one_of(st.sampled_from(list(members)), NAMES)
    for _ in range(draw(st.sampled_from([1, 1, 2, 0]))):
        name, value = draw(names), draw(ODD_VALUES)
        twins = [at for at, (known, _) in enumerate(pairs) if known == name]
        if twins and draw(st.integers(0, 2)):
            pairs[twins[0]] = (name, value)
        else:
            pairs.insert(draw(st.integers(0, len(pairs))), (name, value))
    space = draw(SPACES)
    text = f"{space},{space}".join(f'"{name}"{space}:{space}{value}' for name, value in pairs)
    return f"{space}{{{text}}}{space}"


@st.composite
def tokens(draw: st.DrawFn) -> bytes:
    """Signed tokens that are odd in one way: in header, claims, encoding, order or a character."""
    algorithm = draw(st.sampled_from(sorted(KIND)))
    odd = draw(st.sampled_from(["claims"] * 4 + ["header"] * 3 + ["encoding", "order", "spoilt"]))
    named = (
        draw(json_objects({"alg": algorithm})) if odd == "header" else f'{{"alg":"{algorithm}"}}'
    )
    said = draw(json_objects(claims())) if odd == "claims" else json.dumps(claims())
    encodings = ["utf-16", "utf-8-sig", "utf-16-le", "utf-32", "utf-7"]
    encoding = draw(st.sampled_from(encodings)) if odd == "encoding" else "utf-8"
    parts = [segment(named.encode()), segment(said.encode(encoding))]
    parts.append(segment(signature(b".".join(parts), algorithm=algorithm)))
    if odd == "order":
        parts = draw(st.lists(st.sampled_from(parts), min_size=2, max_size=5))
    token = b".".join(parts)
    return draw(spoilt(token)) if odd == "spoilt" else token


@st.composite
def spoilt(draw: st.DrawFn, token: bytes) -> bytes:
    """The token with a few characters turned, put in or taken out."""
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, max(0, len(token) - 1)))
        put = draw(st.sampled_from([b"", *(bytes((odd,)) for odd in b"AQgwzZ09-_+/=. \n\x00\xff")]))
        token = token[:at] + put + token[at + draw(st.integers(0, 1)) :]
    return token
