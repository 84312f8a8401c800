"""Tokens whose signature is spelled in another way that is as good."""

from __future__ import annotations

import base64

ECDSA = ("ES256", "ES384", "ES512")

# The order of each curve (SEC 2, sections 2.4.2, 2.5.1 and 2.6.1).
_ORDERS = {
    algorithm: int(digits, 16)
    for algorithm, digits in {
        "ES256": "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
        "ES384": "F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
        "ES512": "1F"
        + "F" * 64
        + "A51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
    }.items()
}


def twin(token: str, algorithm: str) -> str:
    """The same token with the other signature (r, n - s), which verifies as (r, s) does."""
    signed, _, signature = token.rpartition(".")
    octets = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    half = len(octets) // 2
    other = _ORDERS[algorithm] - int.from_bytes(octets[half:], "big")
    spelled = base64.urlsafe_b64encode(octets[:half] + other.to_bytes(half, "big"))
    return f"{signed}.{spelled.rstrip(b'=').decode()}"
