"""What may come in place of a good key set (RFC 7517), and what must still be let in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.rows import Row, bearer, one, rows
from conformance.tokens import ABSENT, b64, jwk, private_members
from conformance.verdicts import INVALID, LET_IN, Verdict
from conformance.world import Setting, World
from faults.answers import Answer, document

GOOD = [jwk("p256-1", alg="ES256")]
Make = Callable[[World], Answer]


def serving(answer: Answer | Make, **issuer: Any) -> Setting:
    """The issuer's metadata is good and its key set is this."""
    return Setting(
        act=lambda world: world.publish(jwks=answer(world) if callable(answer) else answer),
        issuer=issuer,
        fresh=True,
    )


def keys(
    sentence: str,
    verdict: Verdict,
    *published: Any,
    how: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    at_most: int = 3,
) -> Row:
    """A token against a set of these entries."""
    return one(f"key set: {sentence}", lambda world: bearer(world.jwt(None, header, **(how or {}))), verdict,
               setting=serving(document({"keys": list(published)})), at_most=at_most)  # fmt: skip


def body(
    sentence: str, verdict: Verdict, answer: Answer | Make, *, at_most: int = 3, **options: Any
) -> Row:
    return one(f"key set answer: {sentence}", lambda world: bearer(world.jwt()), verdict,
               setting=serving(answer, **options.pop("issuer", {})), at_most=at_most, **options)  # fmt: skip


