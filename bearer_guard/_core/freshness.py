"""How long an answer says that it is fresh (RFC 9111 sections 4.2 and 5.2.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from bearer_guard.settings.policies import KeySetPolicy

# A quoted string (unfinished ones end with the field), a comma, or what stands between them:
# whatever is there, each character is looked at once.
_PIECE = re.compile(r'"[^"]*(?:"|\Z)|,|[^",]+')
_DIGITS = re.compile(r"[0-9]{1,10}")


def fresh_for(headers: Mapping[str, str], policy: KeySetPolicy) -> float:
    """Seconds for which the answer may be used without asking again, within the policy."""
    said = said_fresh_for(headers, policy)
    return policy.fresh_for if said is None else said


def said_fresh_for(headers: Mapping[str, str], policy: KeySetPolicy) -> float | None:
    """The same; ``None`` where the answer does not say."""
    said = _said(headers)
    if said is None:
        return None
    return min(max(said - _age(headers), policy.fresh_at_least), policy.fresh_at_most)


def _said(headers: Mapping[str, str]) -> float | None:
    directives = _directives(headers.get("cache-control", ""))
    if "no-store" in directives or "no-cache" in directives:
        return 0
    if _DIGITS.fullmatch(directives.get("max-age", "")):
        return int(directives["max-age"])
    if "max-age" in directives:
        # RFC 9111 section 4.2.1: what cannot be read is to be taken as stale.
        return 0
    return _until_expires(headers)


def _directives(field: str) -> dict[str, str]:
    """RFC 9111 section 5.2: names without regard to case, values as tokens or quoted."""
    listed = [""]
    for piece in _PIECE.findall(field):
        if piece == ",":
            listed.append("")
        else:
            listed[-1] += piece
    # RFC 9111 section 4.2.1: of a directive that stands there twice, the first counts.
    pairs = (directive.partition("=") for directive in reversed(listed))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _until_expires(headers: Mapping[str, str]) -> float | None:
    """RFC 9111 section 5.3: ``Expires`` counts from ``Date``; an unreadable one is past."""
    if "expires" not in headers or "date" not in headers:
        return None
    try:
        expires = parsedate_to_datetime(headers["expires"])
        date = parsedate_to_datetime(headers["date"])
        return (expires - date).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0


def _age(headers: Mapping[str, str]) -> float:
    age = headers.get("age", "").strip()
    return int(age) if _DIGITS.fullmatch(age) else 0
