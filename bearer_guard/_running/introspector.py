"""Introspection: asked for once, however many bring a token, and kept a bounded time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from bearer_guard._core import story, two_answers
from bearer_guard._core.answers import AnswerLife, Kept, Outcome, Refused
from bearer_guard._core.claims_rules import check_token_times
from bearer_guard._core.introspection import Answer, may_be_of_the_token
from bearer_guard._core.needs import AnswerNeeded
from bearer_guard._core.trust import IssuerRules, Trust
from bearer_guard._running.answers import Answers
from bearer_guard._running.endpoint import Endpoint, InactiveError
from bearer_guard._running.fleet import CLOCKS_DIFFER, Fleet
from bearer_guard._running.forgetting import Epoch
from bearer_guard._running.log import OURS
from bearer_guard._running.watch import Watch, Watches
from bearer_guard._upstream.flights import Flights, Full
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard._upstream.stores import ForATime
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError, InvalidToken
from bearer_guard.exchange import UpstreamFailure
from bearer_guard.health import BreakerState
from bearer_guard.settings import Introspection

# The flight ends this much earlier than its passengers' patience, so that they hear why.
_SHARE_OF_PATIENCE = 0.95


class State(NamedTuple):
    """How introspection does."""

    breaker: BreakerState
    next_try_in: float
    """Seconds; 0 where calls are made."""
    answers: int


class Introspector:
    """Answers ``AnswerNeeded`` for one issuer.

    ``answers`` keeps what was heard, ``endpoint`` asks: two things that can be had otherwise.
    """

    def __init__(
        self,
        rules: IssuerRules,
        settings: Introspection,
        answers: Answers,
        endpoint: Endpoint,
        clock: Clock,
        epoch: Epoch,
        watch: Watch,
    ) -> None:
        self._rules = rules
        self._watch = watch
        self.answers = answers
        self._endpoint = endpoint
        self._clock = clock
        self._epoch = epoch
        self._flights = Flights(
            "bearer_guard-introspection", settings.concurrent_calls, settings.waiting_calls
        )

    def answer(self, need: AnswerNeeded, digest: bytes) -> AccessToken | Future[Outcome]:
        """What is known of the token, or the flight that brings it. Raises as ``landed``."""
        outcome = self.answers.fresh(digest, need.at_most)
        if outcome is not None:
            self._watch.answers_kept += 1
            return self._judged(outcome)
        self._watch.answers_asked += 1
        try:
            return self._ask(need, digest)
        except UpstreamFailure as failure:
            return self._unanswered(need, digest, failure)

    def landed(
        self, need: AnswerNeeded, digest: bytes, flight: Future[Outcome] | None
    ) -> AccessToken:
        """What a flight brought; ``None`` when patience ran out before it landed.

        Raises ``InvalidToken``, or ``AuthorizationServerUnavailable`` when nobody can tell.
        """
        if flight is None:
            return self._unanswered(need, digest, UpstreamFailure("upstream_timeout"))
        failure = flight.exception()
        if isinstance(failure, UpstreamFailure):
            return self._unanswered(need, digest, failure)
        if failure is not None:
            # New for each waiter: one that many raise collects their tracebacks.
            raise RuntimeError("an introspection answer could not be judged") from failure
        return self._judged(flight.result())

    def find_endpoint(self) -> Future[str] | None:
        """The flight that brings the endpoint's address; ``None`` where the settings have it.

        Raises ``AuthorizationServerUnavailable`` where it cannot take off.
        """
        if self._endpoint.is_written:
            return None
        until = time.monotonic() + self._rules.settings.upstream.timeout * _SHARE_OF_PATIENCE
        try:
            find = self._watch.carry(partial(self._endpoint.find, until))
            return self._flights.board("endpoint", find)
        except Full:
            raise self.unavailable(UpstreamFailure("introspection_busy")) from None

    def state(self) -> State:
        """For ``Guard.health``."""
        circuit, next_try_in = self._endpoint.state()
        return State(circuit, next_try_in, len(self.answers))

    def let_go(self) -> None:
        """End the threads when they are through. Waits for nothing."""
        self._flights.let_go()

    def close(self) -> None:
        """End the threads."""
        self._flights.close()

    def _ask(self, need: AnswerNeeded, digest: bytes) -> Future[Outcome]:
        """The flight that brings what the authorization server says of a token."""
        # What was asked before something was forgotten is no answer for those who come after.
        epoch = self._epoch.number
        # Nor is an answer that satisfies one path one for a path that takes none so old.
        key = (epoch, digest, need.at_most)
        flight = self._flights.in_air(key)
        if flight is not None:
            return flight
        suspension = self._endpoint.suspension()
        if suspension is not None:
            raise suspension
        # Counted from now, not from when a thread is free: nobody waits longer, so nor does it.
        until = time.monotonic() + self._rules.settings.upstream.timeout * _SHARE_OF_PATIENCE
        fly = partial(self._fly, need, digest, epoch, until)
        try:
            return self._flights.board(key, self._watch.carry(fly))
        except Full:
            raise UpstreamFailure("introspection_busy") from None

    def _fly(self, need: AnswerNeeded, digest: bytes, epoch: int, until: float) -> Outcome:
        """In a thread of the pool. The outcome is stored before the flight lands."""
        outcome = self.answers.fresh(digest, need.at_most)
        if outcome is not None:
            # Another flight landed between this one's look into the store and its take-off.
            return outcome
        asked_at = self._clock.monotonic()
        after = max(self._clock.time() - need.at_most, self._epoch.turned_at)
        outcome, age = self._asked(need, until, after + CLOCKS_DIFFER)
        self.answers.keep(digest, Kept(outcome, asked_at - age), epoch)
        return outcome

    def _asked(self, need: AnswerNeeded, until: float, after: float) -> tuple[Outcome, float]:
        """What is to be kept, and its age. ``after``: what was said before that is not taken."""
        try:
            answer, age = self._endpoint.ask(need.token, until, after)
        except InactiveError as inactive:
            return Refused(inactive.refused.reason, inactive.refused.details), inactive.age
        try:
            return self._judge(answer, need), age
        except InvalidToken as error:
            return Refused(error.reason, error.details), age

    def _judge(self, answer: Answer, need: AnswerNeeded) -> AccessToken:
        now = self._clock.time()
        if need.verified is None:
            return story.judge_answer(answer, self._rules, now)
        return two_answers.stricter(need.verified.access_token, answer, self._rules.claims, now)

    def _judged(self, outcome: Outcome) -> AccessToken:
        """A kept outcome says again what it said, but time went on."""
        if isinstance(outcome, Refused):
            raise InvalidToken(outcome.reason, **outcome.details)
        check_token_times(outcome, self._rules.claims.leeway, self._clock.time())
        return outcome

    def _unanswered(
        self, need: AnswerNeeded, digest: bytes, failure: UpstreamFailure
    ) -> AccessToken:
        """Nobody can tell now: what was said before may serve, where the settings grant it."""
        if _is_outage(failure):
            found = self.answers.in_grace(digest, need.at_most)
            if found is not None:
                access_token, age = found
                facts = {"issuer": self._rules.settings.issuer, "age": f"{age:.0f} s"}
                self._watch.served_in_grace(failure.reason, facts)
                return access_token
        raise self.unavailable(failure)

    def unavailable(self, failure: UpstreamFailure) -> BearerError:
        """A new exception each time: one that many waiters raise collects their tracebacks."""
        facts: dict[str, Any] = {"issuer": self._rules.settings.issuer, **failure.details}
        wait = self._endpoint.retry_after()
        return AuthorizationServerUnavailable(failure.reason, retry_after=wait, **facts)


def _is_outage(failure: UpstreamFailure) -> bool:
    """Whether the endpoint is down or overrun. One that refuses us, or that answered something
    odd to this very token, is up."""
    said = failure.details.get("last", failure.reason)
    return said not in OURS and not may_be_of_the_token(failure)


def introspectors(
    trust: Trust,
    caller: HttpCaller,
    clock: Clock,
    epoch: Epoch,
    watches: Watches,
    fleet: Fleet | None,
) -> Iterator[tuple[IssuerRules, Introspector]]:
    """One for each issuer whose endpoint some token may lead to."""
    for rules in trust.introspecting:
        settings = rules.settings.introspection
        assert settings is not None, "or else it could not be asked"
        store: ForATime[Kept] = ForATime(settings.cached_answers, clock.monotonic)
        longest = max(settings.cache_for, trust.longest_answer_age(rules) or 0)
        answers = Answers(store, AnswerLife(settings, longest), clock, epoch)
        watch = watches.of(rules)
        endpoint = Endpoint(rules, settings, caller, clock, watch, fleet)
        yield rules, Introspector(rules, settings, answers, endpoint, clock, epoch, watch)
