"""For how long a server asks to be left alone (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,10}")


def seconds(headers: Mapping[str, str]) -> float:
    """What ``Retry-After`` says, as a number or as a date; 0 where it says nothing.

    A date counts from the answer's own ``Date``: between two clocks it would say nothing.
    """
    said = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(said):
        return int(said)
    try:
        until = parsedate_to_datetime(said)
        return max(0.0, (until - parsedate_to_datetime(headers.get("date", ""))).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0