P, R = jwk("p256-1", alg="ES256"), jwk("rsa-1", alg="RS256")
RS: dict[str, Any] = {"key": "rsa-1", "algorithm": "RS256"}
ODD_ENTRIES: dict[str, Any] = {
    "an unknown kty": {"kty": "AKP", "alg": "ML-DSA-65", "pub": "x", "kid": "pq"},
    "no kty": {"kid": "x", "n": "AQAB", "e": "AQAB"},
    "kty null": {"kty": None, "kid": "x"},
    "kty a number": {"kty": 1, "kid": "x"},
    "kty a list": {"kty": ["EC"], "kid": "x"},
    "kty in lower case": {**P, "kty": "ec", "kid": "x"},
    "an encryption key": jwk("rsa-2", use="enc", alg="RSA-OAEP-256"),
    "a symmetric key": {"kty": "oct", "k": b64(b"secret" * 8), "kid": "sym", "alg": "HS256"},
    "a private key": {**jwk("rsa-2"), **private_members("rsa-2")},
    "an unknown curve": {**P, "crv": "P-257", "kid": "x"},
    "secp256k1": jwk("k1-1"),
    "X25519": {"kty": "OKP", "crv": "X25519", "x": b64(b"x" * 32), "kid": "x"},
    "a curve that is a number": {**P, "crv": 256, "kid": "x"},
    "a point off the curve": {**P, "y": b64(b"\1" * 32), "kid": "x"},
    "a point at zero": {**P, "x": b64(bytes(32)), "y": b64(bytes(32)), "kid": "x"},
    "a short coordinate": {**P, "x": P["x"][:-4], "kid": "x"},
    "a long coordinate": {**P, "x": P["x"] + "AAAA", "kid": "x"},
    "a missing coordinate": {name: value for name, value in P.items() if name != "y"} | {"kid": "x"},
    "a coordinate of null": {**P, "x": None, "kid": "x"},
    "a coordinate of a number": {**P, "x": 12345, "kid": "x"},
    "a coordinate that is no base64url": {**P, "x": "!!!!", "kid": "x"},
    "a coordinate of emoji": {**P, "x": "😀" * 10, "kid": "x"},
    "an empty coordinate": {**P, "x": "", "kid": "x"},
    "a weak RSA key": jwk("rsa1024-1"),
    "an RSA key of 512 bits": {"kty": "RSA", "n": b64(b"\xc1" + b"\1" * 63), "e": "AQAB", "kid": "x"},
    "an RSA key without n": {"kty": "RSA", "e": "AQAB", "kid": "x"},
    "an RSA key without e": {"kty": "RSA", "n": R["n"], "kid": "x"},
    "an RSA key with n zero": {"kty": "RSA", "n": "AA", "e": "AQAB", "kid": "x"},
    "an RSA key with n empty": {"kty": "RSA", "n": "", "e": "AQAB", "kid": "x"},
    "an RSA key with e one": {"kty": "RSA", "n": R["n"], "e": "AQ", "kid": "x"},
    "an RSA key with e zero": {"kty": "RSA", "n": R["n"], "e": "AA", "kid": "x"},
    "an RSA key with e even": {"kty": "RSA", "n": R["n"], "e": "Ag", "kid": "x"},
    "an RSA key with e empty": {"kty": "RSA", "n": R["n"], "e": "", "kid": "x"},
    "an RSA key with e as long as n": {"kty": "RSA", "n": R["n"], "e": R["n"], "kid": "x"},
    "an RSA key with e of a million bits": {"kty": "RSA", "n": R["n"], "e": "_" * 170_000, "kid": "x"},
    "an RSA key with n of a million bits": {"kty": "RSA", "n": "_" * 170_000, "e": "AQAB", "kid": "x"},
    "an RSA key with n even": {"kty": "RSA", "n": R["n"][:-2] + "AA", "e": "AQAB", "kid": "x"},
    "an RSA key with n a number": {"kty": "RSA", "n": 5, "e": 3, "kid": "x"},
    "an RSA key with n a list": {"kty": "RSA", "n": ["AQAB"], "e": "AQAB", "kid": "x"},
    "an RSA key with n in hex": {"kty": "RSA", "n": "0x" + "f" * 500, "e": "65537", "kid": "x"},
    "an OKP key of 31 octets": {"kty": "OKP", "crv": "Ed25519", "x": b64(b"x" * 31), "kid": "x"},
    "an OKP key of no point": {"kty": "OKP", "crv": "Ed25519", "x": b64(b"\xff" * 32), "kid": "x"},
    "an OKP key without crv": {"kty": "OKP", "x": b64(b"x" * 32), "kid": "x"},
    "an Ed448 key of 32 octets": {"kty": "OKP", "crv": "Ed448", "x": b64(b"x" * 32), "kid": "x"},
    "kid a number": {**R, "kid": 1},
    "kid a list": {**R, "kid": ["p256-1"]},
    "kid an object": {**R, "kid": {}},
    "kid empty": {**R, "kid": ""},
    "kid of 10 kB": {**R, "kid": "k" * 10_000},
    "kid of half a surrogate": {**R, "kid": "\ud800"},
    "use a list": {**R, "use": ["sig"], "kid": "x"},
    "use unknown": {**R, "use": "SIG", "kid": "x"},
    "key_ops sign alone": {**R, "use": ABSENT, "key_ops": ["sign"], "kid": "x"},
    "key_ops a string": {**R, "key_ops": "verify", "kid": "x"},
    "key_ops empty": {**R, "key_ops": [], "kid": "x"},
    "key_ops a number": {**R, "key_ops": 1, "kid": "x"},
    "key_ops of lists": {**R, "key_ops": [["verify"]], "kid": "x"},
    "alg of another family": {**R, "alg": "ES256", "kid": "x"},
    "alg none": {**R, "alg": "none", "kid": "x"},
    "alg HS256 on an RSA key": {**R, "alg": "HS256", "kid": "x"},
    "alg a number": {**R, "alg": 256, "kid": "x"},
    "alg a list": {**R, "alg": ["RS256"], "kid": "x"},
    "alg unknown": {**R, "alg": "RS257", "kid": "x"},
    "an empty object": {},
    "null": None,
    "a number": 1,
    "a string": "p256-1",
    "a list": [P],
    "true": True,
    "a JWE": {"ciphertext": "x", "protected": "y"},
    "a nested key set": {"keys": [P]},
    "a certificate alone": {"kty": "RSA", "x5c": ["MIIB"], "kid": "x"},
    "x5c that is no list": {**R, "x5c": 1, "kid": "x"},
    "x5u": {**R, "x5u": "http://127.0.0.1:1/", "kid": "x"},
    "deep nesting inside": {**R, "kid": "x", "ext": [[[[[[[[[[1]]]]]]]]]]},
}  # fmt: skip
ODD_ENTRIES = {
    name: {m: v for m, v in entry.items() if v is not ABSENT} if isinstance(entry, dict) else entry
    for name, entry in ODD_ENTRIES.items()
}


