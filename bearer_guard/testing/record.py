"""What the server was asked, for a test to count and look at."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request that reached the server."""

    method: str
    """The HTTP method."""
    path: str
    """The path as it was asked for, decoded, without the query."""
    query: str
    """The query string, without the question mark."""
    headers: Mapping[str, str]
    """The header fields, their names in lower case."""
    form: Mapping[str, str]
    """The form's parameters; of one that came twice, the first."""
    endpoint: str | None
    """The endpoint's name, for example ``/jwks``; ``None`` for a path that is no endpoint."""


class Record:
    """The requests that reached the server, in order; safe to use from any thread."""

    def __init__(self, condition: threading.Condition) -> None:
        """Begin with nothing seen; *condition* is notified of each request."""
        self._condition = condition
        self._seen: list[SeenRequest] = []

    @property
    def seen(self) -> list[SeenRequest]:
        """The requests so far, oldest first."""
        with self._condition:
            return list(self._seen)

    def add(self, request: SeenRequest) -> None:
        """Write *request* down and wake whoever waits for it."""
        with self._condition:
            self._seen.append(request)
            self._condition.notify_all()

    def count(self, path: str) -> int:
        """Return how often *path*, an endpoint's name or a whole path, was asked for."""
        with self._condition:
            return sum(path in (request.endpoint, request.path) for request in self._seen)

    def reset(self) -> None:
        """Forget everything seen."""
        with self._condition:
            self._seen.clear()

    def wait(self, path: str, *, times: int, timeout: float) -> None:
        """Return once *path* was asked *times* times; ``TimeoutError`` after *timeout* seconds."""
        with self._condition:
            if not self._condition.wait_for(lambda: self.count(path) >= times, timeout):
                raise TimeoutError(f"{path} was asked {self.count(path)} times, not {times}")
