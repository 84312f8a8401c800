"""How the server behaves instead of well: odd answers, slowness, unavailability."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from werkzeug.wrappers import Response

from bearer_guard.testing.record import SeenRequest

Body: TypeAlias = bytes | str | Mapping[str, Any] | Sequence[Any]
"""A body: as it is, in UTF-8, or as JSON."""


@dataclass(frozen=True, slots=True)
class Override:
    """An answer in place of the true one, or the true one with other headers or later."""

    path: str
    status: int | None = None
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0.0

    def matches(self, request: SeenRequest) -> bool:
        """Say whether *request* is for this override's endpoint or path."""
        return self.path in (request.endpoint, request.path)

    def answer(self, true_answer: Callable[[], Response]) -> Response:
        """Return this answer; the true one is asked for only where it is wanted."""
        if self.status is None and self.body is None:
            response = true_answer()
        else:
            response = _response(b"" if self.body is None else self.body, self.status or 200)
        for name, value in self.headers.items():
            response.headers[name] = value
        return response


class Conduct:
    """What the server was told to do wrong. All waiting ends when the server goes down."""

    def __init__(self, condition: threading.Condition) -> None:
        """Behave well; *condition* guards the state and wakes those who wait."""
        self._condition = condition
        self._next: list[Override] = []
        self._lasting: dict[str, Override] = {}
        self._held: list[str] = []
        self._unavailable: Override | None = None
        self._delay = 0.0
        self._down = False
        self._outages = 0

    @property
    def down(self) -> bool:
        """Whether the server is down."""
        with self._condition:
            return self._down

    def override(self, override: Override, times: int | None) -> None:
        """Use *override* for its path's next *times* requests, or (``None``) for all."""
        with self._condition:
            if times is None:
                self._lasting[override.path] = override
            else:
                self._next += [override] * times

    def clear_overrides(self) -> None:
        """Drop every override."""
        with self._condition:
            self._next.clear()
            self._lasting.clear()

    def answer_slowly(self, seconds: float) -> None:
        """Let every answer come *seconds* later; 0 is as fast as it can."""
        with self._condition:
            self._delay = seconds

    def unavailable(self, status: int | None) -> None:
        """Answer everything with *status*; ``None`` is available again."""
        with self._condition:
            self._unavailable = None if status is None else Override("", status=status)

    @contextmanager
    def held(self, path: str) -> Generator[None]:
        """Keep the requests for *path* waiting until the block is left."""
        with self._condition:
            self._held.append(path)
        try:
            yield
        finally:
            with self._condition:
                self._held.remove(path)
                self._condition.notify_all()

    def go_down(self) -> None:
        """End all waiting now, and let nobody wait until ``come_up()``."""
        with self._condition:
            self._down = True
            self._outages += 1
            self._condition.notify_all()

    def come_up(self) -> None:
        """Let requests wait again."""
        with self._condition:
            self._down = False

    def encounter(self, request: SeenRequest) -> Override:
        """Wait as long as *request* has to, and return how to answer it."""
        with self._condition:
            override = self._choose(request)
            before = self._outages

            def interrupted() -> bool:
                return self._down or self._outages != before

            self._condition.wait_for(lambda: interrupted() or not self._holds(request))
            self._condition.wait_for(interrupted, self._delay + override.delay)
            return override

    def _holds(self, request: SeenRequest) -> bool:
        return request.endpoint in self._held or request.path in self._held

    def _choose(self, request: SeenRequest) -> Override:
        if self._unavailable is not None:
            return self._unavailable
        for index, override in enumerate(self._next):
            if override.matches(request):
                return self._next.pop(index)
        lasting = (each for each in self._lasting.values() if each.matches(request))
        return next(lasting, Override(request.path))


def _response(body: Body, status: int) -> Response:
    """Return *body* as an answer that calls itself JSON."""
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return Response(data, status=status, content_type="application/json")
