"""A guarded WSGI API that streams, and a clock that requests turn: for servers of any kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from bearer_guard import Guard
from bearer_guard.testing import HandClock
from bearer_guard.wsgi import BearerMiddleware

EVENTS = [("Content-Type", "text/event-stream")]
_gate = threading.Event()


def app() -> Any:
    """Its guard is from the environment, and by a clock of its own."""
    clock = HandClock(time.time())
    guard = Guard.from_environment(clock=clock, end_streams_at_expiry=True, public=["/expire"])

    def api(environ: dict[str, Any], start_response: Any) -> Any:
        name = environ["PATH_INFO"].strip("/")
        if name == "expire":
            start_response("204 No Content", [])
            clock.turn(1000)
            _gate.set()
            return []
        length = [("Content-Length", "100")] if name == "half" else []
        start_response("200 OK", [*EVENTS, *length])
        _gate.clear()
        return _ticks()

    return BearerMiddleware(api, guard)


def _ticks() -> Iterator[bytes]:
    yield b"data: one\n\n"
    _gate.wait(5)
    yield b"data: two\n\n"
    yield b"data: three\n\n"
