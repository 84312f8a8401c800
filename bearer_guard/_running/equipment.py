"""All that a guard is made of, put together once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from hashlib import sha256

from bearer_guard._core.revocation import Revocation, Revoked
from bearer_guard._core.trust import IssuerRules, Trust
from bearer_guard._running.answers import Answers
from bearer_guard._running.fleet import Fleet
from bearer_guard._running.forgetting import Epoch
from bearer_guard._running.introspector import Introspector, introspectors
from bearer_guard._running.key_flights import THREADS, KeyFlights
from bearer_guard._running.key_keeper import KeyKeeper
from bearer_guard._running.log import Log
from bearer_guard._running.revocations import Revocations
from bearer_guard._running.template_issuers import TemplateIssuers
from bearer_guard._running.verified_tokens import VerifiedTokens
from bearer_guard._running.watch import Watches
from bearer_guard._upstream import forks
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard._upstream.http_client import GivenClient
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.clock import Clock
from bearer_guard.settings import GuardSettings
from bearer_guard.settings.shared import Shared


class Equipment:
    """Nothing of it is opened or started before it is needed."""

    def __init__(
        self, settings: GuardSettings, http_client: GivenClient | None, clock: Clock, log: Log
    ) -> None:
        self.clock = clock
        self.trust = Trust(settings)
        self.epoch = Epoch(clock)
        self.verified = VerifiedTokens(settings.remembered_tokens, clock, self.epoch)
        self._key_flights = KeyFlights(self.trust.templates)
        self._caller = HttpCaller(http_client, *self._connections())
        self.templates = TemplateIssuers(settings.template_issuers, clock)
        self.watches = Watches(log, clock)
        shared = settings.shared
        self.after_fork()
        forks.tell(self)
        self.revoked = Revoked(shared.revocations if shared else _REVOCATIONS)
        self._store: RedisStore | None = None
        self.fleet = None if shared is None else self._fleet(shared, log)
        self.revocations: Revocations | None = None
        if shared is not None and self.fleet is not None:
            self.revocations = Revocations(
                self.learn, self._distrust_memory, self.fleet, shared, clock, log
            )
        self.keeper = KeyKeeper(
            self._caller, self._key_flights, self.templates, clock, self.watches, self.fleet
        )
        self.introspectors: dict[IssuerRules, Introspector] = dict(
            introspectors(self.trust, self._caller, clock, self.epoch, self.watches, self.fleet)
        )
        # Keyed, so that nobody can prepare or look up what this process keeps.
        key = os.urandom(32) if self.fleet is None else self.fleet.sealer.digest_key()
        # A block of the key, and the token behind it. Processors have instructions for SHA-256: a
        # quarter less time than keyed BLAKE2b on the path of every request. Who knows a digest can
        # only lengthen what was digested by octets that no token has (RFC 6750 section 2.1).
        self.hasher = sha256(key.ljust(64, b"\0"))

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along."""
        # The application revokes, and the log is read: each in a thread of its own.
        self._learning = threading.Lock()

    def _connections(self) -> tuple[int, int]:
        """One for each thread, so that no server's slowness takes another's connections; and how
        many of them are kept. Of an exact issuer's keys there is one fetch at a time."""
        settings = (rules.settings.introspection for rules in self.trust.introspecting)
        calls = sum(each.concurrent_calls for each in settings if each is not None)
        calls += len(self.trust.templates) * THREADS
        return calls + len(self.trust.exact), calls + THREADS

    def _fleet(self, shared: Shared, log: Log) -> Fleet:
        store = shared.store
        if isinstance(store, str):
            store = self._store = RedisStore(store, shared.prefix, shared.timeout)
        return Fleet(shared, store, self.clock, log)

    def memories(self, *, to_revoke: bool = False) -> Iterator[VerifiedTokens | Answers]:
        """All memories of tokens; what is under way already is not kept in them any more."""
        self.epoch.turn(to_revoke=to_revoke)
        yield self.verified
        for introspector in self.introspectors.values():
            yield introspector.answers

    def forget_all(self) -> None:
        """All that is known of tokens. The issuers' keys stay."""
        for memory in self.memories():
            memory.forget_all()

    def _distrust_memory(self) -> None:
        """Where revocations were not heard of for a while. What others say of tokens serves on:
        that a token is revoked is heard whatever they say."""
        for memory in self.memories(to_revoke=True):
            memory.forget_all()

    def learn(self, revocation: Revocation) -> None:
        """From now on what it speaks of is refused: first where good tokens end, then what is
        remembered of them, so that nothing slips through. What is no news was forgotten then: a
        log that is read anew costs no look at each memory for each of its entries."""
        with self._learning:
            is_news = self.revoked.add(revocation, self.clock.time())
        if not is_news:
            return
        for memory in self.memories(to_revoke=True):
            if revocation.digest is not None:
                memory.forget(revocation.digest)
            else:
                memory.forget_subject(revocation.issuer, revocation.subject)

    def begin_again(self) -> None:
        """After ``close``, for a guard that is used again."""
        if self.revocations is not None:
            self.revocations.begin_again()

    def let_go(self) -> None:
        """End all threads and close all connections when nobody uses them any more. For the
        collector, which may come in any thread, whatever locks that holds: it waits for nothing."""
        for flights in self._key_flights:
            flights.let_go()
        for introspector in self.introspectors.values():
            introspector.let_go()
        self._caller.let_go()
        if self._store is not None:
            self._store.let_go()
        # It refers to this guard as this guard does to it; its thread ends when it is gone.
        self.revocations = None

    def close(self) -> None:
        """End all threads and close all connections."""
        if self.revocations is not None:
            self.revocations.close()
        self._key_flights.close()
        for introspector in self.introspectors.values():
            introspector.close()
        self._caller.close()
        if self._store is not None:
            self._store.close()


_REVOCATIONS = 10_000
"""How many revocations a worker without a fleet remembers."""
