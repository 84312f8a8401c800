"""Tokens that were changed on their way."""

from __future__ import annotations

import base64


def with_flipped_bit(token: str, bit: int = 100) -> str:
    """The same JWT with one bit of its signature flipped."""
    head, _, encoded = token.rpartition(".")
    signature = bytearray(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    signature[bit // 8] ^= 1 << bit % 8
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
