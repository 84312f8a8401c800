"""The issuers that templates stand for, as tokens name them.

A name that a stranger makes up fits a template as well as a true one, so those that have
shown no keys are few, kept apart, and looked up within a budget. They push out no true one.
"""

from __future__ import annotations

import math
import threading

from bearer_guard._core.budget import Budget
from bearer_guard._core.needs import IssuerNeeded
from bearer_guard._core.trust import IssuerRules, TrustedIssuer
from bearer_guard._upstream import forks
from bearer_guard._upstream.stores import RecentlyUsed
from bearer_guard.clock import Clock
from bearer_guard.errors import AuthorizationServerUnavailable

_NEWCOMERS = 1000


class TemplateIssuers:
    """At most ``size`` issuers that have shown keys, and a thousand that have not."""

    def __init__(self, size: int, clock: Clock) -> None:
        self._known: RecentlyUsed[TrustedIssuer] = RecentlyUsed(size)
        self._newcomers: RecentlyUsed[TrustedIssuer] = RecentlyUsed(_NEWCOMERS)
        self._budgets: dict[IssuerRules, Budget] = {}
        self._clock = clock
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along."""
        self._lock = threading.Lock()

    def issuer(self, need: IssuerNeeded) -> TrustedIssuer:
        """The issuer behind an identifier. Raises ``AuthorizationServerUnavailable`` when too
        many that came to nothing were looked up of late."""
        identifier = need.identifier
        known = self._known.get(identifier)
        if known is not None:
            return known
        with self._lock:
            newcomer = self._newcomers.get(identifier)
            if newcomer is None:
                self._spend(need.rules)
                newcomer = TrustedIssuer(identifier, need.rules)
                self._newcomers.put(identifier, newcomer)
        return newcomer

    def _spend(self, rules: IssuerRules) -> None:
        policy, now = rules.settings.key_set, self._clock.monotonic()
        budget = self._budgets.setdefault(rules, Budget())
        if not budget.has(policy.failed_newcomers, policy.forced_fetch_window, now):
            wait = budget.wait(policy.forced_fetch_window, now)
            raise AuthorizationServerUnavailable(
                "newcomers_exhausted", retry_after=max(1, math.ceil(wait))
            )
        budget.spend(now)

    def recent(self, limit: int) -> list[TrustedIssuer]:
        """Those with keys that were used last."""
        return self._known.newest(limit)

    def __len__(self) -> int:
        return len(self._known)

    def may_ask(self, issuer: TrustedIssuer) -> bool:
        """Whether to look up an issuer (again): one that came to nothing before spends anew."""
        if issuer.rules.pattern is None or issuer.source.key_set or not issuer.source.taken_off:
            return True
        policy, now = issuer.rules.settings.key_set, self._clock.monotonic()
        with self._lock:
            budget = self._budgets[issuer.rules]
            if not budget.has(policy.failed_newcomers, policy.forced_fetch_window, now):
                return False
            budget.spend(now)
            return True

    def found(self, issuer: TrustedIssuer) -> None:
        """An issuer has shown keys: if it was a newcomer, it is one no more."""
        if issuer.rules.pattern is None:
            return
        with self._lock:
            if self._newcomers.get(issuer.identifier) is issuer:
                self._newcomers.discard(issuer.identifier)
                self._budgets[issuer.rules].give_back()
        self._known.put(issuer.identifier, issuer)
