"""What goes wrong, one thing after the other, round after round."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from soak.authorities import Authority
from soak.processes import Process, workers
from soak.store import Store
from soak.traffic import Supply

_QUIET = 0.8
"""Seconds before and after each fault that are looked at beside it."""


@dataclass
class Span:
    """When a fault was, and the quiet around it."""

    fault: str
    quiet_from: float
    began: float
    ended: float
    quiet_until: float


@dataclass
class Api:
    """A guarded application on its server."""

    name: str
    process: Process
    port: int
    killed: list[float] = field(default_factory=list)
    """When one of its workers was."""

    def kill_workers(self, count: int) -> None:
        """End some at once; the server starts others."""
        for pid in random.sample(workers(self.process.pid), count):
            self.killed.append(time.monotonic())
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class _Fault:
    name: str
    begin: Callable[[], None]
    seconds: float
    end: Callable[[], None]
    recovers: float = _QUIET


class Faults:
    """The rounds."""

    def __init__(
        self,
        authorities: Sequence[Authority],
        apis: Sequence[Api],
        supply: Supply,
        store: Store,
    ) -> None:
        self._store = store
        self._authorities = authorities
        self._apis = apis
        self._supply = supply
        self.spans: list[Span] = []

    def round(self) -> None:
        """All that can go wrong, once."""
        # Published long before it signs, as careful issuers do it.
        self._next = self._supply.overlapping.publish_key()
        for fault in self._all():
            self._befall(fault)

    def _all(self) -> list[_Fault]:
        return [
            _Fault("a key rotated at once, tokens revoked", self._rotate, 1.0, _nothing),
            _Fault("workers killed", self._kill_workers, 1.5, _nothing),
            _Fault("a key rotated with overlap", self._sign_with_next, 1.0, self._withdraw_last),
            _Fault("authorization servers killed", self._kill_all, 2.0, self._start_all, 2.0),
            _Fault(
                "authorization servers killed, then workers",
                self._kill_all_and_workers,
                2.5,
                self._start_all,
                2.0,
            ),
            _Fault("the shared store killed", self._store.kill, 2.0, self._store.start),
            _Fault(
                "the shared store killed, then workers and a key rotated",
                self._kill_store_and_workers,
                2.0,
                self._store.start,
            ),
        ]

    def _befall(self, fault: _Fault) -> None:
        quiet_from = time.monotonic()
        time.sleep(_QUIET)
        began = time.monotonic()
        fault.begin()
        time.sleep(fault.seconds)
        fault.end()
        ended = time.monotonic()
        time.sleep(fault.recovers)
        self.spans.append(Span(fault.name, quiet_from, began, ended, time.monotonic()))

    def _rotate(self) -> None:
        self._supply.abrupt.rotate_abruptly()
        self._supply.revoke_some()
        self._supply.refill()

    def _sign_with_next(self) -> None:
        overlapping = self._supply.overlapping
        self._last, overlapping.signs_with = overlapping.signs_with, self._next
        self._supply.refill()

    def _withdraw_last(self) -> None:
        self._supply.overlapping.withdraw(self._last)

    def _kill_workers(self) -> None:
        for api in self._apis:
            api.kill_workers(len(workers(api.process.pid)) // 2)

    def _kill_all(self) -> None:
        for authority in self._authorities:
            authority.kill()

    def _kill_all_and_workers(self) -> None:
        self._kill_all()
        self._kill_workers()

    def _kill_store_and_workers(self) -> None:
        self._store.kill()
        self._kill_workers()
        self._rotate()

    def _start_all(self) -> None:
        start_all(self._authorities)


def start_all(authorities: Sequence[Authority]) -> None:
    """Side by side: each takes its time."""
    for authority in authorities:
        authority.start()
    for authority in authorities:
        authority.wait()


def _nothing() -> None:
    """It ends by itself."""
