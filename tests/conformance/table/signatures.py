"""Signatures and the keys that may verify them (RFC 7518, RFC 8037, RFC 9864)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from conformance.rows import Row, bearer, one, rows, token_row
from conformance.tokens import ABSENT, b64, jwk, private_key, sign, unb64
from conformance.verdicts import INVALID, LET_IN, Verdict
from conformance.world import Setting, World


def publishing(*keys: dict[str, Any], fresh: bool = True, **issuer: Any) -> Setting:
    """An issuer that publishes just these keys."""
    return Setting(act=lambda world: world.publish(*keys), issuer=issuer, fresh=fresh)


EVERY_KEY = Setting(
    act=lambda world: world.publish(
        jwk("rsa-1"), jwk("rsa3072-1"), jwk("rsae3-1"), jwk("p256-1"), jwk("p384-1"), jwk("p521-1"),
        jwk("ed25519-1"), jwk("ed448-1"), jwk("k1-1"), jwk("rsa1024-1"),
    )
)  # fmt: skip
PAIRS = {
    "rsa-1": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "rsa3072-1": ("RS256", "PS512"),
    "rsae3-1": ("RS256", "PS256"),
    "p256-1": ("ES256",),
    "p384-1": ("ES384",),
    "p521-1": ("ES512",),
    "ed25519-1": ("EdDSA", "Ed25519"),
    "ed448-1": ("EdDSA", "Ed448"),
}
EVERY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
         "Ed25519", "Ed448")  # fmt: skip

GOOD = [
    token_row(f"{alg} by {key} {'with' if named else 'without'} kid is let in", LET_IN,
              header={} if named else {"kid": ABSENT},
              how={"key": key, "algorithm": alg}, setting=EVERY_KEY)
    for key, algorithms in PAIRS.items() for alg in algorithms for named in (True, False)
]  # fmt: skip


def _as(alg: str, key: str, real: str) -> Row:
    return token_row(f"a token by {key} that says {alg} is refused", INVALID, header={"alg": alg},
                     how={"key": key, "algorithm": real}, setting=EVERY_KEY)  # fmt: skip


LYING = [
    _as(alg, key, real[0])
    for key, real in PAIRS.items()
    if key in ("rsa-1", "p256-1", "p384-1", "ed25519-1", "ed448-1")
    for alg in EVERY
    if alg not in real and not (key == "rsa-1" and alg[1] == "S" and alg[0] in "RP")
] + [
    token_row(f"a token by rsa-1 with {real} that says {alg} is refused", INVALID, header={"alg": alg},
              how={"key": "rsa-1", "algorithm": real}, setting=EVERY_KEY)
    for real, alg in (
        ("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512"), ("RS512", "RS256"),
        ("PS256", "PS384"), ("PS512", "PS256"), ("RS384", "PS384"),
    )
]  # fmt: skip

WEAK = [
    token_row("an RSA key of 1024 bits verifies nothing", INVALID.but(because="key_unfit"),
              how={"key": "rsa1024-1", "algorithm": "RS256"}, setting=EVERY_KEY),
    token_row("an RSA key of 1024 bits verifies nothing without kid either", INVALID,
              header={"kid": ABSENT}, how={"key": "rsa1024-1", "algorithm": "RS256"}, setting=EVERY_KEY),
    token_row("secp256k1 is none of the curves", INVALID,
              header={"alg": "ES256"}, how={"key": "k1-1", "algorithm": "ES256"}, setting=EVERY_KEY),
    token_row("PS256 with no salt is refused", INVALID,
              how={"key": "rsa-1", "algorithm": "PS256", "salt": 0}, setting=EVERY_KEY),
    token_row("PS256 with a longer salt is refused", INVALID,
              how={"key": "rsa-1", "algorithm": "PS256", "salt": 48}, setting=EVERY_KEY),
    token_row("PS512 with a salt of 32 octets is refused", INVALID,
              how={"key": "rsa-1", "algorithm": "PS512", "salt": 32}, setting=EVERY_KEY),
]  # fmt: skip


def secret_of(form: str) -> bytes:
    """Forms of the public key that careless libraries take as an HMAC's secret."""
    public = private_key("rsa-1").public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pkcs1 = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "its PEM": pem, "its PEM without the last line break": pem.rstrip(), "its PKCS 1 PEM": pkcs1,
        "its DER": der, "its modulus": unb64(jwk("rsa-1")["n"]), "its modulus in base64url": jwk("rsa-1")["n"].encode(),
        "its kid": b"rsa-1", "nothing": b"", "its JWK": str(jwk("rsa-1")).encode(),
    }[form]  # fmt: skip


