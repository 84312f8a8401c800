"""How each algorithm verifies a signature (RFC 7518 section 3, RFC 8037 section 3.1).

The cryptography is that of ``cryptography``. What its ``verify`` takes beside the octets is made
once for each algorithm: PyJWT's ``Algorithm`` objects make it for each token.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

Verify = Callable[[Any, bytes, bytes], bool]
"""Of a public key, the octets that were signed, and the signature."""

# RFC 7518 section 3.4: R and S are as long as the order of the curve.
_HALF: Final = {"ES256": 32, "ES384": 48, "ES512": 66}


@cache
def verification(name: str) -> Verify:
    """Verifies by one of ``settings.issuer.ALGORITHMS``, with a key that fits it."""
    if name[:2] in ("RS", "PS"):
        return _rsa(name)
    return _ecdsa(name) if name in _HALF else _eddsa()


# Characters of base64url that R and S take, one behind the other.
_ECDSA_SIGNATURES: Final = frozenset(-(-2 * half * 4 // 3) for half in _HALF.values())


def signed_part(token: bytes) -> bytes:
    """What tells a token from others, however its signature is spelled: all before it, where that
    is as long as one by ECDSA. Of any other token it is the whole.

    ECDSA takes (r, n - s) for (r, s), and who has the one has the other: two tokens for what the
    issuer signed once. To refuse one of them would refuse good issuers (RFC 7518 section 3.4).
    The last dot stays, so that no token which is looked up by its whole is ever the same octets:
    those do not end with a dot, or have not just two (RFC 7515 section 7.1).
    """
    end = token.rfind(b".") + 1
    if len(token) - end in _ECDSA_SIGNATURES and token.count(b".") == 2:
        return token[:end]
    return token


def _rsa(name: str) -> Verify:
    """RFC 7518 sections 3.3 and 3.5."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding

    chosen = _hash(name)
    scheme: Any = padding.PKCS1v15()
    if name.startswith("PS"):
        # Section 3.5: the salt is as long as the hash, and MGF1 uses the same one.
        scheme = padding.PSS(padding.MGF1(chosen), chosen.digest_size)

    def verify(key: Any, signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signing_input, scheme, chosen)
        except InvalidSignature:
            return False
        return True

    return verify


def _ecdsa(name: str) -> Verify:
    """RFC 7518 section 3.4."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half, scheme, number = _HALF[name], ECDSA(_hash(name)), int.from_bytes

    def verify(key: Any, signing_input: bytes, signature: bytes) -> bool:
        # R and S side by side, and not a bit beside them: no DER, no zeros left out.
        if len(signature) != 2 * half:
            return False
        r, s = number(signature[:half], "big"), number(signature[half:], "big")
        try:
            key.verify(encode_dss_signature(r, s), signing_input, scheme)
        except InvalidSignature:
            return False
        return True

    return verify


def _eddsa() -> Verify:
    """RFC 8037 section 3.1. The key knows its curve."""
    from cryptography.exceptions import InvalidSignature

    def verify(key: Any, signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signing_input)
        except InvalidSignature:
            return False
        return True

    return verify


def _hash(name: str) -> Any:
    from cryptography.hazmat.primitives import hashes

    return {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[name[2:]]
