"""Signature algorithms (RFC 7518, RFC 8037, RFC 9864): which key fits which.

PyJWT reads the keys. It is imported when the first key is read, not when ``bearer_guard`` is.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jwt.algorithms import Algorithm

MIN_RSA_BITS: Final = 2048
"""RFC 7518 sections 3.3 and 3.5."""

RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})

# RFC 7518 section 3.4: each ECDSA algorithm has one curve. RFC 9864 section 2.2: "EdDSA" says
# no curve, "Ed25519" and "Ed448" do; a key of that curve serves both names.
BY_CURVE: Final = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
    ("OKP", "Ed448"): frozenset({"EdDSA", "Ed448"}),
}

_PYJWT_NAME: Final = {"Ed25519": "EdDSA", "Ed448": "EdDSA"}


@cache
def implementation(name: str) -> Algorithm:
    """PyJWT's algorithm object for one of ``settings.issuer.ALGORITHMS``."""
    from jwt.algorithms import get_default_algorithms

    return get_default_algorithms()[_PYJWT_NAME.get(name, name)]


def public_key(algorithm: str, jwk: dict[str, Any]) -> Any:
    """The public key of a JWK. Raises ``ValueError`` when it is none."""
    from jwt.exceptions import PyJWTError

    try:
        return implementation(algorithm).from_jwk(jwk)
    except (PyJWTError, TypeError, KeyError, OverflowError) as error:
        raise ValueError("not a key") from error
