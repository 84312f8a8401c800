"""What goes into a store that others may write to: nothing that they could read or forge.

AES-256-GCM (NIST SP 800-38D) under a key of the fleet, bound to the name under which it is kept
and to its end: so nobody without the secret can make an entry, move one to another name, or
keep one alive. What can still be done is to delete entries, and to put an old one back before
its end.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from typing import Any, Final

_VERSION: Final = b"\x01"
_NONCE: Final = 12


class Sealer:
    """Names and seals entries, with keys made of the fleet's secret (RFC 5869)."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode("utf-8")
        self._naming = self._derived(b"names")

    def name(self, kind: str, *parts: bytes | str) -> str:
        """A name that tells nothing of its parts, which may be tokens."""
        digest = hmac.new(self._naming, digestmod="sha256")
        for part in (kind, *parts):
            octets = part.encode("utf-8") if isinstance(part, str) else part
            digest.update(len(octets).to_bytes(8, "big") + octets)
        return f"{kind}:{base64.urlsafe_b64encode(digest.digest()).decode().rstrip('=')}"

    def seal(self, name: str, document: dict[str, Any], until: float) -> bytes:
        """``document`` (JSON), good until a moment (seconds since the epoch)."""
        plain = json.dumps([until, document]).encode("utf-8")
        nonce = secrets.token_bytes(_NONCE)
        sealed: bytes = self._cipher().encrypt(nonce, plain, self._bound(name))
        return _VERSION + nonce + sealed

    def opened(self, name: str, octets: bytes | None, now: float) -> dict[str, Any] | None:
        """What was sealed under ``name``, unless it is over; ``None`` for all else."""
        if octets is None or octets[:1] != _VERSION:
            return None
        from cryptography.exceptions import InvalidTag

        nonce, sealed = octets[1 : 1 + _NONCE], octets[1 + _NONCE :]
        if len(nonce) < _NONCE:
            return None
        try:
            plain = self._cipher().decrypt(nonce, sealed, self._bound(name))
        except InvalidTag:
            return None
        until, document = json.loads(plain)
        return document if now < until else None

    def digest_key(self) -> bytes:
        """A key for digests of tokens, the same in every worker."""
        return self._derived(b"digests")

    def _cipher(self) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._derived(b"entries"))

    @staticmethod
    def _bound(name: str) -> bytes:
        return _VERSION + name.encode("utf-8")

    def _derived(self, purpose: bytes) -> bytes:
        """RFC 5869 section 2, with one block of output."""
        extracted = hmac.digest(b"bearer_guard", self._secret, "sha256")
        return hmac.digest(extracted, purpose + b"\x01", "sha256")
