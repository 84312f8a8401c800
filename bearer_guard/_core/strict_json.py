"""JSON as RFC 8259 means it, and nothing that two readers could read in two ways.

UTF-8 without a byte order mark, one object, no member twice, finite numbers, no lone
surrogates, bounded depth (RFC 7515 section 4, RFC 7519 section 4, RFC 8725 section 3.7).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

MAX_DEPTH = 32
"""No claims set, key set or metadata comes near it; Python's reader recurses as deep as told."""

_WHITE_SPACE = " \t\r\n"
# A string, or a bracket outside of one. An unfinished string ends with the text, so that each
# character is looked at once. What was passed is never gone back to (``*+``): to remember where
# one could go back to takes a hundred octets for each character.
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1, '"': 0}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Members(dict[str, Any]):
    """An object in which a member stood twice, so that it means nothing certain."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Members(members)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant
)
# Python's own scanner, without the two regular expressions that ``decode`` runs around it.
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]
_lenient = json.JSONDecoder(
    object_pairs_hook=_marked, parse_float=_finite, parse_constant=_no_constant
)


def read_object(octets: bytes) -> tuple[dict[str, Any], str]:
    """The object that ``octets`` spell, and their text. Raises ``ValueError`` for all else."""
    text = octets.decode("utf-8")
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(text)
    start = 0 if text[:1] == "{" else len(text) - len(text.lstrip(_WHITE_SPACE))
    try:
        value, end = _scan(text, start)
    except StopIteration:
        raise ValueError("not JSON") from None
    if type(value) is not dict or (end != len(text) and text[end:].strip(_WHITE_SPACE)):
        raise ValueError("not one JSON object")
    if "\\" in text and _SURROGATE.search(text):
        _check_surrogates(value)
    return value, text


def read_document(octets: bytes) -> dict[str, Any]:
    """The same for a document of many parts, a key set: an inner object with a doubled member
    comes back as ``Members``, so that one bad apple leaves the basket good."""
    text = octets.decode("utf-8")
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(text)
    value = _lenient.decode(text)
    if type(value) is not dict:
        raise ValueError("not one JSON object")
    return value


def _check_depth(text: str) -> None:
    depth = 0
    # One by one: what is deep is left at once, however much more of it there is.
    for found in _STRING_OR_BRACKET.finditer(text):
        # Not what was found, which may be a string as long as the document: what it begins with.
        depth += _STEPS[text[found.start()]]
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")


def _check_surrogates(value: dict[str, Any]) -> None:
    """Half a character passes Python's reader and breaks whoever encodes the string later."""
    json.dumps(value, ensure_ascii=False).encode("utf-8")