CONFUSED = [
    token_row(f"{alg} with {form} as the secret is refused", INVALID.but(because="algorithm_not_allowed"),
              header={"kid": "rsa-1"}, how={"key": secret_of(form), "algorithm": alg}, at_most=0)
    for alg in ("HS256", "HS384", "HS512")
    for form in (
        "its PEM", "its PEM without the last line break", "its PKCS 1 PEM", "its DER", "its modulus",
        "its modulus in base64url", "its kid", "nothing", "its JWK",
    )
    if alg == "HS256" or form in ("its PEM", "nothing")
]  # fmt: skip


def forged(
    sentence: str,
    make: Callable[[bytes], bytes],
    *,
    key: str = "p256-1",
    alg: str = "ES256",
    verdict: Verdict = INVALID,
) -> Row:
    """A token whose signature is what ``make`` makes of the octets to sign."""

    def build(world: World) -> bytes:
        header, payload, _ = world.jwt(None, {}, key=key, algorithm=alg).split(".")
        octets = f"{header}.{payload}".encode()
        return bearer(f"{octets.decode()}.{b64(make(octets))}")

    return one(sentence, build, verdict, setting=EVERY_KEY, at_most=0)  # fmt: skip


def _der(octets: bytes) -> bytes:
    return bytes(private_key("p256-1").sign(octets, ec.ECDSA(hashes.SHA256())))


def _rs(octets: bytes, r: int | None = None, s: int | None = None) -> bytes:
    true = sign("p256-1", "ES256", octets)
    numbers = (int.from_bytes(true[:32], "big") if r is None else r,
               int.from_bytes(true[32:], "big") if s is None else s)  # fmt: skip
    return b"".join(number.to_bytes(32, "big") for number in numbers)


_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FORGED = [
    forged("an ES256 signature in DER is refused", _der),
    forged("an ES256 signature of zeros is refused (CVE-2022-21449)", lambda _: bytes(64)),
    forged("an ES256 signature with r zero is refused", lambda octets: _rs(octets, r=0)),
    forged("an ES256 signature with s zero is refused", lambda octets: _rs(octets, s=0)),
    forged("an ES256 signature with r the order is refused", lambda octets: _rs(octets, r=_N)),
    forged("an ES256 signature of r and s the order is refused", lambda octets: _rs(octets, r=_N, s=_N)),
    forged("an ES256 signature of ones is refused", lambda octets: _rs(octets, r=1, s=1)),
    forged("an ES256 signature of 63 octets is refused", lambda octets: _rs(octets)[:-1]),
    forged("an ES256 signature of 65 octets is refused", lambda octets: _rs(octets) + b"\0"),
    forged("an ES256 signature with a zero octet before each half is refused",
           lambda octets: b"\0" + _rs(octets)[:32] + b"\0" + _rs(octets)[32:]),
    forged("an ES256 signature twice over is refused", lambda octets: _rs(octets) * 2),
    forged("an ES256 signature of 1 octet is refused", lambda _: b"x"),
    forged("an ES256 signature of 4 KiB is refused", lambda _: b"x" * 4096),
    forged("an ES256 signature over other octets is refused", lambda octets: _rs(octets + b"x")),
    forged("an ES256 signature by a stranger is refused", lambda octets: sign("p256-mallory", "ES256", octets)),
    forged("an RS256 signature by a stranger is refused",
           lambda octets: sign("rsa-mallory", "RS256", octets), key="rsa-1", alg="RS256"),
    forged("an RS256 signature of zeros is refused", lambda _: bytes(256), key="rsa-1", alg="RS256"),
    forged("an RS256 signature of one is refused", lambda _: bytes(255) + b"\1", key="rsa-1", alg="RS256"),
    forged("an RS256 signature of 0xff is refused", lambda _: b"\xff" * 256, key="rsa-1", alg="RS256"),
    forged("an RS256 signature that is short is refused", lambda octets: sign("rsa-1", "RS256", octets)[1:], key="rsa-1", alg="RS256"),
    forged("an RS256 signature with a zero octet before it is refused",
           lambda octets: b"\0" + sign("rsa-1", "RS256", octets), key="rsa-1", alg="RS256"),
    forged("an RS256 signature of another length is refused",
           lambda octets: sign("rsa3072-1", "RS256", octets), key="rsa-1", alg="RS256"),
    forged("an RS256 signature with SHA-1 inside is refused", lambda octets: bytes(
        private_key("rsa-1").sign(octets, padding.PKCS1v15(), hashes.SHA1())), key="rsa-1", alg="RS256"),
    forged("an Ed25519 signature of zeros is refused", lambda _: bytes(64), key="ed25519-1", alg="EdDSA"),
    forged("an Ed25519 signature of 63 octets is refused",
           lambda octets: sign("ed25519-1", "EdDSA", octets)[:-1], key="ed25519-1", alg="EdDSA"),
    forged("an Ed25519 signature with s beyond the order is refused", lambda octets: _malleable(octets),  # noqa: PLW0108
           key="ed25519-1", alg="EdDSA"),
    forged("an Ed448 signature of zeros is refused", lambda _: bytes(114), key="ed448-1", alg="EdDSA"),
    forged("an ES512 signature of 131 octets is refused",
           lambda octets: sign("p521-1", "ES512", octets)[:-1], key="p521-1", alg="ES512"),
    forged("an ES384 signature in an ES256 length is refused",
           lambda octets: sign("p256-1", "ES256", octets), key="p384-1", alg="ES384"),
    forged("the other ES256 signature of the same octets (n - s) verifies as well", lambda octets: _other_s(octets), verdict=LET_IN),  # noqa: PLW0108
]  # fmt: skip


