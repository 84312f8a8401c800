"""One issuer's introspection endpoint: where it is, who we are there, and whether to call it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from bearer_guard._core import introspection
from bearer_guard._core.breaker import Breaker, Circuit, Permit
from bearer_guard._core.metadata import Metadata, discover
from bearer_guard._core.trust import IssuerRules
from bearer_guard._running.fleet import Fleet, MetElsewhere
from bearer_guard._running.shared_calls import SharedAnswer
from bearer_guard._running.watch import Watch
from bearer_guard._upstream import forks
from bearer_guard._upstream.http_caller import HttpCaller, directly
from bearer_guard.clock import Clock
from bearer_guard.errors import InvalidToken
from bearer_guard.exchange import Errand, UpstreamFailure
from bearer_guard.health import BreakerState
from bearer_guard.settings import Introspection
from bearer_guard.settings.checks import BEARER_CREDENTIALS

_STATES: Mapping[Circuit, BreakerState] = {
    Circuit.CLOSED: "closed",
    Circuit.HALF_OPEN: "half_open",
    Circuit.OPEN: "open",
}


class InactiveError(Exception):
    """It said so, ``age`` seconds ago."""

    def __init__(self, refused: InvalidToken, age: float) -> None:
        super().__init__(refused.reason)
        self.refused, self.age = refused, age


class Endpoint:
    """Asks about tokens. Every failure counts against it, 401 and 403 too: waiting does not mend
    our credentials, yet to hammer it with them helps nobody."""

    def __init__(
        self,
        rules: IssuerRules,
        settings: Introspection,
        caller: HttpCaller,
        clock: Clock,
        watch: Watch,
        fleet: Fleet | None,
    ) -> None:
        self._rules = rules
        self._settings = settings
        self._caller = caller
        self._clock = clock
        self._watch = watch
        self._fleet = fleet
        self.is_written = settings.endpoint is not None
        """Whether the settings say where it is."""
        self._policy = rules.settings.upstream
        # A probe is one call, not a call and its repetitions.
        self._probing = replace(self._policy, retries=0)
        self._breaker = Breaker()
        self._metadata: Metadata | None = None
        self._metadata_until = float("-inf")
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along."""
        self._lock = threading.Lock()

    def suspension(self) -> UpstreamFailure | None:
        """Why it would not be called now, if it would not."""
        with self._lock:
            now = self._clock.monotonic()
            return self._suspended() if self._breaker.refuses(now) else None

    def retry_after(self) -> int:
        """Whole seconds after which a client may find things better."""
        with self._lock:
            return self._breaker.retry_after(self._clock.monotonic())

    def ask(self, token: bytes, until: float, after: float) -> tuple[introspection.Answer, float]:
        """What it says of a token, in one call that is over by ``until`` (``time.monotonic``); or
        what it said to another worker ``after`` a moment (since the epoch). And how many seconds
        ago that was.

        Raises ``InactiveError`` when the token is not active, ``UpstreamFailure`` when that was
        not said, or when it is not called now.
        """
        permit = self._take_off(until)
        shared = self._shared(until, after)
        try:
            answer = self._run(token, permit, until, shared)
        except InvalidToken as error:
            self._land(permit, shared)
            raise InactiveError(error, shared.age if shared else 0.0) from error
        except UpstreamFailure as failure:
            self._fail(permit, failure)
            raise
        self._land(permit, shared)
        return answer, shared.age if shared else 0.0

    def _shared(self, until: float, after: float) -> SharedAnswer | None:
        if self._fleet is None:
            return None
        return SharedAnswer(self._fleet, self._settings, self._clock, until, after)

    def _run(
        self, token: bytes, permit: Permit, until: float, shared: SharedAnswer | None
    ) -> introspection.Answer:
        return self._caller.run(
            self._errand(token, permit),
            self._probing if permit.is_probe else self._policy,
            until,
            self._watch.calling,
            lambda: self._lets(permit) is None,
            shared or directly,
        )

    def find(self, until: float) -> str:
        """Its address, from the issuer's metadata. Raises ``UpstreamFailure``."""
        suspension = self.suspension()
        if suspension is not None:
            raise suspension
        errand = self._discovered_endpoint()
        try:
            return self._caller.run(errand, self._policy, until, self._watch.calling)
        except UpstreamFailure as failure:
            self._watch.failed(failure)
            raise

    def state(self) -> tuple[BreakerState, float]:
        """Whether it is called, and in how many seconds it will be again."""
        with self._lock:
            now = self._clock.monotonic()
            return _STATES[self._breaker.circuit(now)], max(0.0, self._breaker.open_until - now)

    def _take_off(self, until: float) -> Permit:
        if time.monotonic() >= until:
            # It waited for a thread all the time that it had. Nothing is known of the endpoint.
            raise UpstreamFailure("upstream_timeout", problem="no thread was free")
        with self._lock:
            now = self._clock.monotonic()
            permit = self._breaker.take_off(now, self._policy.timeout)
            if permit is None:
                raise self._suspended()
            return permit

    def _lets(self, permit: Permit) -> UpstreamFailure | None:
        """Why the rest of a call is not to be sent any more, if it is not: others failed."""
        with self._lock:
            now = self._clock.monotonic()
            return None if self._breaker.lets(permit, now) else self._suspended()

    def _suspended(self) -> UpstreamFailure:
        """Under the lock."""
        last = self._breaker.failure
        assert last is not None, "it opens with a failure"
        return UpstreamFailure("introspection_suspended", last=last.reason, **last.details)

    def _land(self, permit: Permit, shared: SharedAnswer | None) -> None:
        with self._lock:
            if shared is not None and shared.age:
                # Another worker heard it: of how the endpoint does now it says nothing.
                self._breaker.pass_over(permit)
            else:
                self._breaker.land(permit)

    def _fail(self, permit: Permit, failure: UpstreamFailure) -> None:
        if failure.reason == "introspection_suspended":
            return
        facts = {}
        with self._lock:
            if introspection.may_be_of_the_token(failure) or isinstance(failure, MetElsewhere):
                self._breaker.pass_over(permit)
            else:
                suspended_for = self._breaker.fail(
                    permit,
                    failure,
                    self._clock.monotonic(),
                    self._settings.failures_to_suspend,
                    self._policy,
                )
                if suspended_for is not None:
                    facts["suspended_for"] = f"{suspended_for:g} s"
        self._watch.failed(failure, **facts)

    def _errand(self, token: bytes, permit: Permit) -> Errand[introspection.Answer]:
        endpoint = self._settings.endpoint
        if endpoint is None:
            endpoint = yield from self._discovered_endpoint()
        bearer = self._bearer()
        suspended = self._lets(permit)
        if suspended is not None:
            raise suspended
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


def _plainly(failure: UpstreamFailure) -> UpstreamFailure:
    """Metadata that names no endpoint is a matter of the settings, not of waiting."""
    if failure.details.get("member") != "introspection_endpoint":
        return failure
    return UpstreamFailure(
        "introspection_endpoint_unknown",
        advice="the metadata names none: write Introspection(endpoint, ...)",
    )
