"""A WSGI response that is still streaming when its token expires, and how it is ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bearer_guard._core.body_length import promised_octets
from bearer_guard._expiry import ENDED

Write = Callable[[bytes], object]


class Stream:
    """A body that ends when its token does.

    The time is looked at between chunks: nobody can interrupt an iterator that waits.
    """

    def __init__(self, method: str, is_expired: Callable[[], bool]) -> None:
        self._method = method
        self._is_expired = is_expired
        self._missing: int | None = None
        """Octets that a Content-Length promises and that were not sent."""
        self._begun = False
        self._body: Iterable[bytes] = ()
        self._chunks: Iterator[bytes] | None = None

    def started(self, status: str, headers: list[tuple[str, str]], write: Write) -> Write:
        """The application has started its response; ``write`` as it may use it (PEP 3333)."""
        lengths = [value.encode() for name, value in headers if name.lower() == "content-length"]
        self._missing = promised_octets(self._method, int(status[:3]), lengths)

        def write_in_time(chunk: bytes) -> object:
            if self._is_over():
                raise OSError(ENDED)
            self._count(chunk)
            return write(chunk)

        return write_in_time

    def of(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """``body``, which ends in time. A list is there as a whole, and passes as it is."""
        if isinstance(body, (list, tuple)):
            return body
        self._body = body
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._chunks is None:
            self._chunks = iter(self._body)
        if self._is_over():
            if self._missing:
                # To end it properly would say that half of it is all of it.
                raise OSError(ENDED)
            raise StopIteration
        chunk = next(self._chunks)
        self._count(chunk)
        return chunk

    def _is_over(self) -> bool:
        """Not before the first chunk: what is answered in one piece does not stream."""
        return self._begun and self._is_expired()

    def _count(self, chunk: bytes) -> None:
        self._begun = True
        if self._missing:
            self._missing -= len(chunk)

    def close(self) -> None:
        """PEP 3333: the server calls it however the body ended."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
