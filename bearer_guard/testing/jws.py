"""Signing: private keys, their public JWKs, and the JWS compact serialisation."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from bearer_guard.testing.rsa_keys import new_rsa_key

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | bytes
)
"""What signs; ``bytes`` are an HMAC's secret, for tests of algorithm confusion."""

_SIGNERS: Final = get_default_algorithms()

_NEW_KEY: Final[dict[str, Callable[[], PrivateKey]]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), new_rsa_key),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}

ALGORITHMS: Final = tuple(_NEW_KEY)
"""The algorithms that an authorization server signs with here."""


def new_private_key(algorithm: str) -> PrivateKey:
    """Return a new private key for *algorithm* (RFC 7518 section 3.1, RFC 8037 section 3.1).

    An algorithm that no authorization server signs with is a ``ValueError``.
    """
    if algorithm not in _NEW_KEY:
        raise ValueError(f"no keys for {algorithm!r}: choose from {', '.join(ALGORITHMS)}")
    return _NEW_KEY[algorithm]()


def public_jwk(key: PrivateKey, *, algorithm: str, kid: str) -> dict[str, Any]:
    """Return the public half of *key* as a JWK for signatures (RFC 7517 section 4)."""
    if isinstance(key, bytes):
        raise TypeError("a symmetric key has no public half to publish")
    jwk = _SIGNERS[algorithm].to_jwk(key.public_key(), as_dict=True)
    jwk.pop("key_ops", None)  # RFC 7517 section 4.3: "use" and "key_ops" SHOULD NOT be together
    return {**jwk, "kid": kid, "use": "sig", "alg": algorithm}


def compact_jws(header: bytes, payload: bytes, *, algorithm: str, key: PrivateKey) -> str:
    """Return *payload* signed by *key*, in the JWS compact serialisation (RFC 7515 section 7.1).

    The header is signed as it is, whatever algorithm it names.
    """
    signing_input = f"{base64url(header)}.{base64url(payload)}"
    signature = _SIGNERS[algorithm].sign(signing_input.encode(), key)
    return f"{signing_input}.{base64url(signature)}"


def token_hash(token: str, *, algorithm: str) -> str:
    """Return an access token's ``at_hash`` (OpenID Connect Core 1.0 section 3.1.3.6)."""
    bits = algorithm[2:] if algorithm[2:] in {"256", "384"} else "512"
    digest = hashlib.new(f"sha{bits}", token.encode()).digest()
    return base64url(digest[: len(digest) // 2])


def base64url(data: bytes) -> str:
    """Return *data* in base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
