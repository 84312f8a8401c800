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
)
from bearer_guard._core.story import Story, Verified
from bearer_guard._core.trust import IssuerRules, Trust
from bearer_guard._running.introspector import Introspector, Outcome, Refused
from bearer_guard._running.key_keeper import KeyKeeper
from bearer_guard._running.template_issuers import TemplateIssuers
from bearer_guard._upstream.flights import Flights
from bearer_guard._upstream.http_caller import HttpCaller, HttpClient
from bearer_guard._upstream.stores import RecentlyUsed
from bearer_guard._upstream.waiting import wait, wait_async
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import InvalidToken
from bearer_guard.exchange import UpstreamFailure
from bearer_guard.request import RequestView, is_websocket
from bearer_guard.settings import GuardSettings

_KEY_THREADS = 8
_CONNECTIONS = 80
_YEAR = 365 * 86_400.0


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
        self, settings: GuardSettings, http_client: HttpClient | None, clock: Clock
    ) -> None:
        self._settings = settings
        marker = settings.websocket_protocol
        self._prefix = credentials.token_prefix(marker).encode("ascii") if marker else b""
        self._reads_elsewhere = bool(
            settings.query_parameter or settings.form_parameter or self._prefix
        )
        self._max_token_size = settings.max_token_size
        self._trust = Trust(settings)
        self._clock = clock
        self._time, self._monotonic = clock.time, clock.monotonic
        self._remembered: RecentlyUsed[Verified] = RecentlyUsed(settings.remembered_tokens)
        self._known_headers: story.KnownHeaders = {}
        # Keyed, so that nobody can prepare or look up what this process keeps.
        self._hasher = blake2b(key=os.urandom(32), digest_size=32)
        self._caller = HttpCaller(http_client, _CONNECTIONS)
        self._key_flights = {
            rules: Flights("bearer_guard-keys", _KEY_THREADS)
            for rules in (None, *self._trust.templates)
        }
        self._templates = TemplateIssuers(settings.template_issuers, clock)
        self._keeper = KeyKeeper(self._caller, self._key_flights, self._templates, clock)
        self._introspectors = dict(self._make_introspectors())

    def _make_introspectors(self) -> Iterable[tuple[IssuerRules, Introspector]]:
        """For the one issuer that resolves opaque tokens, where there is one."""
        if self._trust.opaque is not None:
            rules, settings = self._trust.opaque
            yield rules, Introspector(rules, settings, self._caller, self._clock)

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
        if access_token.expires_at is None:
            return None
        leeway = self._trust.rules_for(access_token.issuer).claims.leeway
        now = self._time()
        # Far beyond any connection's life, and far within what a sleep can be told.
        return max(0.0, min(access_token.expires_at, now + _YEAR) - now + leeway)

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
        if token is None or self._reads_elsewhere:
            token = self._token_anywhere(request, token)
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
                    return access_token
        told = story.of_token(token, self._trust, self._clock, self._known_headers)
        if isinstance(told, Verified):
            return self._end(told, digest)
        return self._step(told, None, digest)

    def _token_anywhere(self, request: RequestView, token: bytes | None) -> bytes:
        """RFC 6750 section 2: one method in one request, among those that are read."""
        found = [] if token is None else [token]
        if self._settings.query_parameter:
            found += credentials.from_parameters(request.query)
        if self._settings.form_parameter:
            found += credentials.from_parameters(request.form)
        if self._prefix:
            found += self._tokens_offered(request, self._prefix)
        return credentials.only_one(found)

    def _tokens_offered(self, request: RequestView, prefix: bytes) -> list[bytes]:
        """The header means something in a WebSocket's handshake alone (RFC 6455 section 11.3.4)."""
        lines = request.header_values(b"sec-websocket-protocol")
        if not lines or not is_websocket(request):
            return []
        return credentials.from_subprotocols(lines, prefix, self._max_token_size)

    def _step(self, told: Story, answer: object, digest: bytes) -> AccessToken | Waiting:
        """On to the story's end, or to where only a flight leads further."""
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

    def _meet(self, need: FlownNeed, digest: bytes) -> object:
        """What is needed, or the flight that brings it."""
        if isinstance(need, KeysNeeded):
            return self._keeper.keys(need)
        if isinstance(need, MissingKeyNeeded):
            return self._keeper.missing_key(need)
        introspector = self._introspectors[need.rules]
        outcome = introspector.kept(digest)
        if outcome is None:
            return introspector.ask(need.token, digest)
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
        if isinstance(need, KeysNeeded):
            answer = self._keeper.settled(need.issuer)
        elif isinstance(need, MissingKeyNeeded):
            answer = self._keeper.missed(need.issuer, landed)
        else:
            answer = self._landed_answer(need, flight if landed else None)
        return self._step(told, answer, digest)

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
        if verified.key is not None and self._settings.remembered_tokens:
            self._remembered.put(digest, verified)
        return verified.access_token

    @staticmethod
    def _patience(need: FlownNeed) -> float:
        rules = need.rules if isinstance(need, AnswerNeeded) else need.issuer.rules
        return rules.settings.upstream.timeout
