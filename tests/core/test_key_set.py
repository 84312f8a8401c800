"""An issuer's published keys (RFC 7517, RFC 7518 sections 3 and 6): which are used, and when."""

from __future__ import annotations

import json

import pytest

from bearer_guard._core.key_set import KeySet, read_key_set
from core.making import ABSENT, jwk, key_set, number, private_key

ODD = 2**2047 + 2**1024 + 1
"""An odd number of 2048 bits; nobody asks a public modulus for its factors."""


def kids(keys: KeySet) -> set[str | None]:
    return {key.kid for key in keys.keys}


def is_unfit(entry: object) -> bool:
    """Whether an entry is left out, while a good one beside it serves."""
    keys = key_set(entry, jwk("p256", kid="good"))
    assert "good" in kids(keys)
    return kids(keys) == {"good"}


@pytest.mark.parametrize(
    ("kind", "algorithms"),
    [
        ("rsa", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("p256", {"ES256"}),
        ("p384", {"ES384"}),
        ("p521", {"ES512"}),
        ("ed25519", {"EdDSA", "Ed25519"}),
        ("ed448", {"EdDSA", "Ed448"}),
    ],
)
def test_a_keys_type_and_curve_say_what_it_verifies(kind: str, algorithms: set[str]) -> None:
    """J18-04, J64-01: RFC 7518 sections 3.1 and 3.4, RFC 8037 section 3.1, RFC 9864."""
    (key,) = key_set(jwk(kind, alg=ABSENT)).keys
    assert key.algorithms == algorithms
    assert key.kid == "k1"


def test_alg_ties_an_rsa_key_to_that_algorithm_alone() -> None:
    """J17-04, BCP-04: RFC 7517 section 4.4."""
    for alg in ("RS256", "PS512"):
        (key,) = key_set(jwk(alg=alg)).keys
        assert key.algorithms == {alg}


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_alg_of_an_edwards_key_names_its_curve_in_either_way(alg: str) -> None:
    """RFC 9864 section 2.2: the two names say the same of one key."""
    (key,) = key_set(jwk("ed25519", alg=alg)).keys
    assert key.algorithms == {"EdDSA", "Ed25519"}


@pytest.mark.parametrize(
    "entry",
    [
        jwk(use="enc"),
        jwk(use="SIG"),
        jwk(use=["sig"]),
        jwk(use=1),
        jwk(key_ops=["sign"]),
        jwk(key_ops=["encrypt", "wrapKey"]),
        jwk(key_ops=[]),
        jwk(key_ops="verify"),
        jwk(key_ops={"verify": 1}),
        jwk(use="enc", key_ops=["verify"]),
        jwk(use="sig", key_ops=["sign"]),
    ],
)
def test_a_key_for_another_purpose_verifies_nothing(entry: object) -> None:
    """J17-02, J17-03: RFC 7517 sections 4.2 and 4.3; both must allow it where both are."""
    assert is_unfit(entry)


@pytest.mark.parametrize(
    "entry", [jwk(use="sig"), jwk(key_ops=["verify"]), jwk(key_ops=["sign", "verify"], use="sig")]
)
def test_a_key_whose_purpose_allows_verification_serves(entry: object) -> None:
    assert not is_unfit(entry)


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k1", "alg": "HS256", "use": "sig"},
        jwk(k="c2VjcmV0"),
        *(jwk(**{member: "AQAB"}) for member in ("d", "p", "q", "dp", "dq", "qi")),
        jwk(oth=[]),
        jwk("p256", d="AQAB"),
        jwk("ed25519", d="AQAB"),
    ],
)
def test_a_symmetric_or_private_key_is_never_used_even_to_verify(entry: object) -> None:
    """J17-08, BCP-02: whoever read the set could sign with it."""
    assert is_unfit(entry)


