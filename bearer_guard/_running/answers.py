"""What was heard of tokens, and where it is kept.

The store is behind a small interface, so that another one can stand in its place. The key is a
keyed digest of the token; the token itself is kept nowhere (RFC 9700 section 4.9.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from bearer_guard.access_token import AccessToken


class Refused(NamedTuple):
    """What an ``InvalidToken`` said, to be said again by a new one."""

    reason: str
    details: Mapping[str, object]


Outcome = AccessToken | Refused


class Kept(NamedTuple):
    """What was heard of a token, and when its server was asked for it (monotonic seconds)."""

    outcome: Outcome
    asked_at: float


class AnswerStore(Protocol):
    """Keeps answers for a bounded time, and no more of them than it has room for.

    Called on the path of each request, by threads and event loops: it never waits for anybody.
    """

    def get(self, key: bytes) -> Kept | None:
        """What is kept, while its time lasts."""
        ...

    def put(self, key: bytes, value: Kept, seconds: float) -> None:
        """Keep it for ``seconds``, in place of what was kept before."""
        ...

    def discard(self, key: bytes) -> None:
        """Keep it no longer; what is not there is no error."""
        ...

    def discard_where(self, unwanted: Callable[[Kept], bool]) -> None:
        """Keep none of those any longer of which ``unwanted`` says so. Looks at each."""
        ...
