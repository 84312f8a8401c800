"""For how long a server asks to be left alone (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from bearer_guard.exchange import Reply, UpstreamFailure

_DIGITS = re.compile(r"[0-9]{1,10}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds in ``Retry-After``, or ``None`` where it is absent, past or unreadable."""
    said = headers.get("retry-after", "").strip()
    seconds = int(said) if _DIGITS.fullmatch(said) else _until(said, headers.get("date", ""))
    return seconds if seconds > 0 else None


def _until(moment: str, date: str) -> float:
    """A moment counts from the answer's own ``Date``: that server's clock may differ from ours."""
    try:
        return (parsedate_to_datetime(moment) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0


def failure_of(reason: str, reply: Reply) -> UpstreamFailure:
    """An answer whose status is not that of what was asked for, and what it says of another try:
    busy or down, RFC 6585 section 4 and RFC 9110 section 15.6.4."""
    failure = UpstreamFailure(reason, status=reply.status)
    if reply.status in (429, 503):
        failure.retry_after = retry_after(reply.headers)
    return failure
