"""The compact JWS that a self-contained token is (RFC 7515 sections 3.1, 5.2 and 7.1).

The one piece of security-critical parsing that is ours, hence small and strict: three
canonical base64url parts, a JOSE header and a claims set without doubt about any member.
Nothing in a header says where keys come from: ``jku``, ``jwk``, ``x5u`` and ``x5c`` are
not read at all (RFC 8725 section 3.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bearer_guard._core import base64url, strict_json
from bearer_guard.errors import InvalidToken

MAX_KID = 1024
"""Characters of a key id; it is a name, no place to put a document."""


class JoseHeader(NamedTuple):
    """What of a JOSE header counts."""

    alg: str
    kid: str | None
    explicit: bool
    """Whether ``typ`` says ``at+jwt`` (RFC 9068 section 2.1); else it is ``JWT`` or absent."""


CompactJws = tuple[bytes, JoseHeader, dict[str, Any], str, bytes, bytes]
"""A token taken apart, nothing in it verified: the encoded header, the header, the claims, the
claims set's own text, the signing input, the signature. A bare tuple, on every request's path."""


def read(token: bytes, known_headers: Mapping[bytes, JoseHeader]) -> CompactJws:
    """Take ``token``, of three parts, apart. Raises ``InvalidToken``.

    ``known_headers`` saves reading those that came before, by their segment.
    """
    segment, payload, signature = token.translate(base64url.TO_BASE64).split(b".")
    header = known_headers.get(segment) or read_header(segment)
    try:
        claims, text = strict_json.read_object(base64url.decode(payload))
    except ValueError:
        raise InvalidToken("claims_malformed") from None
    try:
        octets = base64url.decode(signature)
    except ValueError:
        raise InvalidToken("signature_malformed") from None
    # RFC 7515 section 5.2 step 8: the signature covers the very octets that were received.
    signing_input = token[: -len(signature) - 1]
    return segment, header, claims, text, signing_input, octets


def read_header(segment: bytes) -> JoseHeader:
    """Raises ``InvalidToken`` when the header cannot be read or demands what is not known."""
    try:
        header, _ = strict_json.read_object(base64url.decode(segment))
    except ValueError:
        raise InvalidToken("header_malformed") from None
    alg = header.get("alg")
    if type(alg) is not str:
        raise InvalidToken("header_malformed", member="alg")
    kid = header.get("kid")
    if "kid" in header and (type(kid) is not str or len(kid) > MAX_KID):
        raise InvalidToken("header_malformed", member="kid")
    if "crit" in header or "b64" in header:
        # RFC 7515 section 4.1.11: no extension is understood here, so none may be critical;
        # RFC 7797 sections 6 and 7: "b64" must be critical, and no JWT uses it.
        raise InvalidToken("header_extension")
    return JoseHeader(alg, kid, _is_explicit(header))


def _is_explicit(header: dict[str, Any]) -> bool:
    """Explicit typing (RFC 8725 section 3.11): a token of another named type is none of ours."""
    if "typ" not in header:
        return False
    typ = header["typ"]
    if type(typ) is not str:
        raise InvalidToken("header_malformed", member="typ")
    # RFC 7515 section 4.1.9: a media type, without regard to case, "application/" implied.
    media_type = typ.lower().removeprefix("application/")
    if media_type not in ("at+jwt", "jwt"):
        raise InvalidToken("type_unexpected")
    return media_type == "at+jwt"