def _beside(name: str, entry: Any, first: bool) -> Row:
    published = (entry, P) if first else (P, entry)
    return keys(
        f"{name}, {'before' if first else 'behind'} a good key, leaves the good one good",
        LET_IN,
        *published,
    )


BAD_APPLES = [
    _beside(name, entry, first) for name, entry in ODD_ENTRIES.items() for first in (True, False)
]


def _ours(**members: Any) -> dict[str, Any]:
    """The very key that signs, published in an unusable form."""
    return {m: v for m, v in {**P, **members}.items() if v is not ABSENT}


UNUSABLE = [
    keys(f"the signing key published {name} verifies nothing", INVALID.but(because="key_unfit"), entry, R)
    for name, entry in {
        "for encryption": _ours(use="enc"),
        "with its private half": _ours(d=b64(b"x" * 32)),
        "with a member k": _ours(k="c2VjcmV0"),
        "with key_ops sign": _ours(use=ABSENT, key_ops=["sign"]),
        "with key_ops of nothing": _ours(key_ops=[]),
        "with key_ops encrypt": _ours(key_ops=["encrypt", "wrapKey"]),
        "for another algorithm": _ours(alg="ES384"),
        "for HS256": _ours(alg="HS256"),
        "for ECDH-ES": _ours(alg="ECDH-ES"),
        "with use in upper case": _ours(use="SIG"),
        "with another curve's name": _ours(crv="P-384"),
        "as kty RSA": _ours(kty="RSA"),
        "as kty oct": {"kty": "oct", "kid": "p256-1", "k": P["x"], "alg": "HS256"},
        "without y": _ours(y=ABSENT),
    }.items()
] + [
    keys("a key of the same kid with other material is refused", INVALID.but(because="signature_invalid"),
         jwk("p256-2", kid="p256-1")),
    keys("a good key under another kid alone is unknown", INVALID.but(because="key_unknown"), {**P, "kid": "x"}),
    keys("a good key under the kid in other case is unknown", INVALID.but(because="key_unknown"), {**P, "kid": "P256-1"}),
    keys("HS256 by a symmetric key that the set publishes is refused", INVALID.but(because="algorithm_not_allowed"),
         P, {"kty": "oct", "k": b64(b"secret" * 8), "kid": "sym", "alg": "HS256"}, header={"kid": "sym"},
         how={"key": b"secret" * 8, "algorithm": "HS256"}, at_most=0),
    keys("RS256 by a private key that the set publishes is refused", INVALID.but(because="key_unfit"),
         P, {**jwk("rsa-2"), **private_members("rsa-2")}, how={"key": "rsa-2", "algorithm": "RS256"}),
]  # fmt: skip

