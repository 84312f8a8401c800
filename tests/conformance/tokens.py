"""Keys and tokens, made with ``cryptography`` alone: nothing of the library judges itself here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

DEFAULT_KEYS = ("p256-1", "rsa-1")
ABSENT: Any = object()
"""As a value: leave the member out."""
NOW = 1_800_000_000.0

_HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
_CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "k1": ec.SECP256K1}
_CRV = {"p256": "P-256", "p384": "P-384", "p521": "P-521", "k1": "secp256k1"}
_SIZE = {"p256": 32, "p384": 48, "p521": 66, "k1": 32}


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
def private_key(name: str) -> Any:
    """A private key by name: ``rsa-1``, ``rsa1024-x``, ``rsa3072-x``, ``p256-1``, ``ed25519-1``…
    The same name is the same key throughout the run."""
    kind = name.partition("-")[0]
    if kind.startswith("rsae3"):
        return rsa.generate_private_key(3, 2048)
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:] or 2048))
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    return {"ed25519": ed25519.Ed25519PrivateKey, "ed448": ed448.Ed448PrivateKey}[kind].generate()


def jwk(name: str, *, kid: Any = None, **members: Any) -> dict[str, Any]:
    """The public JWK of a key; ``kid`` is its name unless told otherwise."""
    return _merged({"kid": name if kid is None else kid, "use": "sig"}, _material(name), members)


@cache
def _material_text(name: str) -> str:
    kind, public = name.partition("-")[0], private_key(name).public_key()
    if kind.startswith("rsa"):
        numbers = public.public_numbers()
        return json.dumps(
            {"kty": "RSA", "n": b64(_octets(numbers.n)), "e": b64(_octets(numbers.e))}
        )
    if kind in _CURVES:
        numbers, size = public.public_numbers(), _SIZE[kind]
        x, y = (b64(part.to_bytes(size, "big")) for part in (numbers.x, numbers.y))
        return json.dumps({"kty": "EC", "crv": _CRV[kind], "x": x, "y": y})
    crv = {"ed25519": "Ed25519", "ed448": "Ed448"}[kind]
    return json.dumps({"kty": "OKP", "crv": crv, "x": b64(public.public_bytes_raw())})


def _material(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_material_text(name))
    return found


def private_members(name: str) -> dict[str, str]:
    """What would make the JWK of an RSA key a private one."""
    numbers = private_key(name).private_numbers()
    return {
        "d": b64(_octets(numbers.d)),
        "p": b64(_octets(numbers.p)),
        "q": b64(_octets(numbers.q)),
    }


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _merged(*parts: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        found.update(part)
    return {name: value for name, value in found.items() if value is not ABSENT}


def sign(key: Any, algorithm: str, octets: bytes, salt: int | None = None) -> bytes:
    """A signature over ``octets``; ``key`` is a key's name, or the secret of an HMAC."""
    hash_name = algorithm[2:]
    if algorithm.startswith("HS"):
        return hmac.new(key, octets, f"sha{hash_name}").digest()
    private = private_key(key)
    if algorithm.startswith("RS"):
        return bytes(private.sign(octets, padding.PKCS1v15(), _HASHES[hash_name]()))
    if algorithm.startswith("PS"):
        digest = _HASHES[hash_name]()
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size if salt is None else salt)
        return bytes(private.sign(octets, pss, digest))
    if algorithm.startswith("ES"):
        r, s = decode_dss_signature(private.sign(octets, ec.ECDSA(_HASHES[hash_name]())))
        size = _SIZE[key.partition("-")[0]]
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return bytes(private.sign(octets))


def claims_of(issuer: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The claims set of RFC 9068 section 2.2, with ``changes``."""
    return _merged(
        {
            "iss": issuer,
            "sub": "user-1",
            "aud": "https://api.example.com",
            "exp": int(NOW) + 300,
            "iat": int(NOW),
            "jti": "j-" + hashlib.sha256(repr(sorted(changes)).encode()).hexdigest()[:12],
            "client_id": "client-1",
            "scope": "orders:read",
        },
        changes,
    )


def compact(header: bytes, payload: bytes, signature: bytes) -> str:
    return f"{b64(header)}.{b64(payload)}.{b64(signature)}"


def jwt(
    claims: dict[str, Any] | bytes,
    header: dict[str, Any] | bytes,
    *,
    key: Any = "p256-1",
    algorithm: str = "ES256",
    salt: int | None = None,
) -> str:
    """A signed JWT. ``header`` is merged over ``alg``, ``kid`` and ``typ``; bytes stand as they are."""
    if isinstance(header, dict):
        kid = key if isinstance(key, str) else "p256-1"
        header = json.dumps(
            _merged({"alg": algorithm, "kid": kid, "typ": "at+jwt"}, header)
        ).encode()
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signing_input = f"{b64(header)}.{b64(payload)}".encode()
    return f"{signing_input.decode()}.{b64(sign(key, algorithm, signing_input, salt))}"
