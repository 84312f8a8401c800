"""Referential tokens: asked for once, however many bring them, and kept a bounded time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from bearer_guard._core import introspection, story
from bearer_guard._core.metadata import Metadata, discover
from bearer_guard._core.trust import IssuerRules
from bearer_guard._running.watch import Watch
from bearer_guard._upstream.flights import Flights
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard._upstream.stores import ForATime
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError, InvalidToken
from bearer_guard.exchange import Errand, UpstreamFailure
from bearer_guard.settings import Introspection
from bearer_guard.settings.checks import BEARER_CREDENTIALS

if TYPE_CHECKING:
    from bearer_guard.health import BreakerState

# The flight ends this much earlier than its passengers' patience, so that they hear why.
_SHARE_OF_PATIENCE = 0.95


class Refused(NamedTuple):
    """What an ``InvalidToken`` said, to be said again by a new one."""

    reason: str
    details: Mapping[str, object]


Outcome = AccessToken | Refused


class State(NamedTuple):
    """How introspection does."""

    breaker: BreakerState
    next_try_in: float
    """Seconds; 0 where calls are made."""
    answers: int


class Introspector:
    """Answers ``AnswerNeeded`` for one introspecting issuer."""

    def __init__(
        self,
        rules: IssuerRules,
        settings: Introspection,
        caller: HttpCaller,
        clock: Clock,
        watch: Watch,
    ) -> None:
        self._rules = rules
        self._settings = settings
        self._caller = caller
        self._clock = clock
        self._watch = watch
        self._flights = Flights("bearer_guard-introspection", _THREADS)
        self._kept: ForATime[Outcome] = ForATime(settings.cached_answers, clock.monotonic)
        self._metadata: Metadata | None = None
        self._metadata_until = float("-inf")

    def kept(self, digest: bytes) -> Outcome | None:
        """What is remembered of a token."""
        return self._kept.get(digest)

    def ask(self, token: bytes, digest: bytes) -> Future[Outcome]:
        """The flight that brings what the authorization server says of a token."""
        # Counted from now, not from when a thread is free: nobody waits longer, so nor does it.
        until = time.monotonic() + self._rules.settings.upstream.timeout * _SHARE_OF_PATIENCE
        introspect = self._watch.carry(partial(self._introspect, token, digest, until))
        return self._flights.board(digest, introspect)

    def find_endpoint(self) -> Future[str] | None:
        """The flight that brings the endpoint's address; ``None`` where the settings have it."""
        if self._settings.endpoint is not None:
            return None
        until = time.monotonic() + self._rules.settings.upstream.timeout * _SHARE_OF_PATIENCE
        return self._flights.board(b"", self._watch.carry(partial(self._find, until)))

    def _find(self, until: float) -> str:
        policy = self._rules.settings.upstream
        try:
            return self._caller.run(self._discovered_endpoint(), policy, until, self._watch.calling)
        except UpstreamFailure as failure:
            self._watch.failed(failure)
            raise

    def state(self) -> State:
        """For ``Guard.health``. Without a breaker, calls are always made."""
        return State("closed", 0.0, len(self._kept))

    def close(self) -> None:
        """End the threads."""
        self._flights.close()

    def _introspect(self, token: bytes, digest: bytes, until: float) -> Outcome:
        """In a thread of the pool. The outcome is stored before the flight lands."""
        outcome = self._kept.get(digest)
        if outcome is not None:
            # Another flight landed between this one's look into the store and its take-off.
            return outcome
        try:
            policy = self._rules.settings.upstream
            answer = self._caller.run(self._errand(token), policy, until, self._watch.calling)
            outcome = story.judge_answer(answer, self._rules, self._clock.time())
        except InvalidToken as error:
            outcome = Refused(error.reason, error.details)
        except UpstreamFailure as failure:
            self._watch.failed(failure)
            raise
        self._kept.put(digest, outcome, self._seconds(outcome))
        return outcome

    def _seconds(self, outcome: Outcome) -> float:
        """RFC 7662 section 4: never past ``exp``."""
        if isinstance(outcome, Refused):
            # What is not valid yet may be so in a moment.
            return 0 if outcome.reason == "not_yet_valid" else self._settings.cache_inactive_for
        if outcome.expires_at is None:
            return self._settings.cache_for
        # Compared before it is computed with: an expiry may be any number, of any size.
        now = self._clock.time()
        return min(outcome.expires_at, now + self._settings.cache_for) - now

    def _errand(self, token: bytes) -> Errand[introspection.Answer]:
        endpoint = self._settings.endpoint
        if endpoint is None:
            endpoint = yield from self._discovered_endpoint()
        bearer = self._bearer()
        return (yield from introspection.introspect(endpoint, token, self._settings, bearer))

    def _discovered_endpoint(self) -> Errand[str]:
        """RFC 8414 section 2: ``introspection_endpoint``."""
        settings = self._rules.settings
        if self._metadata is None or self._clock.monotonic() >= self._metadata_until:
            try:
                found = yield from discover(
                    settings.issuer,
                    settings.metadata_uri,
                    settings.key_set,
                    "introspection_endpoint",
                )
            except UpstreamFailure as failure:
                # What was known still leads there, while the metadata cannot be had.
                if self._metadata is None:
                    raise _plainly(failure) from None
                found = self._metadata
            self._metadata = found
            self._metadata_until = self._clock.monotonic() + found.fresh_for
        endpoint = self._metadata.introspection_endpoint
        assert endpoint is not None, "or else it was not what was needed"
        return endpoint

    def _bearer(self) -> str:
        """The user's own function may fail in any way; that is no fault of the token."""
        token = self._settings.token
        if not callable(token):
            return token or ""
        try:
            given = token()
        except Exception as error:  # code of the user's, told by its type
            raise UpstreamFailure(
                "introspection_credentials_unavailable", error=type(error).__name__
            ) from error
        if not isinstance(given, str) or not BEARER_CREDENTIALS.fullmatch(given):
            raise UpstreamFailure(
                "introspection_credentials_unavailable", problem="no bearer token"
            )
        return given

    def unavailable(self, failure: UpstreamFailure | None) -> BearerError:
        """A new exception each time: one that many waiters raise collects their tracebacks."""
        if failure is None:
            failure = UpstreamFailure("upstream_timeout")
        facts: dict[str, Any] = {"issuer": self._rules.settings.issuer, **failure.details}
        return AuthorizationServerUnavailable(failure.reason, **facts)


def _plainly(failure: UpstreamFailure) -> UpstreamFailure:
    """Metadata that names no endpoint is a matter of the settings, not of waiting."""
    if failure.details.get("member") != "introspection_endpoint":
        return failure
    return UpstreamFailure(
        "introspection_endpoint_unknown",
        advice="the metadata names none: write Introspection(endpoint, ...)",
    )


_THREADS = 64
"""Concurrent introspections: at 5 ms each that is far more than two cores can start."""