@pytest.mark.parametrize(
    "entry",
    [
        jwk(kty=ABSENT),
        jwk(kty="AKP", alg="ML-DSA-65"),
        jwk(kty="rsa"),
        jwk(kty=1),
        jwk(kty=["RSA"]),
        jwk(n=ABSENT),
        jwk(e=ABSENT),
        jwk(n=None),
        jwk(n=5),
        jwk(n=""),
        jwk(n="!!!"),
        jwk(n="ä"),
        jwk(e="AQ"),
        jwk(e="AA"),
        jwk(kid=1),
        jwk(kid=["k1"]),
        jwk(alg="HS256"),
        jwk(alg="none"),
        jwk(alg="rs256"),
        jwk(alg="ES256"),
        jwk(alg="RSA-OAEP"),
        jwk(alg=1),
        jwk("p256", alg="ES384"),
        jwk("p256", alg="ES521"),
        jwk("p256", crv="P-384"),
        jwk("p256", crv="secp256k1"),
        jwk("p256", crv=ABSENT),
        jwk("p256", crv=["P-256"]),
        jwk("p256", y=ABSENT),
        jwk("p256", x="A" * 43),
        jwk("p256", x="AQAB"),
        jwk("k256"),
        jwk("ed25519", crv="X25519"),
        jwk("ed25519", crv="Ed448"),
        jwk("ed25519", x=ABSENT),
        jwk("ed25519", x="AQAB"),
        jwk("ed25519", alg="Ed448"),
        "a string",
        17,
        None,
        [],
        {},
    ],
)
def test_a_broken_unknown_or_contradicting_key_is_left_out_and_the_others_serve(
    entry: object,
) -> None:
    """J17-01, J18-04, J18-08, RFC 7517 section 5: one bad apple leaves the basket good."""
    assert is_unfit(entry)


def test_a_weak_rsa_key_is_left_out() -> None:
    """J18-01, FA-07: RFC 7518 sections 3.3 and 3.5, 2048 bits or more."""
    assert is_unfit(jwk("rsa1024"))
    assert is_unfit(jwk(n=number(ODD >> 1 | 1)))
    assert not is_unfit(jwk(n=number(ODD)))


def test_an_rsa_key_that_costs_too_much_is_left_out() -> None:
    """A set is asked for once, and its keys are used for each request."""
    assert not is_unfit(jwk(e=number(2**63 + 1)))
    assert is_unfit(jwk(e=number(2**64 + 1)))
    assert is_unfit(jwk(n=number(2**16_500 + 1)))
    assert is_unfit(jwk(n="A" * 1_000_000))


def test_the_longest_rsa_key_that_openssl_takes_serves_padded_too() -> None:
    """16,384 bits are 2731 characters, and one of padding."""
    longest = number(2**16_383 + 1)
    assert len(longest) == 2731
    assert not is_unfit(jwk(n=longest))
    assert not is_unfit(jwk(n=longest + "="))
    assert is_unfit(jwk(n="A" + longest + "="))


def test_a_member_that_stands_twice_makes_a_key_uncertain() -> None:
    """J17-07: two readers would see two keys."""
    text = json.dumps(jwk()).replace('"kid"', '"kty": "RSA", "kid"', 1)
    good = json.dumps(jwk("p256", kid="good"))
    keys = read_key_set(f'{{"keys": [{text}, {good}]}}'.encode(), None)
    assert kids(keys) == {"good"}
    assert keys.unfit == {"k1"}


def test_null_members_and_padding_mean_nothing() -> None:
    """Some servers write every member there is, and pad what RFC 7518 section 2 does not."""
    plain = jwk()
    odd = {**plain, "n": plain["n"] + "==", "e": "AQAB=", "x5c": None, "use": None, "d": None}
    (key,) = key_set(odd).keys
    assert key.key.public_numbers() == private_key("rsa").public_key().public_numbers()


@pytest.mark.parametrize("member", ["x5c", "x5t", "x5u", "issuer", "ext", "whatever"])
@pytest.mark.parametrize("value", ["MIIB", ["MIIB"], {"a": 1}, 5, False])
def test_members_that_merely_describe_a_key_change_nothing(member: str, value: object) -> None:
    """J17-06, J17-09: RFC 7517 sections 4.7 to 4.9; certificates are not looked at."""
    (key,) = key_set(jwk(**{member: value})).keys
    assert key.key.public_numbers() == private_key("rsa").public_key().public_numbers()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":null}',
        b'{"keys":"x"}',
        b'{"keys":[]}',
        b'{"keys":[],"keys":[]}',
        b'{"Keys":[{}]}',
        b"<html></html>",
        b'\xef\xbb\xbf{"keys":[{}]}',
        b'{"keys":[{"a":NaN}]}',
        b'{"keys":' + b"[" * 100_000,
        json.dumps(jwk()).encode(),
    ],
)
def test_a_document_without_a_list_of_keys_is_none(document: bytes) -> None:
    """J17-06, CA-08, RFC 7517 section 5.1: it must not pass for an empty set."""
    with pytest.raises(ValueError):
        read_key_set(document, None)


def test_unknown_members_of_the_document_are_ignored() -> None:
    document = json.dumps({"keys": [jwk()], "x": {"y": [1]}, "issuer": None}).encode()
    assert kids(read_key_set(document, None)) == {"k1"}
