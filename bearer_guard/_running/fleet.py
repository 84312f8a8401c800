"""What one worker does for all: a call that any of them needs is made once.

    recall ──▶ lead ──▶ send, keep, release
       │         │
       │         └ another leads ──▶ follow ──▶ its answer, or its failure
       └ kept ──▶ done

The store makes nothing right or wrong, only cheaper: where it fails, is slow or lies, a worker
goes on by itself. All of it runs in the threads of flights, never on an event loop.
"""

from __future__ import annotations

import base64
import math
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from bearer_guard._core.sealing import Sealer
from bearer_guard._running.log import Log
from bearer_guard._running.store_pauses import StorePauses, StoreSeen
from bearer_guard.clock import Clock
from bearer_guard.exchange import Reply, UpstreamFailure
from bearer_guard.settings.shared import Shared
from bearer_guard.shared import SharedStore

_LOOK_EVERY = 0.02
_FAILURE_LASTS = 1.0
"""Seconds for which a failed call is everybody's, as it is its own worker's."""
CLOCKS_DIFFER = 5.0
"""Seconds by which the clocks of two machines may: when another worker heard something is told by
its own."""
_TRIAL = "trial"
_LONGEST_NUMBER = 19
_TRIES = 100
_SHARE_OF_TIME = 0.6
"""How much of the time left a worker follows another, before it asks by itself."""


class Heard(NamedTuple):
    """A reply, and how many seconds ago some worker heard it."""

    reply: Reply
    age: float
    number: str
    """Tells one hearing from another. Clocks do not: those of two machines differ."""


class MetElsewhere(UpstreamFailure):
    """Another worker met it a moment ago: of one call no more can be learnt by hearing of it."""


