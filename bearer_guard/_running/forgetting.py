"""What it takes to forget: nothing that was begun before comes back after it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from bearer_guard._upstream import forks
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock


class Epoch:
    """How often a guard was told to forget something.

    Whoever asks a server notes the number first, and keeps the answer only if it is the same
    still. One number for all: a forgotten token costs others at most a question more.
    """

    def __init__(self, clock: Clock) -> None:
        self.number = 0
        self.turned_at = -math.inf
        """When it last began (since the epoch): what others heard before is not heard here."""
        self._clock = clock
        self.after_fork()
        forks.tell(self)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that did not come along."""
        self._lock = threading.Lock()

    def turn(self, *, to_revoke: bool = False) -> None:
        """Begin the next one; then discard. In this order nothing slips through.

        What is revoked is refused whatever is heard of it: the others' answers serve on.
        """
        with self._lock:
            self.number += 1
            if not to_revoke:
                self.turned_at = self._clock.time()

    def act(self, number: int, action: Callable[..., object], *arguments: object) -> None:
        """Do it if the epoch ``number`` lasts; it does not end meanwhile."""
        with self._lock:
            if number == self.number:
                action(*arguments)


def is_of(token: AccessToken, issuer: str, subject: str) -> bool:
    """Whether it speaks for this subject, which is unique within its issuer alone."""
    return token.issuer == issuer and token.subject == subject
