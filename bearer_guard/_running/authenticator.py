"""Steps the story of each token: at once where all is at hand, else from flight to flight."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any, NamedTuple

from bearer_guard._core import credentials, signatures, story
from bearer_guard._core.needs import (
    AnswerNeeded,
    IssuerNeeded,
    KeysNeeded,
    MissingKeyNeeded,
    Need,
    Verified,
    rules_of,
)
from bearer_guard._core.path_rules import Requirement
from bearer_guard._core.story import Story
from bearer_guard._running.equipment import Equipment
from bearer_guard._running.log import Log
from bearer_guard._running.parts import Parts, Signatures
from bearer_guard._running.token_places import TokenPlaces
from bearer_guard._running.verified_tokens import Digests
from bearer_guard._upstream.http_client import GivenClient
from bearer_guard._upstream.stores import RecentlyUsed
from bearer_guard._upstream.waiting import wait, wait_async
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import BearerError, InvalidToken
from bearer_guard.request import RequestView
from bearer_guard.settings import GuardSettings

FlownNeed = KeysNeeded | MissingKeyNeeded | AnswerNeeded
"""What a flight may bring."""


class Waiting(NamedTuple):
    """A story that cannot go on before a flight has landed."""

    story: Story
    need: FlownNeed
    flight: Future[Any]
    digests: Digests
    epoch: int


class Unfinished(NamedTuple):
    """The same, and what the request's path needs beside a good token."""

    waiting: Waiting
    needed: Requirement


class Authenticator:
    """What a guard does with a request, its paths and answers aside."""

    def __init__(
        self, settings: GuardSettings, http_client: GivenClient | None, clock: Clock, log: Log
    ) -> None:
        self._places = TokenPlaces(settings)
        self._reads_elsewhere = self._places.any
        self._max_token_size = settings.max_token_size
        equipment = self.equipment = Equipment(settings, http_client, clock, log)
        self._trust = equipment.trust
        self._clock = clock
        self._time, self._monotonic = clock.time, clock.monotonic
        self._epoch, self._verified = equipment.epoch, equipment.verified
        # A guard that asks about verified tokens as well lets none in by that memory alone: it
        # looks there one step later, and here it finds none. So the others need not ask whether.
        asks = self._trust.introspects_jwts
        self._at_once = RecentlyUsed[Verified](0) if asks else self._verified.recent
        self._peek = self._at_once.peek
        self._seen_before = self._seen_first = 0
        self._known_headers: story.KnownHeaders = {}
        self._hasher = equipment.hasher
        self._templates = equipment.templates
        self._keeper, self._introspectors = equipment.keeper, equipment.introspectors
        self._revoked, self._revocations = equipment.revoked, equipment.revocations

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
        equipment = self.equipment
        return Parts(
            self._trust,
            self._keeper,
            self._templates,
            self._introspectors,
            equipment.watches,
            equipment.fleet,
            self._clock,
            Signatures(len(self._verified.recent), self._seen_before, self._seen_first),
        )

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
        known = self._peek(digest)
        if known is not None:
            # That a signature is good does not change; whose key it is, and the time, do.
            access_token, source, key, leeway, expires_at, not_before = known
            if source is not None and key in source.keys and self._monotonic() < source.attend_at:
                now = self._time()
                if now - leeway < expires_at and (not_before is None or now + leeway >= not_before):
                    self._seen_before += 1
                    if self._at_once.counts_uses:
                        self._at_once.use(digest)
                    return access_token
        return self._begin_anew(token, digest, at_most)

    def _begin_anew(
        self, token: bytes, digest: bytes, at_most: float | None
    ) -> AccessToken | Waiting:
        """The story from its beginning, or from where an earlier request has verified it."""
        epoch = self._epoch.number
        if self._revocations is not None and not self._revocations.started:
            self._revocations.start()
        known = self._verified.still_good(digest) if self._trust.introspects_jwts else None
        if known is None:
            told = story.of_token(token, self._trust, self._clock, self._known_headers, at_most)
        else:
            self._seen_before += 1
            told = story.confirmed(known, token, self._trust, at_most)
            if isinstance(told, Verified):
                return told.access_token
        digests = self._digests(token, digest)
        if isinstance(told, Verified):
            return self._end(told, digests, epoch)
        return self._step(told, None, digests, epoch)

    def _step(
        self, told: Story, answer: object, digests: Digests, epoch: int
    ) -> AccessToken | Waiting:
        """On to the story's end, or to where only a flight leads further."""
        need: Need | None = None
        try:
            need = told.send(answer)
            while True:
                if isinstance(need, IssuerNeeded):
                    answer = self._templates.issuer(need)
                else:
                    answer = self._meet(need, digests, epoch)
                    if isinstance(answer, Future):
                        return Waiting(told, need, answer, digests, epoch)
                need = told.send(answer)
        except StopIteration as end:
            return self._end(end.value, digests, epoch)
        except BearerError as error:
            if need is not None:
                error.issuer_alias = rules_of(need).alias
            raise

    def _meet(self, need: FlownNeed, digests: Digests, epoch: int) -> object:
        """What is needed, or the flight that brings it."""
        if isinstance(need, KeysNeeded):
            return self._keeper.keys(need)
        if isinstance(need, MissingKeyNeeded):
            return self._keeper.missing_key(need)
        whole, name = digests
        if need.verified is not None and self._verified.still_good(whole) is None:
            # Whatever its server says, and if it says nothing: the signature is good.
            self._end(need.verified, digests, epoch)
        return self._introspectors[need.rules].answer(need, name)

    def _go_on(self, waiting: Waiting, landed: bool) -> AccessToken | Waiting:
        """After a flight, or after patience ran out: then with what is at hand, if anything."""
        told, need, flight, digests, epoch = waiting
        answer: object
        try:
            if isinstance(need, KeysNeeded):
                answer = self._keeper.settled(need.issuer)
            elif isinstance(need, MissingKeyNeeded):
                answer = self._keeper.missed(need.issuer, landed)
            else:
                introspector = self._introspectors[need.rules]
                answer = introspector.landed(need, digests[1], flight if landed else None)
            return self._step(told, answer, digests, epoch)
        except BearerError as error:
            error.issuer_alias = rules_of(need).alias
            raise

    def _end(self, verified: Verified, digests: Digests, epoch: int) -> AccessToken:
        if self._revoked.any and self._revoked.covers(digests[1], verified.access_token):
            raise InvalidToken("token_revoked")
        if verified.key is not None:
            self._seen_first += 1
        self._verified.remember(digests, verified, epoch)
        return verified.access_token

    def digest(self, token: str) -> bytes:
        """By which a token is known, however its signature is spelled; with a shared store, to
        the whole fleet."""
        return self._digest(signatures.signed_part(token.encode("utf-8")))

    def _digests(self, token: bytes, whole: bytes) -> Digests:
        signed = signatures.signed_part(token)
        return whole, whole if signed is token else self._digest(signed)

    def _digest(self, octets: bytes) -> bytes:
        hasher = self._hasher.copy()
        hasher.update(octets)
        return hasher.digest()

    @staticmethod
    def _patience(need: FlownNeed) -> float:
        return rules_of(need).settings.upstream.timeout
