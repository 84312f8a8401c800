"""Every issuer's keys, kept fresh: decisions are the sources', flights the pool's."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future
from functools import partial

from bearer_guard._core import key_errand, metadata
from bearer_guard._core.key_set import KeySet
from bearer_guard._core.key_source import Fetched, Step
from bearer_guard._core.metadata import Metadata
from bearer_guard._core.needs import KeysNeeded, MissingKeyNeeded
from bearer_guard._core.trust import TrustedIssuer
from bearer_guard._running.fleet import Fleet
from bearer_guard._running.key_flights import KeyFlights
from bearer_guard._running.key_telling import KeyTelling
from bearer_guard._running.shared_calls import ForcedFetchesSpentError, SharedKeys
from bearer_guard._running.template_issuers import TemplateIssuers
from bearer_guard._running.watch import Watches
from bearer_guard._upstream import forks
from bearer_guard._upstream.flights import Full
from bearer_guard._upstream.http_caller import HttpCaller, directly
from bearer_guard.clock import Clock
from bearer_guard.errors import InvalidToken
from bearer_guard.exchange import Errand, Through, UpstreamFailure

# The flight ends this much earlier than its passengers' patience, so that they hear why.
_SHARE_OF_PATIENCE = 0.95
_SHARE_OF_METADATA = 0.5
"""Of a flight's time, where the keys can be had without it."""


