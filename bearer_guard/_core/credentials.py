"""The token in a request: one, in one place (RFC 6750 section 2, RFC 9110 section 11.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn
from urllib.parse import parse_qsl

from bearer_guard._core import base64url
from bearer_guard.errors import InvalidRequest, InvalidToken, MissingToken

_B64TOKEN = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")
_TCHAR = rb"!#$%&'*+\-.^_`|~0-9A-Za-z"
# RFC 9110 section 11.1: the scheme is a token, without regard to case.
_BEARER = re.compile(rb"(?i:bearer)(?![" + _TCHAR + rb"])(.*)", re.DOTALL)
# Servers join repeated fields with a comma (RFC 9110 section 5.3). After a comma a parameter
# of the same credentials has "=" behind its name; other credentials have a space and a value.
# What was passed is never gone back to (``*+``): that would take memory for each octet.
_QUOTED = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_OTHER_CREDENTIALS = re.compile(rb",[ \t]*(?:(?i:bearer)(?:[ ,]|$)|[" + _TCHAR + rb"]+ +[^ \t=,])")


def check_syntax(token: bytes) -> None:
    """Raise ``InvalidRequest`` unless ``token`` is a b64token (RFC 6750 section 2.1)."""
    if not _B64TOKEN.fullmatch(token):
        # No token holds a comma; it stands where a server joined two header lines.
        twice = b"," in token
        raise InvalidRequest("credentials_repeated" if twice else "credentials_malformed")


def from_header(values: Sequence[bytes]) -> bytes | None:
    """What stands behind ``Bearer``, its syntax unchecked; ``None`` without Bearer credentials.

    ``values`` are the field's lines. Raises ``InvalidRequest`` for more than one set of
    credentials: ``Authorization`` is no list, and to take the first is to guess.
    """
    if len(values) == 1:
        value = values[0]
        # The one usual form, at the least cost: no second space before the token, none behind.
        if value.startswith(b"Bearer ") and value[7:8] > b" " and value[-1] > 32:
            return value[7:]
        return _from_odd_header(value)
    if values:
        raise InvalidRequest("credentials_repeated")
    return None


def _from_odd_header(value: bytes) -> bytes | None:
    value = value.strip(b" \t")
    found = _BEARER.fullmatch(value)
    if found:
        token = found[1].lstrip(b" ")
        if found[1] == token and token:
            # RFC 9110 section 11.4: 1*SP stands between scheme and token, no tab, no comma.
            raise InvalidRequest("credentials_malformed")
        return token
    if _OTHER_CREDENTIALS.search(_QUOTED.sub(b'""', value)):
        raise InvalidRequest("credentials_repeated")
    return None


def from_parameters(encoded: bytes) -> list[bytes]:
    """Every ``access_token`` in a query or a form body (RFC 6750 sections 2.2 and 2.3)."""
    try:
        text = encoded.decode("ascii")
    except UnicodeDecodeError:
        # Section 2.2 takes ASCII alone; what is none cannot carry a token by that method.
        return []
    pairs = parse_qsl(text, keep_blank_values=True, encoding="latin-1")
    return [value.encode("latin-1") for name, value in pairs if name == "access_token"]


def token_prefix(marker: str) -> str:
    """What the one offered subprotocol begins with that carries a token; base64url follows.

    A subprotocol's name has no ``=`` and no ``/`` (RFC 6455 section 4.1), which a token may have.
    """
    return f"{marker}.token."


def offered(lines: Sequence[bytes]) -> list[bytes]:
    """The names in ``Sec-WebSocket-Protocol``, a list over one or more lines (section 11.3.4)."""
    names = (name.strip(b" \t") for line in lines for name in line.split(b","))
    return [name for name in names if name]


def from_subprotocols(lines: Sequence[bytes], prefix: bytes, limit: int) -> list[bytes]:
    """Every token among the offered subprotocols of a WebSocket handshake.

    ``limit`` octets are decoded and no more. Raises a ``BearerError`` for one that is longer or
    that is no base64url without padding.
    """
    encoded = [name[len(prefix) :] for name in offered(lines) if name.startswith(prefix)]
    return [_decoded(value, limit) for value in encoded]


def _decoded(value: bytes, limit: int) -> bytes:
    if len(value) * 3 // 4 > limit:
        refuse_size(value, limit)
    try:
        return base64url.decode(value.translate(base64url.TO_BASE64))
    except ValueError:
        raise InvalidRequest("credentials_malformed") from None


def only_one(found: Sequence[bytes]) -> bytes:
    """The one token. Raises ``MissingToken`` for none and ``InvalidRequest`` for several."""
    if not found:
        raise MissingToken
    if len(found) > 1:
        raise InvalidRequest("credentials_repeated")
    return found[0]


def refuse_size(token: bytes, limit: int) -> NoReturn:
    """Nothing is decoded, hashed or sent that is longer than any token should be."""
    if token:
        raise InvalidToken("token_too_large", limit=limit)
    raise InvalidRequest("credentials_malformed")


def may_hold_form_token(method: str, content_types: Sequence[bytes]) -> bool:
    """RFC 6750 section 2.2: only in a urlencoded body, of a method whose body means something."""
    if method in ("GET", "HEAD", "OPTIONS", "TRACE", "DELETE") or len(content_types) != 1:
        return False
    media_type = content_types[0].partition(b";")[0].strip().lower()
    return media_type == b"application/x-www-form-urlencoded"
