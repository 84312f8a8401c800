"""What is used of an HTTP client: of httpx, of httpx2, or of one of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol


class HttpResponse(Protocol):
    """What is used of a response of httpx or httpx2."""

    status_code: int
    content: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """Field names without regard to case."""
        ...

    def iter_raw(self) -> Iterator[bytes]:
        """The body as it was sent, not decompressed."""
        ...


class HttpClient(Protocol):
    """What is used of ``httpx.Client``; a client of httpx2, its successor, has it too."""

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes,
        timeout: Any,
        follow_redirects: bool,
    ) -> AbstractContextManager[Any]:
        """Send a request; the answer's body is read inside the context."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


MakesClient = Callable[[], HttpClient]
"""A function that makes a new client each time."""

GivenClient = HttpClient | MakesClient
"""What a user may give."""
