"""Steps the story of each token: at once where all is at hand, else from flight to flight."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future
from hashlib import blake2b
from typing import Any, NamedTuple

from bearer_guard._core import credentials, story
from bearer_guard._core.needs import (
    AnswerNeeded,
    IssuerNeeded,
    KeysNeeded,
    MissingKeyNeeded,
    Need,
    Verified,
    rules_of,
)
from bearer_guard._core.story import Story
from bearer_guard._core.trust import Trust
from bearer_guard._running.answers import Answers
from bearer_guard._running.forgetting import Epoch
from bearer_guard._running.introspector import introspectors
from bearer_guard._running.key_keeper import KeyKeeper
from bearer_guard._running.log import Log
from bearer_guard._running.parts import Parts, Signatures
from bearer_guard._running.template_issuers import TemplateIssuers
from bearer_guard._running.token_places import TokenPlaces
from bearer_guard._running.verified_tokens import VerifiedTokens
from bearer_guard._running.watch import Watches
from bearer_guard._upstream.flights import Flights
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard._upstream.http_client import HttpClient
from bearer_guard._upstream.stores import RecentlyUsed
from bearer_guard._upstream.waiting import wait, wait_async
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import BearerError
from bearer_guard.request import RequestView
from bearer_guard.settings import GuardSettings

_KEY_THREADS = 8


FlownNeed = KeysNeeded | MissingKeyNeeded | AnswerNeeded
"""What a flight may bring."""


class Waiting(NamedTuple):
    """A story that cannot go on before a flight has landed."""

    story: Story
    need: FlownNeed
    flight: Future[Any]
    digest: bytes
    epoch: int


class Authenticator:
    """What a guard does with a request, its paths and answers aside."""

    def __init__(
        self, settings: GuardSettings, http_client: HttpClient | None, clock: Clock, log: Log
    ) -> None:
        self._places = TokenPlaces(settings)
        self._reads_elsewhere = self._places.any
        self._max_token_size = settings.max_token_size
        self._trust = Trust(settings)
        self._clock = clock
        self._time, self._monotonic = clock.time, clock.monotonic
        self._epoch = Epoch()
        self._verified = VerifiedTokens(settings.remembered_tokens, clock, self._epoch)
        # A guard that asks about verified tokens as well lets none in by that memory alone: it
        # looks there one step later, and here it finds none. So the others need not ask whether.
        asks = self._trust.introspects_jwts
        self._at_once = RecentlyUsed[Verified](0) if asks else self._verified.recent
        self._seen_before = self._seen_first = 0
        self._known_headers: story.KnownHeaders = {}
        # Keyed, so that nobody can prepare or look up what this process keeps.
        self._hasher = blake2b(key=os.urandom(32), digest_size=32)
        self._key_flights = {
            rules: Flights("bearer_guard-keys", _KEY_THREADS)
            for rules in (None, *self._trust.templates)
        }
        self._caller = HttpCaller(http_client, self._connections())
        self._templates = TemplateIssuers(settings.template_issuers, clock)
        self._watches = Watches(log, clock)
        self._keeper = KeyKeeper(
            self._caller, self._key_flights, self._templates, clock, self._watches
        )
        self._introspectors = dict(
            introspectors(self._trust, self._caller, clock, self._epoch, self._watches)
        )

    def _connections(self) -> int:
        """One for each thread, so that no server's slowness takes another's connections."""
        settings = (rules.settings.introspection for rules in self._trust.introspecting)
        calls = sum(each.concurrent_calls for each in settings if each is not None)
        return calls + len(self._key_flights) * _KEY_THREADS

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
            Signatures(len(self._verified.recent), self._seen_before, self._seen_first),
        )

    def close(self) -> None:
        """End all threads and close all connections."""
        for flights in self._key_flights.values():
            flights.close()
        for introspector in self._introspectors.values():
            introspector.close()
        self._caller.close()

    def begin(self, request: RequestView, at_most: float | None = None) -> AccessToken | Waiting:
        """The request's token, or what is to be finished first. Raises a ``BearerError``.

        ``at_most`` is how old an answer about it the request's path takes, where it says so.
        """
        token = credentials.from_header(request.header_values(b"authorization"))
        if token is None or self._reads_elsewhere:
            token = self._places.only_token(request, token)
        if not 0 < len(token) <= self._max_token_size:
            credentials.refuse_size(token, self._max_token_size)
        hasher = self._hasher.copy()
        hasher.update(token)
        digest = hasher.digest()
        known = self._at_once.get(digest)
        if known is not None:
            # That a signature is good does not change; whose key it is, and the time, do.
            access_token, source, key, leeway, expires_at, not_before = known
            if source is not None and key in source.keys and self._monotonic() < source.attend_at:
                now = self._time()
                if now - leeway < expires_at and (not_before is None or now + leeway >= not_before):
                    self._seen_before += 1
                    return access_token
        return self._begin_anew(token, digest, at_most)

    def _begin_anew(
        self, token: bytes, digest: bytes, at_most: float | None
    ) -> AccessToken | Waiting:
        """The story from its beginning, or from where an earlier request has verified it."""
        epoch = self._epoch.number
        known = self._verified.still_good(digest) if self._trust.introspects_jwts else None
        if known is None:
            told = story.of_token(token, self._trust, self._clock, self._known_headers, at_most)
        else:
            self._seen_before += 1
            told = story.confirmed(known, token, self._trust, at_most)
        if not isinstance(told, Verified):
            return self._step(told, None, digest, epoch)
        return told.access_token if known else self._end(told, digest, epoch)

    def _step(
        self, told: Story, answer: object, digest: bytes, epoch: int
    ) -> AccessToken | Waiting:
        """On to the story's end, or to where only a flight leads further."""
        need: Need | None = None
        try:
            need = told.send(answer)
            while True:
                if isinstance(need, IssuerNeeded):
                    answer = self._templates.issuer(need)
                else:
                    answer = self._meet(need, digest, epoch)
                    if isinstance(answer, Future):
                        return Waiting(told, need, answer, digest, epoch)
                need = told.send(answer)
        except StopIteration as end:
            return self._end(end.value, digest, epoch)
        except BearerError as error:
            if need is not None:
                error.issuer_alias = rules_of(need).alias
            raise

    def _meet(self, need: FlownNeed, digest: bytes, epoch: int) -> object:
        """What is needed, or the flight that brings it."""
        if isinstance(need, KeysNeeded):
            return self._keeper.keys(need)
        if isinstance(need, MissingKeyNeeded):
            return self._keeper.missing_key(need)
        if need.verified is not None and self._verified.still_good(digest) is None:
            # Whatever its server says, and if it says nothing: the signature is good.
            self._end(need.verified, digest, epoch)
        return self._introspectors[need.rules].answer(need, digest)

    def _go_on(self, waiting: Waiting, landed: bool) -> AccessToken | Waiting:
        """After a flight, or after patience ran out: then with what is at hand, if anything."""
        told, need, flight, digest, epoch = waiting
        answer: object
        try:
            if isinstance(need, KeysNeeded):
                answer = self._keeper.settled(need.issuer)
            elif isinstance(need, MissingKeyNeeded):
                answer = self._keeper.missed(need.issuer, landed)
            else:
                introspector = self._introspectors[need.rules]
                answer = introspector.landed(need, digest, flight if landed else None)
            return self._step(told, answer, digest, epoch)
        except BearerError as error:
            error.issuer_alias = rules_of(need).alias
            raise

    def _end(self, verified: Verified, digest: bytes, epoch: int) -> AccessToken:
        if verified.key is not None:
            self._seen_first += 1
        self._verified.remember(digest, verified, epoch)
        return verified.access_token

    def digest(self, token: str) -> bytes:
        """By which this process knows a token."""
        hasher = self._hasher.copy()
        hasher.update(token.encode("utf-8"))
        return hasher.digest()

    def memories(self) -> Iterator[VerifiedTokens | Answers]:
        """All memories of tokens; what is under way already is not kept in them any more."""
        self._epoch.turn()
        yield self._verified
        for introspector in self._introspectors.values():
            yield introspector.answers

    @staticmethod
    def _patience(need: FlownNeed) -> float:
        return rules_of(need).settings.upstream.timeout