def _malleable(octets: bytes) -> bytes:
    true = sign("ed25519-1", "EdDSA", octets)
    order = 2**252 + 27742317777372353535851937790883648493
    return true[:32] + (int.from_bytes(true[32:], "little") + order).to_bytes(32, "little")


def _other_s(octets: bytes) -> bytes:
    true = _rs(octets)
    return _rs_from(true[:32], _N - int.from_bytes(true[32:], "big"))


def _rs_from(r: bytes, s: int) -> bytes:
    return r + s.to_bytes(32, "big")


TIED = [
    token_row(f"a key whose alg is {tied} does not verify {alg}", INVALID,
              how={"key": "rsa-1", "algorithm": alg}, setting=publishing(jwk("rsa-1", alg=tied)))
    for tied, alg in (("RS256", "PS256"), ("PS256", "RS256"), ("RS512", "RS256"), ("RS256", "RS512"))
] + [
    token_row(f"a key whose alg is {tied} verifies {alg}", LET_IN, how={"key": key, "algorithm": alg},
              setting=publishing(jwk(key, alg=tied)))
    for key, tied, alg in (
        ("rsa-1", "RS256", "RS256"), ("rsa-1", "PS384", "PS384"), ("p256-1", "ES256", "ES256"),
        ("p521-1", "ES512", "ES512"), ("ed25519-1", "EdDSA", "EdDSA"), ("ed25519-1", "Ed25519", "Ed25519"),
        ("ed25519-1", "EdDSA", "Ed25519"), ("ed25519-1", "Ed25519", "EdDSA"), ("ed448-1", "Ed448", "Ed448"),
    )
] + [
    token_row(f"{alg} where only {', '.join(allowed)} is allowed is refused",
              INVALID.but(because="algorithm_not_allowed"),
              how={"key": key, "algorithm": alg}, setting=publishing(
                  jwk("rsa-1"), jwk("p256-1"), jwk("ed25519-1"), algorithms=list(allowed)), at_most=0)
    for key, alg, allowed in (
        ("rsa-1", "RS256", ("ES256",)), ("p256-1", "ES256", ("RS256",)), ("rsa-1", "PS256", ("RS256",)),
        ("ed25519-1", "EdDSA", ("RS256", "ES256")), ("rsa-1", "RS256", ("PS256", "ES256", "EdDSA")),
        ("ed25519-1", "Ed25519", ("EdDSA",)), ("rsa-1", "RS384", ("RS256", "RS512")),
    )
] + [
    token_row(f"{alg} where {', '.join(allowed)} is allowed is let in", LET_IN,
              how={"key": key, "algorithm": alg},
              setting=publishing(jwk("rsa-1"), jwk("p256-1"), jwk("ed25519-1"), algorithms=list(allowed)))
    for key, alg, allowed in (
        ("rsa-1", "PS256", ("PS256", "ES256", "EdDSA")), ("p256-1", "ES256", ("PS256", "ES256", "EdDSA")),
        ("ed25519-1", "EdDSA", ("PS256", "ES256", "EdDSA")), ("ed25519-1", "Ed25519", ("Ed25519",)),
        ("rsa-1", "RS256", ("RS256",)),
    )
]  # fmt: skip


ROWS = rows("signature", GOOD, LYING, WEAK, CONFUSED, FORGED, TIED)
