"""When a token expires: by the wall clock or by the loop's, whichever says so first.

The loop's clock stands still while a machine sleeps, and the wall clock may be set back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bearer_guard._expiry import LOOK_AGAIN


class Expiry:
    """Calls ``then`` once, when the token expires."""

    def __init__(self, seconds_left: Callable[[], float], then: Callable[[], None]) -> None:
        self._seconds_left = seconds_left
        self._then = then
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + seconds_left()
        self._timer = self._loop.call_soon(self._look)

    def _look(self) -> None:
        left = min(self._seconds_left(), self._until - self._loop.time())
        if left > 0:
            self._timer = self._loop.call_later(min(left, LOOK_AGAIN), self._look)
        else:
            self._then()

    def cancel(self) -> None:
        """It is no longer waited for."""
        self._timer.cancel()
