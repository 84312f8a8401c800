"""What the operator reads. Every record has ``reason``; none has a token.

Values that a token or a server wrote are shown shortened and escaped, so that nobody writes
lines of their own into a log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bearer_guard.errors import AuthorizationServerUnavailable, BearerError, MissingToken

_logger = logging.getLogger("bearer_guard")
_LONGEST = 200
OURS = frozenset(
    {
        "introspection_credentials_refused",
        "introspection_credentials_unavailable",
        "introspection_endpoint_unknown",
    }
)
"""What no waiting mends: the operator has to."""


def refusal(error: BearerError) -> None:
    """One record for each refused request."""
    _record(_level(error), "refused", error.reason, error.details)


def upstream_failure(reason: str, details: Mapping[str, object]) -> None:
    """An authorization server did not do its part."""
    level = logging.ERROR if reason in OURS else logging.WARNING
    _record(level, "authorization server", reason, details)


def store_failure(problem: str) -> None:
    """The store that workers share did not answer."""
    _record(logging.WARNING, "shared store", "shared_store_unavailable", {"problem": problem})


def served_in_grace(reason: str, details: Mapping[str, object]) -> None:
    """A request was let in by an answer past its time, since nobody could be asked."""
    _record(logging.WARNING, "let in by grace", reason, details)


def _level(error: BearerError) -> int:
    if isinstance(error, MissingToken):
        return logging.DEBUG
    return logging.WARNING if isinstance(error, AuthorizationServerUnavailable) else logging.INFO


def _record(level: int, what: str, reason: str, details: Mapping[str, object]) -> None:
    if not _logger.isEnabledFor(level):
        return
    shown = {name: _shown(value) for name, value in details.items()}
    facts = "".join(f" {name}={value}" for name, value in shown.items())
    _logger.log(level, "%s: %s%s", what, reason, facts, extra={"reason": reason, "details": shown})


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