class KeyKeeper:
    """Answers ``KeysNeeded`` and ``MissingKeyNeeded``, at once or with a flight to wait for."""

    def __init__(
        self,
        caller: HttpCaller,
        flights: KeyFlights,
        templates: TemplateIssuers,
        clock: Clock,
        watches: Watches,
        fleet: Fleet | None,
    ) -> None:
        self._caller = caller
        self._fleet = fleet
        self._flights = flights
        self._templates = templates
        self._clock = clock
        self._watches = watches
        self._telling = KeyTelling(clock, watches)
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along."""
        self._lock = threading.Lock()

    def keys(self, need: KeysNeeded) -> KeySet | Future[None]:
        """The issuer's keys, or the flight that brings them. Raises what ``settled`` does."""
        try:
            flight = self._flight_for_keys(need.issuer)
        except Full:
            self._fail(need.issuer, _no_thread())
            flight = None
        return flight or self.settled(need.issuer)

    def _flight_for_keys(self, issuer: TrustedIssuer) -> Future[None] | None:
        """The one to wait for, if there is one. Raises ``Full``."""
        with self._lock:
            step = issuer.source.plan(self._clock.monotonic(), issuer.rules.settings.key_set)
            if step is Step.FETCH:
                flight = self._flights.of(issuer).in_air(issuer.identifier)
                if flight is not None or self._templates.may_ask(issuer):
                    return flight or self._flight(issuer)
            if step is Step.USE_AND_REFRESH:
                self._flight(issuer)
        return None

    def missing_key(self, need: MissingKeyNeeded) -> KeySet | Future[None]:
        """A newer key set, or the flight that brings one.

        Raises ``InvalidToken`` when the issuer does not publish the key, and
        ``AuthorizationServerUnavailable`` when it cannot be asked.
        """
        try:
            found = self._newer(need)
        except Full:
            self._fail(need.issuer, _no_thread())
            found = Step.UNAVAILABLE
        if found is Step.UNKNOWN:
            raise InvalidToken("key_unknown")
        if isinstance(found, Step):
            raise self._telling.unavailable(need.issuer)
        return found

    def _newer(self, need: MissingKeyNeeded) -> KeySet | Future[None] | Step:
        """What ``missing_key`` is to return, or why there is nothing. Raises ``Full``."""
        issuer, source = need.issuer, need.issuer.source
        with self._lock:
            now = self._clock.monotonic()
            flight = self._flights.of(issuer).in_air(issuer.identifier)
            policy = issuer.rules.settings.key_set
            usable = source.usable(now, policy)
            if usable is not None and usable is not need.tried:
                # Another request's fetch landed after this one had read the keys.
                return usable
            step = source.plan_unknown(need.kid, need.asked, flight is not None, now, policy)
            if step is Step.FETCH and flight is None:
                flight = self._flight(issuer, forced=True)
                # Under the lock, hence before any other request can look at the budget.
                source.spend(now)
            return flight if flight is not None and step is Step.FETCH else step

    def settled(self, issuer: TrustedIssuer) -> KeySet:
        """The keys as they are after a flight. Raises ``AuthorizationServerUnavailable``."""
        usable = issuer.source.usable(self._clock.monotonic(), issuer.rules.settings.key_set)
        if usable is None:
            raise self._telling.unavailable(issuer)
        return usable

    def missed(self, issuer: TrustedIssuer, landed: bool) -> KeySet:
        """The keys after a flight for a missing one: where it failed, nobody can tell."""
        if not landed or issuer.source.failure is not None:
            raise self._telling.unavailable(issuer)
        return self.settled(issuer)

    def _flight(self, issuer: TrustedIssuer, *, forced: bool = False) -> Future[None]:
        """Under the lock: whoever takes off has just asked whether it is still wanted."""
        flight = self._flights.of(issuer).in_air(issuer.identifier)
        if flight is not None:
            return flight
        number = issuer.source.take_off()
        # Counted from now, not from when a thread is free: nobody waits longer, so nor does it.
        patience = issuer.rules.settings.upstream.timeout
        until = time.monotonic() + patience * _SHARE_OF_PATIENCE
        fetch = self._watches.carry(partial(self._fetch, issuer, number, until, forced))
        return self._flights.of(issuer).board(issuer.identifier, fetch)

    def _fetch(self, issuer: TrustedIssuer, number: int, until: float, forced: bool) -> None:
        """In a thread of the pool. What comes of it is stored before it lands."""
        policy, calling = issuer.rules.settings.upstream, self._watches.calling(issuer.rules)
        shared = self._shared(issuer, until, forced)
        through = shared or directly
        try:
            jwks_uri, trouble = self._jwks_uri(issuer, until, through)
            errand = self._errand(issuer, jwks_uri)
            fetched = self._caller.run(errand, policy, until, calling, through=through)
        except UpstreamFailure as failure:
            self._fail(issuer, failure)
        except ForcedFetchesSpentError:
            return  # The keys stay as they are: whoever waited is told so by his own budget.
        else:
            if shared is not None and not shared.was_sent:
                # Another worker asked, perhaps before whoever waits here: that settles nothing.
                number, fetched = 0, fetched.aged(shared.age)
                with self._lock:
                    issuer.source.spare(forced)
            self._land(issuer, number, fetched, shared.heard if shared else None)
            if trouble is not None:
                self._telling.metadata_failed(issuer, trouble)

    def _shared(self, issuer: TrustedIssuer, until: float, forced: bool) -> SharedKeys | None:
        fleet = self._fleet
        return SharedKeys(fleet, issuer, until, forced=forced) if fleet else None

    def _errand(self, issuer: TrustedIssuer, jwks_uri: str) -> Errand[Fetched]:
        source, policy = issuer.source, issuer.rules.settings.key_set
        # "Not modified" would tell the other workers nothing.
        etag = source.etag if self._fleet is None else None
        return key_errand.fetch_keys(jwks_uri, source.key_set, etag, policy)

    def _jwks_uri(
        self, issuer: TrustedIssuer, until: float, through: Through
    ) -> tuple[str, UpstreamFailure | None]:
        """As the settings say, or else the metadata, which is read where it is time to; and why
        it could not be, where what was known of it has to do."""
        settings, source = issuer.rules.settings, issuer.source.metadata
        written = issuer.address(settings.jwks_uri)
        if written is not None:
            return written, None
        now = self._clock.monotonic()
        known = source.known(now, settings.key_set)
        trouble = None
        if known is None or source.is_to_be_read(now):
            known, trouble = self._read_metadata(issuer, known, until, through)
        assert known.jwks_uri is not None, "or else it was not what was needed"
        return known.jwks_uri, trouble

    def _read_metadata(
        self, issuer: TrustedIssuer, known: Metadata | None, until: float, through: Through
    ) -> tuple[Metadata, UpstreamFailure | None]:
        """What is ``known`` serves, past its time too, where none can be had."""
        settings, source = issuer.rules.settings, issuer.source
        if known is not None:
            # A server that hangs must not take all the time of keys that can be had without.
            now = time.monotonic()
            until = now + (until - now) * _SHARE_OF_METADATA
        place = issuer.address(settings.metadata_uri)
        errand = metadata.discover(issuer.identifier, place, settings.key_set)
        calling = self._watches.calling(issuer.rules)
        try:
            found = self._caller.run(errand, settings.upstream, until, calling, through=through)
        except UpstreamFailure as failure:
            if known is None:
                raise
            with self._lock:
                source.metadata.fail(failure, self._clock.monotonic(), settings.upstream)
            return known, failure
        with self._lock:
            source.land_metadata(found, self._clock.monotonic())
        return found, None

    def _land(
        self, issuer: TrustedIssuer, number: int, fetched: Fetched, heard: str | None
    ) -> None:
        policy = issuer.rules.settings.key_set
        # Spread within a fleet, nothing secret (hence no cryptographic randomness).
        jittered = policy.refresh_at - policy.jitter * random.random()  # noqa: S311
        with self._lock:
            issuer.source.land(number, fetched, self._clock.monotonic(), jittered)
            issuer.source.heard = heard
        self._templates.found(issuer)

    def _fail(self, issuer: TrustedIssuer, failure: UpstreamFailure) -> None:
        """What is known goes on to serve; and whoever comes next does not try at once again."""
        with self._lock:
            policy = issuer.rules.settings.upstream
            issuer.source.fail(failure, self._clock.monotonic(), policy)
        self._telling.failed(issuer, failure)


def _no_thread() -> UpstreamFailure:
    return UpstreamFailure("upstream_timeout", problem="no thread could be started")
