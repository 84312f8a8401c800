"""Loops on which nobody waits: when all tasks do, the loop's own clock jumps to the next timer.

What is measured by such a clock is the same on a machine however busy. The loop must not wait for
anything outside of it: a thread or another process takes no time by this clock. On asyncio's, both
ends of a connection may be in the loop, and its own executor's threads are waited for.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any, Final

from trio.testing import MockClock

_UNDER_WAY: Final = 0.001
"""Real seconds for octets that are on their way to the connection's other end."""


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing that takes time, and counts the seconds that it should have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0
        self.threads = 0
        """That work for the loop: their ends wake it."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self.threads:
            return super().select(None)
        # The loop has a socket of its own, to be woken by.
        has_connections = len(self.get_map()) > 1
        events = super().select(_UNDER_WAY if has_connections else 0)
        if not events:
            self.jumped += timeout
        return events


class JumpingLoop(asyncio.SelectorEventLoop):
    """asyncio's loop with a clock that does nothing but jump."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.jumped

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._has_worked)
        return future

    def _has_worked(self, _: object) -> None:
        self._jumping.threads -= 1

    async def shutdown_default_executor(self, *_: object) -> None:
        """As of Python 3.12 with a time-out, which would be over in no time."""
        await super().shutdown_default_executor()


LOOPS: Final = ["asyncio", "trio"]


def jumping(name: str) -> tuple[str, dict[str, Any]]:
    """What anyio's fixture ``anyio_backend`` gives for such a loop of asyncio or trio."""
    if name == "trio":
        return ("trio", {"clock": MockClock(autojump_threshold=0)})
    return ("asyncio", {"loop_factory": JumpingLoop})
