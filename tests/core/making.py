"""Keys, JWKs, claims and tokens for the tests of the core. PyJWT signs; nothing is mocked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from bearer_guard._core.key_set import KeySet, read_key_set
from bearer_guard.testing.rsa_keys import new_rsa_key

NOW: Final = 1_800_000_000.0
ISSUER: Final = "https://login.example.com/"
AUDIENCE: Final = "https://api.example.com"
ABSENT: Final[Any] = object()
"""As a value: leave the member out."""

KIND: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "rsa"),
    "ES256": "p256",
    "ES384": "p384",
    "ES512": "p521",
    "EdDSA": "ed25519",
    "Ed25519": "ed25519",
    "Ed448": "ed448",
}
"""Every supported algorithm, and the kind of key that it takes."""

_NEW_KEY: Final = {
    "rsa": new_rsa_key,
    "rsa1024": lambda: rsa.generate_private_key(65_537, 1024),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "k256": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}
_JWK_BY: Final = {"rsa": "RS256", "p": "ES256", "k": "ES256", "ed": "EdDSA"}


def pyjwt(algorithm: str) -> Any:
    """PyJWT's object for an algorithm; it knows Ed25519 and Ed448 by their old name alone."""
    return get_default_algorithms()["EdDSA" if algorithm.startswith("Ed") else algorithm]


def private_key(kind: str, number: int = 0) -> Any:
    """The key pair of this kind and number; the same whenever it is asked for."""
    return _kept_key(kind, number)


@cache
def _kept_key(kind: str, _number: int) -> Any:
    return _NEW_KEY[kind]()


def jwk(kind: str = "rsa", number: int = 0, **changes: Any) -> dict[str, Any]:
    """The public key as a JWK named ``k1``, with changes."""
    algorithm = next(name for start, name in _JWK_BY.items() if kind.startswith(start))
    found = pyjwt(algorithm).to_jwk(private_key(kind, number).public_key(), as_dict=True)
    found.pop("key_ops", None)
    return changed({**found, "kid": "k1"}, changes)


def number(value: int) -> str:
    """An integer as JWKs write it (RFC 7518 section 2)."""
    return segment(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The members with the changes, and without those that are ``ABSENT``."""
    return {name: value for name, value in {**members, **changes}.items() if value is not ABSENT}


def key_set(*jwks: object, previous: KeySet | None = None) -> KeySet:
    """The set that a document with these entries gives."""
    return read_key_set(json.dumps({"keys": jwks}).encode(), previous)


def claims(**changes: Any) -> dict[str, Any]:
    """All claims of RFC 9068 section 2.2, for us and valid now, with changes."""
    return changed(
        {
            "iss": ISSUER,
            "sub": "user-1",
            "aud": AUDIENCE,
            "exp": NOW + 300,
            "iat": NOW,
            "jti": "t-1",
            "client_id": "client-1",
            "scope": "orders:read",
        },
        changes,
    )


def segment(content: Mapping[str, Any] | bytes) -> bytes:
    """base64url of a JSON object, or of these very octets."""
    octets = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def jws(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, **by: Any) -> bytes:
    """A compact JWS with this header and this payload. ``by`` is what ``signature`` takes."""
    signing_input = segment(header) + b"." + segment(payload)
    return signing_input + b"." + segment(signature(signing_input, **by))


def signature(signing_input: bytes, *, algorithm: str = "RS256", number: int = 0) -> bytes:
    """The raw signature, by the key of the algorithm's kind."""
    found: bytes = pyjwt(algorithm).sign(signing_input, private_key(KIND[algorithm], number))
    return found


def token(
    algorithm: str = "RS256",
    *,
    number: int = 0,
    header: Mapping[str, Any] | None = None,
    **claims_changes: Any,
) -> bytes:
    """A good access token signed by key ``number``, with changes to its header and claims."""
    named = changed({"alg": algorithm, "typ": "at+jwt", "kid": "k1"}, header or {})
    return jws(named, claims(**claims_changes), algorithm=algorithm, number=number)
