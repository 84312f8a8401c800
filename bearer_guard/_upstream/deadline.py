"""When the call that a thread makes must be over."""

from __future__ import annotations

import threading
import time


class Deadline(threading.local):
    """Each thread has its own."""

    until: float = float("inf")
    """Of ``time.monotonic``."""

    @property
    def left(self) -> float:
        """Seconds; none or less when it has passed."""
        return self.until - time.monotonic()
