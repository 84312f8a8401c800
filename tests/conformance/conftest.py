"""What the run shares: stage, tripwire, servers, and the log."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Iterator

import httpx
import pytest

from conformance.rows import Row
from conformance.run import Run
from conformance.targets import Targets
from conformance.tripwire import Tripwire
from faults.server import FaultServer


class Logbook(logging.Handler):
    """Every record of the process, in the words that an operator would read."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._mutex = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        details = getattr(record, "details", None)
        with self._mutex:
            self.lines.append(f"{record.name} {line} {details or ''}")


@pytest.fixture(scope="package")
def run() -> Iterator[Run]:
    """The whole run; nothing of it outlasts this folder. TLS roots are read once, not once for each of a thousand guards."""
    patch = pytest.MonkeyPatch()
    patch.setattr(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context))
    logbook, root = Logbook(), logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(logbook)
    # What servers log of whole requests is their own doing; their errors are heard.
    for noisy in (
        "asyncio",
        "httpcore",
        "uvicorn.access",
        "uvicorn.error",
        "gunicorn.error",
        "websockets",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    stage, tripwire, targets = FaultServer(), Tripwire(), Targets()
    found = Run(stage, tripwire, targets, logbook.lines)
    yield found
    found.close()
    targets.close()
    stage.close()
    tripwire.close()
    root.removeHandler(logbook)
    root.setLevel(level)
    patch.undo()


@pytest.fixture(scope="package")
def selected(request: pytest.FixtureRequest) -> list[Row]:
    """The rows that are to be run: the slow ones among them go side by side."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    rows = [spec.params.get("row") for spec in specs if spec is not None]
    # Other tables have rows too.
    return [row for row in rows if isinstance(row, Row)]
