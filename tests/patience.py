"""Waiting for what has no event to wait for, on a machine that may be busy."""

from __future__ import annotations

import time
from collections.abc import Callable

_PATIENCE = 30.0


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so: others have to see to it."""
    until = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    assert soon(is_so), "it never came to that"
