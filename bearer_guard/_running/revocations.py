"""Revocations, from this worker to the fleet and back: a log in the shared store, that each
worker reads on from where it was. Who comes late reads it from the beginning.

A store may lose its memory, or fail over to a replica that had not heard the last of it, and then
numbers anew. The counter alone does not show that: it may have caught up before a worker looks
again. So the entry that was read last is looked at too, whether it is still the same.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from bearer_guard._core.revocation import Revocation
from bearer_guard._running.fleet import Fleet
from bearer_guard._running.log import Log
from bearer_guard._upstream import forks
from bearer_guard.clock import Clock
from bearer_guard.settings.shared import Shared

_LOG_LASTS = 10 * 365 * 86_400.0
"""Seconds for the log's counter: it is to outlast each entry."""
_AT_ONCE = 200
_COUNTER = "revocations"
_STOPS_WITHIN = 2.0
_LATE = 64
"""How many of the last numbers may be taken and not written yet: each is one publisher's."""
_LATE_FOR = 15.0
"""Seconds between the two, at most: the longest time-out for one call, and more."""


class Revocations:
    """What was revoked, as this worker knows it; and the thread that learns of more.

    The thread starts with the first request, hence after a fork.
    """

    def __init__(
        self,
        learn: Callable[[Revocation], object],
        forget_all: Callable[[], object],
        fleet: Fleet,
        settings: Shared,
        clock: Clock,
        log: Log,
    ) -> None:
        self._log = log
        self._learn = learn
        self._forget_all = forget_all
        self._fleet = fleet
        self._settings = settings
        self._clock = clock
        self._begin()
        forks.tell(self)

    def after_fork(self) -> None:
        """The parent's thread did not come along."""
        self._begin()

    def settle_after_fork(self) -> None:
        """What it let in may not come along either, without one."""
        self._forget_all()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self._from_the_start()
        self.started = False

    def _from_the_start(self) -> None:
        self._read = 0
        self._last_entry: dict[str, Any] | None = None
        """What stood there under the number that was read last."""
        self._late: dict[int, float] = {}
        """Numbers without an entry, and until when they are looked at again."""

    def start(self) -> None:
        """Read what there is, and go on reading."""
        with self._lock:
            if self.started:
                return
            thread = threading.Thread(
                target=_go_on_reading,
                args=(weakref.ref(self), self._ends, self._settings.revocations_every),
                name="bearer_guard-revocations",
                daemon=True,
            )
            try:
                thread.start()
            except RuntimeError as error:
                # No more threads are to be had. The next token that is not remembered tries anew.
                self._log.store_failure(type(error).__name__)
                return
            self._thread, self.started = thread, True

    def publish(self, revocation: Revocation) -> bool:
        """Tell the fleet; whether the store took it."""
        seconds = revocation.until - self._clock.time()
        return self._fleet.append(_COUNTER, revocation.document(), seconds, _LOG_LASTS)

    def read_on(self) -> None:
        """Learn what is new in the log."""
        last = self._fleet.last(_COUNTER)
        if last is None or not self._looked_back(last):
            return
        first = max(self._read, last - self._settings.revocations) + 1
        for start in range(first, last + 1, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, last + 1))
            entries = self._fleet.entries(_COUNTER, numbers)
            if entries is None:
                return
            late_until = self._clock.monotonic() + _LATE_FOR
            for number, entry in zip(numbers, entries, strict=True):
                if entry is not None:
                    self._learn_of(entry)
                elif number > last - _LATE:
                    self._late[number] = late_until
            self._read, self._last_entry = numbers[-1], entries[-1]

    def _looked_back(self, last: int) -> bool:
        """Learn what came late, and whether the log is still the one that was read: if not, it is
        read from its start. Returns whether the store could tell."""
        now = self._clock.monotonic()
        self._late = {number: until for number, until in self._late.items() if now < until}
        if not self._read:
            return True
        numbers = tuple(dict.fromkeys((self._read, *self._late)))
        entries = self._fleet.entries(_COUNTER, numbers)
        if entries is None:
            return False
        found = dict(zip(numbers, entries, strict=True))
        if last < self._read or self._is_another_log(found[self._read], last):
            self._from_the_start()
            return True
        for number in tuple(self._late):
            entry = found[number]
            if entry is not None:
                self._learn_of(entry)
                del self._late[number]
        self._last_entry = found[self._read]
        return True

    def _is_another_log(self, entry: dict[str, Any] | None, last: int) -> bool:
        """By what stands now where this worker read last."""
        if self._read in self._late:
            return False
        if entry is None:
            # It is over, as each is some day, or gone with its log: read anew when there is news.
            return last > self._read
        return entry != self._last_entry

    def _learn_of(self, entry: dict[str, Any]) -> None:
        try:
            self._learn(Revocation.of_document(entry))
        except ValueError as error:
            # Sealed by a version that says it otherwise: one such hides none of the others.
            self._log.store_failure(type(error).__name__)

    def read_on_whatever_comes(self) -> None:
        """A round of the thread, which nothing ends: who hears nothing lets revoked tokens in."""
        try:
            self.read_on()
        except Exception as error:  # noqa: BLE001 - logged; the next round may do
            self._log.store_failure(type(error).__name__)

    def begin_again(self) -> None:
        """After ``close``: the next request starts another thread, and nothing is let in before by
        what was known until then."""
        self._begin()
        self._forget_all()

    def close(self) -> None:
        """End the thread."""
        self._ends.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOPS_WITHIN)


def _go_on_reading(here: weakref.ref[Revocations], ends: threading.Event, every: float) -> None:
    """Until it is closed, or forgotten."""
    while (revocations := here()) is not None:
        revocations.read_on_whatever_comes()
        del revocations
        if ends.wait(every):
            return
