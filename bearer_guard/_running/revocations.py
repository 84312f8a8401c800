"""Revocations, from this worker to the fleet and back: a log in the shared store, that each
worker reads on from where it was. Who comes late reads it from the beginning."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable

from bearer_guard._core.revocation import Revocation
from bearer_guard._running.fleet import Fleet
from bearer_guard._upstream import forks
from bearer_guard.clock import Clock
from bearer_guard.settings.shared import Shared

_LOG_LASTS = 10 * 365 * 86_400.0
"""Seconds for the log's counter: it is to outlast each entry."""
_AT_ONCE = 200
_COUNTER = "revocations"
_STOPS_WITHIN = 2.0


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
    ) -> None:
        self._learn = learn
        self._forget_all = forget_all
        self._fleet = fleet
        self._settings = settings
        self._clock = clock
        self._begin()
        forks.tell(self)

    def after_fork(self) -> None:
        """The parent's thread did not come along; nor may what it let in, without one."""
        self._begin()
        self._forget_all()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self._read = 0
        self.started = False

    def start(self) -> None:
        """Read what there is, and go on reading."""
        with self._lock:
            if self.started:
                return
            self.started = True
            self._thread = threading.Thread(
                target=_go_on_reading,
                args=(weakref.ref(self), self._ends, self._settings.revocations_every),
                name="bearer_guard-revocations",
                daemon=True,
            )
            self._thread.start()

    def publish(self, revocation: Revocation) -> bool:
        """Tell the fleet; whether the store took it."""
        seconds = revocation.until - self._clock.time()
        return self._fleet.append(_COUNTER, revocation.document(), seconds, _LOG_LASTS)

    def read_on(self) -> None:
        """Learn what is new in the log."""
        last = self._fleet.last(_COUNTER)
        if last is None:
            return
        if last < self._read:
            # The store lost its counter, and numbers anew.
            self._read = 0
        first = max(self._read, last - self._settings.revocations) + 1
        for start in range(first, last + 1, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, last + 1))
            entries = self._fleet.entries(_COUNTER, numbers)
            if entries is None:
                return
            for entry in entries:
                if entry is not None:
                    self._learn(Revocation.of_document(entry))
            self._read = numbers[-1]

    def close(self) -> None:
        """End the thread."""
        self._ends.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOPS_WITHIN)


def _go_on_reading(here: weakref.ref[Revocations], ends: threading.Event, every: float) -> None:
    """Until it is closed, or forgotten."""
    while (revocations := here()) is not None:
        revocations.read_on()
        del revocations
        if ends.wait(every):
            return
