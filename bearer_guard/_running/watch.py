"""What is seen of upstream calls from outside: what went wrong, what is asked, who is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from bearer_guard._core.trust import IssuerRules
from bearer_guard._running.log import Log
from bearer_guard._upstream.http_caller import unheard
from bearer_guard.clock import Clock
from bearer_guard.exchange import Call, Calling, Ended, UpstreamFailure
from bearer_guard.observer import Observer, Result


class Watches:
    """All of one guard. An observer is told nothing of what a call carries: a token, a secret."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self.log = log
        self.clock = clock
        self.observer: Observer | None = None
        self._by_rules: dict[IssuerRules, Watch] = {}

    def of(self, rules: IssuerRules) -> Watch:
        """The watch of an issuer's introspection."""
        return self._by_rules.get(rules) or self._by_rules.setdefault(rules, Watch(rules, self))

    def calling(self, rules: IssuerRules) -> Calling:
        """Who hears of calls for an issuer."""
        observer = self.observer
        if observer is None:
            return unheard
        return lambda call: observer.calling(call.kind, rules.alias, call.method, call.url)

    def carry(self, job: Callable[[], Result]) -> Callable[[], Result]:
        """``job``, that goes to another thread for whoever asks now."""
        return job if self.observer is None else self.observer.carry(job)


class Watch:
    """The introspection of one issuer."""

    __slots__ = ("_rules", "_watches", "answers_asked", "answers_kept", "failed_at", "last_reason")

    def __init__(self, rules: IssuerRules, watches: Watches) -> None:
        self._rules = rules
        self._watches = watches
        self.answers_kept = self.answers_asked = 0
        """How many tokens found their answer, and how many had to ask for it."""
        self.last_reason: str | None = None
        self.failed_at = -math.inf

    def failed(self, failure: UpstreamFailure, **more: object) -> None:
        """One record, and what ``Guard.health`` tells of it."""
        self.last_reason = failure.reason
        self.failed_at = self._watches.clock.monotonic()
        facts = {"issuer": self._rules.settings.issuer, **failure.details, **more}
        self._watches.log.upstream_failure(failure.reason, facts, self._rules.alias)

    def served_in_grace(self, reason: str, facts: Mapping[str, object]) -> None:
        """One record: an answer past its time served, since nobody could be asked."""
        self._watches.log.served_in_grace(reason, facts, self._rules.alias)

    def calling(self, call: Call) -> Ended:
        """A call is made."""
        return self._watches.calling(self._rules)(call)

    def carry(self, job: Callable[[], Result]) -> Callable[[], Result]:
        """``job``, that goes to another thread for whoever asks now."""
        return self._watches.carry(job)