SELECTION = [
    keys("two keys of one kid and type are both tried, the first signs", LET_IN, P, jwk("p256-2", kid="p256-1")),
    keys("two keys of one kid and type are both tried, the second signs", LET_IN, jwk("p256-2", kid="p256-1"), P),
    keys("one kid for RSA and EC, the EC key signs", LET_IN, jwk("rsa-1", kid="p256-1"), P),
    keys("one kid for RSA and EC, the RSA key signs", LET_IN, jwk("rsa-1", kid="x"), jwk("p256-1", kid="x"),
         header={"kid": "x"}, how=RS),
    keys("one kid for an encryption key and a signing key", LET_IN, jwk("p256-2", kid="p256-1", use="enc"), P),
    keys("one kid for a broken and a good key", LET_IN, {"kty": "EC", "kid": "p256-1"}, P),
    keys("the same key twice", LET_IN, P, P),
    keys("a key without kid, a token with one", LET_IN, {m: v for m, v in P.items() if m != "kid"}),
    keys("a key with kid, a token without one", LET_IN, P, header={"kid": ABSENT}),
    keys("neither has a kid", LET_IN, {m: v for m, v in P.items() if m != "kid"}, header={"kid": ABSENT}),
    keys("three keys of a kind, a token without kid", LET_IN, jwk("p256-2"), jwk("p256-3"), P, header={"kid": ABSENT}),
    keys("eight keys of a kind, a token without kid", LET_IN, *(jwk(f"p256-{n}") for n in range(2, 9)), P, header={"kid": ABSENT}),
    keys("twelve keys of a kind, a token without kid", LET_IN, *(jwk(f"p256-{n}") for n in range(2, 13)), P, header={"kid": ABSENT}),
    keys("eight RSA keys and the one EC key, a token without kid", LET_IN,
         *(jwk("rsa-1", kid=f"r{n}", x=n) for n in range(8)), P, header={"kid": ABSENT}),
    keys("a hundred keys", LET_IN, *(jwk(f"p256-{n % 8}", kid=f"k{n}") for n in range(100)), P),
    keys("five hundred keys", LET_IN, *(jwk(f"p256-{n % 8}", kid=f"k{n}") for n in range(500)), P),
    keys("kid empty on both sides", LET_IN, jwk("p256-1", kid=""), header={"kid": ""}),
    keys("kid of emoji on both sides", LET_IN, jwk("p256-1", kid="🔑"), header={"kid": "🔑"}),
    keys("kid with spaces and slashes on both sides", LET_IN, jwk("p256-1", kid="a b/c+d=="), header={"kid": "a b/c+d=="}),
    keys("kid of 1024 characters on both sides", LET_IN, jwk("p256-1", kid="k" * 1024), header={"kid": "k" * 1024}),
    keys("kid that is a URL on both sides", LET_IN, jwk("p256-1", kid="https://x.example/k"), header={"kid": "https://x.example/k"}),
    keys("a thumbprint as kid", LET_IN, jwk("p256-1", kid="NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
         header={"kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}),
    keys("no use, no alg", LET_IN, {m: v for m, v in P.items() if m not in ("use", "alg")}),
    keys("key_ops verify", LET_IN, {**{m: v for m, v in P.items() if m != "use"}, "key_ops": ["verify"]}),
    keys("key_ops sign and verify", LET_IN, {**P, "key_ops": ["sign", "verify"]}),
    keys("null in every member that is absent", LET_IN, {**P, "x5c": None, "x5u": None, "d": None, "k": None, "key_ops": None, "n": None}),
    keys("x5c, x5t and unknown members", LET_IN, {**P, "x5c": ["MIIB"], "x5t": "x", "x5t#S256": "y", "issuer": "https://x", "nbf": 1}),
    keys("an RSA key with RS256", LET_IN, R, how=RS),
    keys("an RSA key without alg, PS384", LET_IN, jwk("rsa-1"), how={"key": "rsa-1", "algorithm": "PS384"}),
    keys("an RSA key of 3072 bits", LET_IN, jwk("rsa3072-1"), how={"key": "rsa3072-1", "algorithm": "RS512"}),
    keys("an RSA key with exponent 3", LET_IN, jwk("rsae3-1"), how={"key": "rsae3-1", "algorithm": "RS256"}),
    keys("an exponent with a leading zero octet", LET_IN, {**R, "e": "AAEAAQ"}, how=RS),
    keys("an RSA modulus with a leading zero octet", LET_IN, {**R, "n": b64(b"\0" + __import__("base64").urlsafe_b64decode(R["n"] + "=="))}, how=RS),
    keys("an RSA modulus with padding", LET_IN, {**R, "n": R["n"] + "=="}, how=RS),
    keys("Entra's two keys, x5c and issuer", LET_IN, {**R, "x5t": "x", "x5c": ["MII"], "cloud_instance_name": "m", "issuer": "https://l/{tenantid}/v2.0"},
         jwk("rsa-2"), how=RS),
]  # fmt: skip

_TEXT = json.dumps({"keys": GOOD}).encode()

ROWS = rows(
    "key set", BAD_APPLES, UNUSABLE, SELECTION,
)  # fmt: skip
