"""Every issuer's keys, kept fresh: decisions are the sources', flights the pool's."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial

from bearer_guard._core import key_errand
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import Fetched, KeySource, Step
from bearer_guard._core.needs import KeysNeeded, MissingKeyNeeded
from bearer_guard._core.trust import IssuerRules, TrustedIssuer
from bearer_guard._running.template_issuers import TemplateIssuers
from bearer_guard._running.watch import Watches
from bearer_guard._upstream import forks
from bearer_guard._upstream.flights import Flights
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.clock import Clock
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError, InvalidToken
from bearer_guard.exchange import Errand, UpstreamFailure

# The flight ends this much earlier than its passengers' patience, so that they hear why.
_SHARE_OF_PATIENCE = 0.95


class KeyKeeper:
    """Answers ``KeysNeeded`` and ``MissingKeyNeeded``, at once or with a flight to wait for."""

    def __init__(
        self,
        caller: HttpCaller,
        flights: Mapping[IssuerRules | None, Flights],
        templates: TemplateIssuers,
        clock: Clock,
        watches: Watches,
    ) -> None:
        self._caller = caller
        self._flights = flights
        self._templates = templates
        self._clock = clock
        self._watches = watches
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along."""
        self._lock = threading.Lock()

    def keys(self, need: KeysNeeded) -> KeySet | Future[None]:
        """The issuer's keys, or the flight that brings them. Raises what ``settled`` does."""
        issuer = need.issuer
        policy = issuer.rules.settings.key_set
        with self._lock:
            now = self._clock.monotonic()
            step = issuer.source.plan(now, policy)
            if step is Step.FETCH:
                flight = self._flights_of(issuer).in_air(issuer.identifier)
                if flight is not None or self._templates.may_ask(issuer):
                    return flight or self._flight(issuer)
            if step is Step.USE_AND_REFRESH:
                self._flight(issuer)
        return self.settled(issuer)

    def missing_key(self, need: MissingKeyNeeded) -> KeySet | Future[None]:
        """A newer key set, or the flight that brings one.

        Raises ``InvalidToken`` when the issuer does not publish the key, and
        ``AuthorizationServerUnavailable`` when it cannot be asked.
        """
        issuer, source = need.issuer, need.issuer.source
        with self._lock:
            now = self._clock.monotonic()
            flight = self._flights_of(issuer).in_air(issuer.identifier)
            policy = issuer.rules.settings.key_set
            usable = source.usable(now, policy)
            if usable is not None and usable is not need.tried:
                # Another request's fetch landed after this one had read the keys.
                return usable
            step = source.plan_unknown(need.kid, need.asked, flight is not None, now, policy)
            if step is Step.FETCH:
                if flight is None:
                    source.spend(now)
                return flight or self._flight(issuer)
        if step is Step.UNKNOWN:
            raise InvalidToken("key_unknown")
        raise self._unavailable(issuer)

    def settled(self, issuer: TrustedIssuer) -> KeySet:
        """The keys as they are after a flight. Raises ``AuthorizationServerUnavailable``."""
        usable = issuer.source.usable(self._clock.monotonic(), issuer.rules.settings.key_set)
        if usable is None:
            raise self._unavailable(issuer)
        return usable

    def missed(self, issuer: TrustedIssuer, landed: bool) -> KeySet:
        """The keys after a flight for a missing one: where it failed, nobody can tell."""
        if not landed or issuer.source.failure is not None:
            raise self._unavailable(issuer)
        return self.settled(issuer)

    def _flights_of(self, issuer: TrustedIssuer) -> Flights:
        """A pool for each template, since strangers can name many that hang; one for the rest."""
        return self._flights.get(issuer.rules) or self._flights[None]

    def _flight(self, issuer: TrustedIssuer) -> Future[None]:
        """Under the lock: whoever takes off has just asked whether it is still wanted."""
        flight = self._flights_of(issuer).in_air(issuer.identifier)
        if flight is not None:
            return flight
        number = issuer.source.take_off()
        # Counted from now, not from when a thread is free: nobody waits longer, so nor does it.
        patience = issuer.rules.settings.upstream.timeout
        until = time.monotonic() + patience * _SHARE_OF_PATIENCE
        fetch = self._watches.carry(partial(self._fetch, issuer, number, until))
        return self._flights_of(issuer).board(issuer.identifier, fetch)

    def _fetch(self, issuer: TrustedIssuer, number: int, until: float) -> None:
        """In a thread of the pool. What comes of it is stored before it lands."""
        policy, calling = issuer.rules.settings.upstream, self._watches.calling(issuer.rules)
        try:
            fetched = self._caller.run(self._errand(issuer), policy, until, calling)
        except UpstreamFailure as failure:
            with self._lock:
                issuer.source.fail(failure, self._clock.monotonic(), policy)
            self._tell(issuer, failure)
        else:
            self._land(issuer, number, fetched)

    def _errand(self, issuer: TrustedIssuer) -> Errand[Fetched]:
        settings, source = issuer.rules.settings, issuer.source
        jwks_uri = issuer.address(settings.jwks_uri)
        if jwks_uri is not None:
            return key_errand.fetch_keys(jwks_uri, source.key_set, source.etag, settings.key_set)
        return key_errand.discover_and_fetch_keys(
            issuer.identifier,
            issuer.address(settings.metadata_uri),
            source.metadata,
            self._clock.monotonic() < source.metadata_until,
            source.key_set,
            source.etag,
            settings.key_set,
        )

    def _land(self, issuer: TrustedIssuer, number: int, fetched: Fetched) -> None:
        policy = issuer.rules.settings.key_set
        # Spread within a fleet, nothing secret (hence no cryptographic randomness).
        jittered = policy.refresh_at - policy.jitter * random.random()  # noqa: S311
        with self._lock:
            issuer.source.land(number, fetched, self._clock.monotonic(), jittered)
        self._templates.found(issuer)

    def _tell(self, issuer: TrustedIssuer, failure: UpstreamFailure) -> None:
        facts: dict[str, object] = {"issuer": issuer.identifier, **failure.details}
        source = issuer.source
        if source.key_set is not None:
            facts["keys"] = self._age(source)
        self._watches.log.upstream_failure(failure.reason, facts, issuer.rules.alias)

    def _age(self, source: KeySource) -> str:
        past = self._clock.monotonic() - source.fresh_until
        return f"still used, {past:.0f} s past fresh" if past > 0 else "still fresh"

    def _unavailable(self, issuer: TrustedIssuer) -> BearerError:
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
