"""Telling the server what to do wrong, and seeing what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from bearer_guard.testing.conduct import Body, Override
from bearer_guard.testing.record import Record, SeenRequest
from bearer_guard.testing.state import State


class Misconduct:
    """Odd, slow, late or no answers.

    A *path* is an endpoint's name (``/jwks``, ``/introspect``, ``/revoke``, ``/token``,
    ``/.well-known/oauth-authorization-server``, ``/.well-known/openid-configuration``), wherever
    the issuer has that endpoint, or a whole path.
    """

    _state: State

    @property
    def requests(self) -> Record:
        """The record of what was asked; safe to use from any thread."""
        return self._state.record

    @property
    def seen(self) -> list[SeenRequest]:
        """The requests so far, oldest first."""
        return self._state.record.seen

    def count(self, path: str) -> int:
        """Return how often *path* was asked for."""
        return self._state.record.count(path)

    def reset_counts(self) -> None:
        """Forget the requests so far."""
        self._state.record.reset()

    def wait_until_asked(self, path: str, *, times: int = 1, timeout: float = 5.0) -> None:
        """Return once *path* was asked *times* times; ``TimeoutError`` after *timeout* seconds."""
        self._state.record.wait(path, times=times, timeout=timeout)

    def override(
        self,
        path: str,
        *,
        status: int | None = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        times: int | None = None,
    ) -> None:
        """Answer *path* otherwise: its next *times* requests, or (``None``) all from now on.

        Without *status* and *body* the true answer goes out, with *headers* over its own. A *body*
        is bytes, text, or a value for JSON. The answer comes *delay* seconds late. Overrides with
        *times* are used up first, oldest first; without, a new one replaces the last.
        """
        self._state.conduct.override(Override(path, status, body, headers or {}, delay), times)

    def clear_overrides(self) -> None:
        """Answer every path truly again."""
        self._state.conduct.clear_overrides()

    def held(self, path: str) -> AbstractContextManager[None]:
        """Keep the requests for *path* waiting inside a ``with`` block, for tests of races."""
        return self._state.conduct.held(path)

    def answer_slowly(self, seconds: float) -> None:
        """Let every answer come *seconds* late from now on; 0 ends that."""
        self._state.conduct.answer_slowly(seconds)

    def unavailable(self, status: int = 503) -> None:
        """Answer everything with *status* and no body, until ``come_back()``."""
        self._state.conduct.unavailable(status)
