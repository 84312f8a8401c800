"""What is told of an issuer whose keys could not be had: to the operator, and to the client."""

from __future__ import annotations

from bearer_guard._core.trust import TrustedIssuer
from bearer_guard._running.watch import Watches
from bearer_guard.clock import Clock
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError, InvalidToken
from bearer_guard.exchange import UpstreamFailure


class KeyTelling:
    """Looks at what is known of an issuer, and changes nothing of it."""

    def __init__(self, clock: Clock, watches: Watches) -> None:
        self._clock = clock
        self._watches = watches

    def failed(self, issuer: TrustedIssuer, failure: UpstreamFailure) -> None:
        """One record: the issuer, the age of its keys, and when it is asked again."""
        now, source = self._clock.monotonic(), issuer.source
        facts: dict[str, object] = {"issuer": issuer.identifier, **failure.details}
        facts["next_try"] = f"in {source.next_try - now:.0f} s"
        if source.key_set is not None:
            used = source.usable(now, issuer.rules.settings.key_set) is not None
            facts["keys"] = _age(now - source.fresh_until, used=used)
        self._watches.log.upstream_failure(failure.reason, facts, issuer.rules.alias)

    def metadata_failed(self, issuer: TrustedIssuer, failure: UpstreamFailure) -> None:
        """Only the metadata could not be had: where the keys neither, that is told instead."""
        age = self._clock.monotonic() - issuer.source.metadata.fresh_until
        facts = {"issuer": issuer.identifier, **failure.details, "metadata": _age(age, used=True)}
        self._watches.log.upstream_failure(failure.reason, facts, issuer.rules.alias)

    def unavailable(self, issuer: TrustedIssuer) -> BearerError:
        """A new exception each time: one that many waiters raise collects their tracebacks."""
        failure = issuer.source.failure
        if failure is None:
            return AuthorizationServerUnavailable("upstream_timeout", issuer=issuer.identifier)
        is_newcomer = issuer.rules.pattern is not None and issuer.source.key_set is None
        if is_newcomer and failure.details.get("status") in (404, 410):
            # The template's own server says that it has no such issuer.
            return InvalidToken("issuer_unknown", named=issuer.identifier)
        return AuthorizationServerUnavailable(
            failure.reason,
            retry_after=issuer.source.retry_after(self._clock.monotonic()),
            **{"issuer": issuer.identifier, **failure.details},
        )


def _age(past_fresh: float, *, used: bool) -> str:
    if past_fresh <= 0:
        return "still fresh"
    return f"{'still' if used else 'no longer'} used, {past_fresh:.0f} s past fresh"
