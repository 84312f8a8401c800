"""Steps the story of each token: at once where all is at hand, else from flight to flight."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import Future
from hashlib import blake2b
from typing import Any, NamedTuple

from bearer_guard._core import credentials, story
from bearer_guard._core.claims_rules import check_token_times
from bearer_guard._core.needs import (
    AnswerNeeded,
    IssuerNeeded,
    KeysNeeded,
    MissingKeyNeeded,
    Need,
    rules_of,
)
from bearer_guard._core.story import Story, Verified
from bearer_guard._core.trust import IssuerRules, Trust
from bearer_guard._running.introspector import Introspector, Outcome, Refused
from bearer_guard._running.key_keeper import KeyKeeper
from bearer_guard._running.log import Log
from bearer_guard._running.parts import Parts, Signatures
from bearer_guard._running.template_issuers import TemplateIssuers
from bearer_guard._running.watch import Watches
from bearer_guard._upstream.flights import Flights
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard._upstream.http_client import HttpClient
from bearer_guard._upstream.stores import RecentlyUsed
from bearer_guard._upstream.waiting import wait, wait_async
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import BearerError, InvalidToken
from bearer_guard.exchange import UpstreamFailure
from bearer_guard.request import RequestView
from bearer_guard.settings import GuardSettings

_KEY_THREADS = 8
_CONNECTIONS = 80


FlownNeed = KeysNeeded | MissingKeyNeeded | AnswerNeeded
"""What a flight may bring."""


class Waiting(NamedTuple):
    """A story that cannot go on before a flight has landed."""

    story: Story
    need: FlownNeed
    flight: Future[Any]
    digest: bytes


class Authenticator:
    """What a guard does with a request, its paths and answers aside."""

    def __init__(
        self, settings: GuardSettings, http_client: HttpClient | None, clock: Clock, log: Log
    ) -> None:
        self._settings = settings
        self._reads_parameters = settings.query_parameter or settings.form_parameter
        self._max_token_size = settings.max_token_size
        self._trust = Trust(settings)
        self._clock = clock
        self._time, self._monotonic = clock.time, clock.monotonic
        self._remembered: RecentlyUsed[Verified] = RecentlyUsed(settings.remembered_tokens)
        self._seen_before = self._seen_first = 0
        self._known_headers: story.KnownHeaders = {}
        # Keyed, so that nobody can prepare or look up what this process keeps.
        self._hasher = blake2b(key=os.urandom(32), digest_size=32)
        self._caller = HttpCaller(http_client, _CONNECTIONS)
        self._key_flights = {
            rules: Flights("bearer_guard-keys", _KEY_THREADS)
            for rules in (None, *self._trust.templates)
        }
        self._templates = TemplateIssuers(settings.template_issuers, clock)
        self._watches = Watches(log, clock)
        self._keeper = KeyKeeper(
            self._caller, self._key_flights, self._templates, clock, self._watches
        )
        self._introspectors = dict(self._make_introspectors())

    def _make_introspectors(self) -> Iterable[tuple[IssuerRules, Introspector]]:
        """For the one issuer that resolves opaque tokens, where there is one."""
        if self._trust.opaque is not None:
            rules, settings = self._trust.opaque
            watch = self._watches.of(rules)
            yield rules, Introspector(rules, settings, self._caller, self._clock, watch)

    def finish(self, waiting: Waiting) -> AccessToken:
        """The rest of what ``begin`` began. Blocks the thread while the network is asked."""
        found: AccessToken | Waiting = waiting
        until = time.monotonic() + self._patience(waiting.need)
        while isinstance(found, Waiting):
            landed = wait(found.flight, until - time.monotonic())
            found = self._go_on(found, landed)
        return found

    async def finish_async(self, waiting: Waiting) -> AccessToken:
        """The same on an event loop (asyncio or trio), which it never blocks."""
        found: AccessToken | Waiting = waiting
        until = time.monotonic() + self._patience(waiting.need)
        while isinstance(found, Waiting):
            landed = await wait_async(found.flight, until - time.monotonic())
            found = self._go_on(found, landed)
        return found

    def seconds_left(self, access_token: AccessToken) -> float | None:
        """For how long the token will be let in from now on; ``None`` where it names no expiry."""
        return self._trust.seconds_left(access_token, self._time())

    def parts(self) -> Parts:
        """What it is made of, for those who look at it from outside of a request."""
        return Parts(
            self._trust,
            self._keeper,
            self._templates,
            self._introspectors,
            self._watches,
            self._clock,
            Signatures(len(self._remembered), self._seen_before, self._seen_first),
        )

    def close(self) -> None:
        """End all threads and close all connections."""
        for flights in self._key_flights.values():
            flights.close()
        for introspector in self._introspectors.values():
            introspector.close()
        self._caller.close()

    def begin(self, request: RequestView) -> AccessToken | Waiting:
        """The request's token, or what is to be finished first. Raises a ``BearerError``."""
        token = credentials.from_header(request.header_values(b"authorization"))
        if token is None or self._reads_parameters:
            query = request.query if self._settings.query_parameter else b""
            form = request.form if self._settings.form_parameter else b""
            token = credentials.anywhere(token, query, form)
        if not 0 < len(token) <= self._max_token_size:
            credentials.refuse_size(token, self._max_token_size)
        hasher = self._hasher.copy()
        hasher.update(token)
        digest = hasher.digest()
        known = self._remembered.get(digest)
        if known is not None:
            # That a signature is good does not change; whose key it is, and the time, do.
            access_token, source, key, leeway, expires_at, not_before = known
            if source is not None and key in source.keys and self._monotonic() < source.attend_at:
                now = self._time()
                if now - leeway < expires_at and (not_before is None or now + leeway >= not_before):
                    self._seen_before += 1
                    return access_token
        told = story.of_token(token, self._trust, self._clock, self._known_headers)
        if isinstance(told, Verified):
            return self._end(told, digest)
        return self._step(told, None, digest)

    def _step(self, told: Story, answer: object, digest: bytes) -> AccessToken | Waiting:
        """On to the story's end, or to where only a flight leads further."""
        need: Need | None = None
        try:
            need = told.send(answer)
            while True:
                if isinstance(need, IssuerNeeded):
                    answer = self._templates.issuer(need)
                else:
                    answer = self._meet(need, digest)
                    if isinstance(answer, Future):
                        return Waiting(told, need, answer, digest)
                need = told.send(answer)
        except StopIteration as end:
            return self._end(end.value, digest)
        except BearerError as error:
            if need is not None:
                error.issuer_alias = rules_of(need).alias
            raise

    def _meet(self, need: FlownNeed, digest: bytes) -> object:
        """What is needed, or the flight that brings it."""
        if isinstance(need, KeysNeeded):
            return self._keeper.keys(need)
        if isinstance(need, MissingKeyNeeded):
            return self._keeper.missing_key(need)
        introspector = self._introspectors[need.rules]
        outcome, watch = introspector.kept(digest), self._watches.of(need.rules)
        if outcome is None:
            watch.answers_asked += 1
            return introspector.ask(need.token, digest)
        watch.answers_kept += 1
        return self._judged(outcome, need)

    def _judged(self, outcome: Outcome, need: AnswerNeeded) -> AccessToken:
        """A kept outcome says again what it said, but time went on."""
        if isinstance(outcome, Refused):
            raise InvalidToken(outcome.reason, **outcome.details)
        check_token_times(outcome, need.rules.claims.leeway, self._time())
        return outcome

    def _go_on(self, waiting: Waiting, landed: bool) -> AccessToken | Waiting:
        """After a flight, or after patience ran out: then with what is at hand, if anything."""
        told, need, flight, digest = waiting
        answer: object
        try:
            if isinstance(need, KeysNeeded):
                answer = self._keeper.settled(need.issuer)
            elif isinstance(need, MissingKeyNeeded):
                answer = self._keeper.missed(need.issuer, landed)
            else:
                answer = self._landed_answer(need, flight if landed else None)
            return self._step(told, answer, digest)
        except BearerError as error:
            error.issuer_alias = rules_of(need).alias
            raise

    def _landed_answer(self, need: AnswerNeeded, flight: Future[Outcome] | None) -> AccessToken:
        introspector = self._introspectors[need.rules]
        if flight is None:
            raise introspector.unavailable(None)
        failure = flight.exception()
        if isinstance(failure, UpstreamFailure):
            raise introspector.unavailable(failure)
        if failure is not None:
            # New for each waiter: one that many raise collects their tracebacks.
            raise RuntimeError("an introspection answer could not be judged") from failure
        return self._judged(flight.result(), need)

    def _end(self, verified: Verified, digest: bytes) -> AccessToken:
        if verified.key is not None:
            self._seen_first += 1
            if self._settings.remembered_tokens:
                self._remembered.put(digest, verified)
        return verified.access_token

    @staticmethod
    def _patience(need: FlownNeed) -> float:
        return rules_of(need).settings.upstream.timeout
