"""The compact JWS that a self-contained token is (RFC 7515 sections 3.1, 4, 5.2 and 7.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bearer_guard._core import jws
from bearer_guard._core.jws import MAX_KID, JoseHeader
from bearer_guard.errors import InvalidToken
from core import making
from core.making import ABSENT, changed, segment

PAYLOAD = segment({"sub": "user-1"})
HEADER = segment({"alg": "RS256"})


def token(header: object = HEADER, payload: bytes = PAYLOAD, signature: bytes = b"c2ln") -> bytes:
    named = header if isinstance(header, bytes) else segment(json.dumps(header).encode())
    return b".".join((named, payload, signature))


def header_of(**changes: Any) -> JoseHeader:
    return jws.read(token(changed({"alg": "RS256"}, changes)), {})[1]


def refusal_of(odd: bytes) -> tuple[str, object]:
    with pytest.raises(InvalidToken) as refused:
        jws.read(odd, {})
    return refused.value.reason, refused.value.details.get("member")


def test_a_token_is_taken_apart_and_the_signing_input_is_what_was_received() -> None:
    """J15-05, RFC 7515 section 5.2 step 8: not what a re-encoding would give."""
    header = segment(b' {"kid":"k1" ,"alg":"RS256", "typ":"JWT"}')
    text = '{ "sub" : "\\u0061", "n":1.50 }'
    odd = token(header, segment(text.encode()), b"_-_-")
    _, read, claims, own_text, signing_input, signature = jws.read(odd, {})
    assert read == JoseHeader("RS256", "k1", explicit=False)
    assert (claims, own_text) == ({"sub": "a", "n": 1.5}, text)
    assert signing_input == odd[:-5]
    assert signature == b"\xff\xef\xfe"


def test_an_empty_signature_is_read_as_no_octets() -> None:
    """It verifies under no key; that there is no way around a key, the story tells."""
    *_, signing_input, signature = jws.read(token(signature=b""), {})
    assert (signing_input, signature) == (HEADER + b"." + PAYLOAD, b"")


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (b"..", "header_malformed"),
        (token(b""), "header_malformed"),
        (token(HEADER + b"=="), "header_malformed"),
        (token(b"\n" + HEADER), "header_malformed"),
        (token(b"e30"), "header_malformed"),
        (token(segment(b"[]")), "header_malformed"),
        (token(segment(b'"RS256"')), "header_malformed"),
        (token(segment(b"null")), "header_malformed"),
        (token(segment('{"alg":"RS256"}'.encode("utf-16"))), "header_malformed"),
        (token(segment(b'\xef\xbb\xbf{"alg":"RS256"}')), "header_malformed"),
        (token(segment(b'{"alg":"RS256","alg":"none"}')), "header_malformed"),
        (token(segment(b'{"alg":"RS256","jwk":{"n":1,"n":2}}')), "header_malformed"),
        (token(segment(b'{"alg":"RS256","x":NaN}')), "header_malformed"),
        (token(payload=b""), "claims_malformed"),
        (token(payload=PAYLOAD + b"="), "claims_malformed"),
        (token(payload=PAYLOAD[:-1]), "claims_malformed"),
        (token(payload=segment(b"[]")), "claims_malformed"),
        (token(payload=segment(b'"x"')), "claims_malformed"),
        (token(payload=segment(b"Zm9v")), "claims_malformed"),
        (token(payload=segment('{"sub":"a"}'.encode("utf-16"))), "claims_malformed"),
        (token(payload=segment(b'{"exp":1,"exp":2}')), "claims_malformed"),
        (token(payload=segment(b'{"sub":"\\ud800"}')), "claims_malformed"),
        (token(payload=segment(token())), "claims_malformed"),
        (token(signature=b"c2ln=="), "signature_malformed"),
        (token(signature=b"c2l"), "signature_malformed"),
        (token(signature=b"c2ln\n"), "signature_malformed"),
        (token(signature=b"c2l+"), "signature_malformed"),
        (token(signature=b"\xff\xfe\xfd\xfc"), "signature_malformed"),
        (token(signature=b"c"), "signature_malformed"),
    ],
)
def test_what_cannot_be_read_in_one_way_only_is_refused(odd: bytes, reason: str) -> None:
    """J15-01, J15-02, J15-11 to J15-13, J19-01, J19-10, J19-13, BCP-07."""
    assert refusal_of(odd)[0] == reason


def test_another_spelling_of_a_good_signature_is_refused() -> None:
    """J15-12, RFC 4648 section 3.5: a cache or a denylist by digest is not walked around."""
    good = making.token("ES256")
    assert len(jws.read(good, {})[5]) == 64
    last = good[-1:]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [good[:-1] + bytes((octet,)) for octet in alphabet[alphabet.index(last) + 1 :][:15]]
    assert {refusal_of(other)[0] for other in others} == {"signature_malformed"}


@pytest.mark.parametrize("alg", [ABSENT, None, 1, True, ["RS256"], {"a": 1}])
def test_alg_is_there_and_is_a_string(alg: Any) -> None:
    """J15-07, RFC 7515 section 4.1.1."""
    assert refusal_of(token(changed({}, {"alg": alg}))) == ("header_malformed", "alg")


@pytest.mark.parametrize("alg", ["none", "NONE", "", "rs256", "RS256 ", "HS256", "x"])
def test_alg_is_taken_as_it_is_written(alg: str) -> None:
    """J18-06: whether it is allowed, the issuer's rules say, by exact comparison."""
    assert header_of(alg=alg).alg == alg