class Fleet:
    """One guard's part in its fleet."""

    def __init__(self, settings: Shared, store: SharedStore, clock: Clock, log: Log) -> None:
        self._store = store
        self._clock = clock
        self._pauses = StorePauses(settings.pause, clock, log)
        self.sealer = Sealer(settings.secret)

    def once(
        self,
        name: str,
        until: float,
        lasts: Callable[[Reply], float],
        send: Callable[[], Reply],
        after: float = -math.inf,
        known: str | None = None,
    ) -> Heard:
        """What ``send`` hears; or what another worker heard, while that ``lasts`` (seconds), if it
        asked later than ``after`` (since the epoch) and that is not the hearing ``known``.

        Over by ``until`` (``time.monotonic``) where ``send`` is. Raises what ``send`` raises, or
        the ``UpstreamFailure`` that another worker met a moment ago.
        """
        if after >= self._clock.time():
            # Nothing that another has heard will do, nor what a leader is about to hear.
            return self._sent(name, lasts, send, leaves=False)
        heard = self._recalled(name, after, known)
        if heard is not None:
            return heard
        leads = self._leads(name, until)
        if leads:
            # Another may have led, and left, between this one's look and its lead.
            heard = self._led(name, after, known)
        elif leads is False:
            heard = self._followed(name, until, after, known)
        return heard or self._sent(name, lasts, send, leaves=leads is not None)

    def _led(self, name: str, after: float, known: str | None) -> Heard | None:
        """What there is by now, for one who leads; then it leads no more."""
        try:
            heard = self._recalled(name, after, known)
        except UpstreamFailure:
            self.delete(_lead_of(name))
            raise
        if heard is not None:
            self.delete(_lead_of(name))
        return heard

    def _recalled(self, name: str, after: float, known: str | None) -> Heard | None:
        """What a worker heard and keeps for all. Raises the ``UpstreamFailure`` of another."""
        kept, failed = self.get(name, _failure_of(name))
        if failed is not None:
            raise MetElsewhere(failed["reason"], **failed["details"])
        if kept is None or kept["at"] <= after or kept["number"] == known:
            return None
        age = max(0.0, self._clock.time() - kept["at"])
        body = base64.b64decode(kept["body"])
        return Heard(Reply(kept["status"], kept["headers"], body), age, kept["number"])

    def may_spend(self, name: str, limit: int, window: float) -> bool:
        """Whether the fleet has one left of ``limit`` in ``window`` seconds; it is spent then."""
        return self._pauses.write(lambda: self._store.count(name, window) <= limit, otherwise=True)

    def get(self, *names: str) -> list[dict[str, Any] | None]:
        """What is kept under each of ``names`` and is neither over nor forged."""
        nothing: list[bytes | None] = [None] * len(names)
        return self._opened(names, self._pauses.read(lambda: self._store.get(names), nothing))

    def put(self, name: str, document: dict[str, Any], seconds: float) -> None:
        """Keep ``document`` (JSON) for so long."""
        if seconds > 0:
            sealed = self.sealer.seal(name, document, self._clock.time() + seconds)
            self._pauses.write(lambda: self._store.put(name, sealed, seconds), otherwise=None)

    def delete(self, name: str) -> None:
        """Keep it no longer. That takes no room: a store that is full does it."""
        self._pauses.read(lambda: self._store.delete(name), otherwise=None)

    def append(self, log_name: str, document: dict[str, Any], seconds: float, lasts: float) -> bool:
        """Write ``document`` (JSON) into a log, for so long; whether the store took it."""

        def appended() -> bool:
            for _ in range(_TRIES):
                name = f"{log_name}:{self._store.count(log_name, lasts)}"
                sealed = self.sealer.seal(name, document, self._clock.time() + seconds)
                # Where the counter was lost, what was written before is not written over.
                if self._store.add(name, sealed, seconds):
                    return True
            return False

        return seconds > 0 and self._pauses.write(appended, otherwise=False)

    def last(self, log_name: str) -> int | None:
        """The number of a log's last entry; ``None`` while the store is away."""
        found = self._pauses.read(lambda: self._store.get([log_name]), otherwise=None)
        if found is None:
            return None
        number = found[0] or b"0"
        return int(number) if number.isdigit() and len(number) < _LONGEST_NUMBER else 0

    def entries(self, log_name: str, numbers: Iterable[int]) -> list[dict[str, Any] | None] | None:
        """Entries of a log by number; ``None`` while the store is away."""
        names = [f"{log_name}:{number}" for number in numbers]
        found = self._pauses.read(lambda: self._store.get(names), otherwise=None)
        return None if found is None else self._opened(names, found)

    def try_out(self) -> StoreSeen:
        """Write something and read it; how the store does then."""
        self.put(_TRIAL, {}, 1.0)
        self.get(_TRIAL)
        return self.state()

    def state(self) -> StoreSeen:
        """How the store does, as far as this worker knows."""
        return self._pauses.seen

    def _opened(
        self, names: Sequence[str], found: Sequence[bytes | None]
    ) -> list[dict[str, Any] | None]:
        now = self._clock.time()
        return [
            self.sealer.opened(name, octets, now) for name, octets in zip(names, found, strict=True)
        ]

    def _leads(self, name: str, until: float) -> bool | None:
        """``None`` where the store cannot tell: then each leads itself."""
        left = max(0.001, until - time.monotonic())
        return self._pauses.write(
            lambda: self._store.add(_lead_of(name), b"1", left), otherwise=None
        )

    def _followed(self, name: str, until: float, after: float, known: str | None) -> Heard | None:
        """The leader's answer; ``None`` when it left without one, or takes too long."""
        now = time.monotonic()
        until = now + (until - now) * _SHARE_OF_TIME
        while time.monotonic() < until:
            time.sleep(_LOOK_EVERY)
            leads = self._pauses.read(lambda: self._store.get([_lead_of(name)])[0], otherwise=None)
            # Asked in this order: a leader keeps its answer, and leaves then.
            heard = self._recalled(name, after, known)
            if heard is not None or leads is None:
                return heard
        return None

    def _sent(
        self,
        name: str,
        lasts: Callable[[Reply], float],
        send: Callable[[], Reply],
        *,
        leaves: bool,
    ) -> Heard:
        try:
            at, number = self._clock.time(), secrets.token_hex(8)
            reply = send()
            self.put(name, _document(reply, at, number), lasts(reply))
        except UpstreamFailure as failure:
            met = {"reason": failure.reason, "details": dict(failure.details)}
            self.put(_failure_of(name), met, _FAILURE_LASTS)
            raise
        finally:
            if leaves:
                self.delete(_lead_of(name))
        return Heard(reply, 0.0, number)


def _document(reply: Reply, at: float, number: str) -> dict[str, Any]:
    body = base64.b64encode(reply.body).decode("ascii")
    heard = {"status": reply.status, "headers": dict(reply.headers), "body": body}
    return {**heard, "at": at, "number": number}


def _lead_of(name: str) -> str:
    return f"{name}:lead"


def _failure_of(name: str) -> str:
    return f"{name}:failure"
