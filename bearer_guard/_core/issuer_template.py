"""Issuer templates: one setting that stands for the issuers of many applications.

An unverified ``iss`` may only pick among what the settings name (RFC 8725 section 3.8): the
template fixes scheme, host and every segment but its named parts, and a named part is one
plain segment, of the caller's own list where they pin it.
"""

from __future__ import annotations

import re

from bearer_guard.settings.issuer import Issuer, part_names

# Unreserved characters (RFC 3986 section 2.3), and never a dot segment.
_SEGMENT = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]{1,128}"


def pattern_of(issuer: Issuer) -> re.Pattern[str]:
    """A pattern that fully matches just the identifiers which the template stands for."""
    pattern = re.escape(issuer.issuer)
    for name in part_names(issuer.issuer):
        pinned = issuer.parts.get(name)
        choice = "|".join(map(re.escape, pinned)) if pinned else _SEGMENT
        pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{choice})")
    return re.compile(pattern)


def filled_in(address: str, named: dict[str, str]) -> str:
    """``address`` with its named parts replaced."""
    for name, value in named.items():
        address = address.replace(f"{{{name}}}", value)
    return address