@pytest.mark.parametrize("kid", [None, 1, True, {}, [], ["k1"], "k" * (MAX_KID + 1)])
def test_kid_is_a_string_and_a_short_one(kid: Any) -> None:
    """J15-09, BCP-11: RFC 7515 section 4.1.4."""
    assert refusal_of(token({"alg": "RS256", "kid": kid})) == ("header_malformed", "kid")


@pytest.mark.parametrize("kid", ["", "../../etc/passwd", "' OR 1=1", "k" * MAX_KID, "schlüssel"])
def test_any_other_kid_is_a_mere_name(kid: str) -> None:
    """J15-09, BCP-11: it is looked up in a dictionary and used for nothing else."""
    assert header_of(kid=kid).kid == kid


def test_a_token_need_not_name_a_key() -> None:
    assert header_of().kid is None


@pytest.mark.parametrize(
    "extension",
    [
        {"crit": ["x"], "x": 1},
        {"crit": []},
        {"crit": ["alg"]},
        {"crit": "b64"},
        {"crit": None},
        {"crit": ["b64"], "b64": False},
        {"crit": ["b64"], "b64": True},
        {"b64": False},
        {"b64": True},
    ],
)
def test_no_extension_may_be_critical(extension: dict[str, Any]) -> None:
    """J15-03, J15-04, J97-01, J97-02: RFC 7515 section 4.1.11, RFC 7797 sections 6 and 7."""
    assert refusal_of(token({"alg": "RS256", **extension}))[0] == "header_extension"


@pytest.mark.parametrize(
    "typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT", "APPLICATION/at+jwt"]
)
def test_an_access_tokens_own_type_makes_it_explicit(typ: str) -> None:
    """J15-10, AT-01: RFC 7515 section 4.1.9, RFC 9068 section 2.1."""
    assert header_of(typ=typ).explicit


@pytest.mark.parametrize("typ", [ABSENT, "JWT", "jwt", "application/jwt"])
def test_a_general_type_or_none_leaves_it_to_the_claims(typ: Any) -> None:
    assert not header_of(typ=typ).explicit


@pytest.mark.parametrize(
    "typ",
    [
        *("logout+jwt", "dpop+jwt", "secevent+jwt", "token-introspection+jwt", "id_token+jwt"),
        *("statuslist+jwt", "JOSE", "at", "at+jwt ", "", "text/at+jwt", "jwt+at", "JWT\x00"),
        *("application/application/at+jwt", "application/", "at+jwt; charset=utf-8"),
    ],
)
def test_any_other_explicit_type_is_refused(typ: str) -> None:
    """BCP-13, RFC 8725 section 3.11."""
    assert refusal_of(token({"alg": "RS256", "typ": typ}))[0] == "type_unexpected"


@pytest.mark.parametrize("typ", [None, 1, True, ["at+jwt"], {}])
def test_a_type_is_a_string(typ: Any) -> None:
    assert refusal_of(token({"alg": "RS256", "typ": typ})) == ("header_malformed", "typ")


def test_nothing_that_a_header_says_of_keys_is_read() -> None:
    """J15-08, BCP-12: however odd it is, it changes nothing."""
    odd = {"jku": 1, "jwk": [], "x5u": "http://127.0.0.1/", "x5c": None, "x5t": {}, "zip": "DEF"}
    assert header_of(kid="k1", **odd) == header_of(kid="k1")


def test_a_header_that_came_before_is_not_read_again() -> None:
    known = JoseHeader("ES512", "known", explicit=True)
    key = HEADER.translate(bytes.maketrans(b"-_", b"+/"))
    assert jws.read(token(), {key: known})[1] is known
    assert jws.read(token(), {b"other": known})[1] == JoseHeader("RS256", None, explicit=False)
