"""base64url without padding, in its one canonical spelling (RFC 7515 section 2, RFC 4648 §5)."""

from __future__ import annotations

from binascii import a2b_base64

TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
"""For ``bytes.translate``: into the letters of plain base64. What does not belong becomes
``!``, which the strict decoder refuses."""

_PADDING = (b"", b"", b"==", b"=")
# RFC 4648 section 3.5: the bits of the last character that encode nothing are zero. Otherwise
# one signature has several spellings, and a denylist or a cache by digest can be walked around.
_LAST = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")


def decode(segment: bytes) -> bytes:
    """The octets of a segment that was translated by ``TO_BASE64``.

    Raises ``ValueError`` when it was not canonical base64url.
    """
    rest = len(segment) & 3
    if not rest:
        return a2b_base64(segment, strict_mode=True)
    if segment[-1] not in _LAST[rest]:
        raise ValueError("not canonical base64url")
    return a2b_base64(segment + _PADDING[rest], strict_mode=True)
