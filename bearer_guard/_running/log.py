"""What the operator reads. Every record has ``reason``; none has a token."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping

from bearer_guard._core.plain_text import in_a_line, shown
from bearer_guard._running.record_limits import Kind, RecordLimits, Withheld
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError

_logger = logging.getLogger("bearer_guard")
OURS = frozenset(
    {
        "http_client_unusable",
        "introspection_credentials_refused",
        "introspection_credentials_unavailable",
        "introspection_endpoint_unknown",
    }
)
"""What no waiting mends: the operator has to."""


class Log:
    """The records of one guard, within its limits."""

    def __init__(self, limits: RecordLimits) -> None:
        self._limits = limits

    def refusal(self, error: BearerError) -> None:
        """One record for each refused request."""
        kind = Kind("refused", _level(error), error.reason, error.issuer_alias)
        self._record(kind, error.details)

    def upstream_failure(self, reason: str, details: Mapping[str, object], alias: str) -> None:
        """An authorization server did not do its part."""
        level = logging.ERROR if reason in OURS else logging.WARNING
        self._record(Kind("authorization server", level, reason, alias), details)

    def served_in_grace(self, reason: str, details: Mapping[str, object], alias: str) -> None:
        """A request was let in by an answer past its time, since nobody could be asked."""
        self._record(Kind("let in by grace", logging.WARNING, reason, alias), details)

    def store_failure(self, problem: str) -> None:
        """The store that workers share did not answer."""
        kind = Kind("shared store", logging.WARNING, "shared_store_unavailable", "")
        self._record(kind, {"problem": problem})

    def close(self) -> None:
        """Tell what was withheld, at the end."""
        self._sum_up(self._limits.over(until=math.inf))

    def _record(self, kind: Kind, details: Mapping[str, object]) -> None:
        if not _logger.isEnabledFor(kind.level):
            return
        self._sum_up(self._limits.over())
        if self._limits.admits(kind):
            _write(kind, shown(details), in_a_line(details))

    def _sum_up(self, withheld: Iterable[Withheld]) -> None:
        for kind, times in withheld:
            facts = {"withheld": str(times), "seconds": f"{self._limits.seconds:g}"}
            _write(kind, facts, f" … and {times} more in {self._limits.seconds:g} s")


def _level(error: BearerError) -> int:
    if error.reason == "token_missing":
        # Every client that does not know yet, every scanner.
        return logging.DEBUG
    return logging.WARNING if isinstance(error, AuthorizationServerUnavailable) else logging.INFO


def _write(kind: Kind, details: Mapping[str, str], behind: str) -> None:
    extra = {"reason": kind.reason, "issuer_alias": kind.alias, "details": details}
    _logger.log(kind.level, "%s: %s%s", kind.what, kind.reason, behind, extra=extra)
