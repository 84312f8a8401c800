"""Reading a WSGI request's body ahead of the application, which reads it again."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def read_ahead(environ: WSGIEnvironment, limit: int) -> bytes:
    """The body; ``environ["wsgi.input"]`` tells it all again.

    Empty when it is longer than ``limit``, which is then left to be read on.
    """
    stream = get_input_stream(environ)
    body = _read(stream, limit + 1)
    if len(body) > limit:
        environ["wsgi.input"] = _Rejoined(body, stream)
        return b""
    environ["wsgi.input"] = BytesIO(body)
    return body


def _read(stream: Any, size: int) -> bytes:
    """``size`` octets, or all there are: a stream may give less than it is asked for."""
    found = bytearray()
    try:
        while len(found) < size and (chunk := stream.read(size - len(found))):
            found += chunk
    except ClientDisconnected:
        # Less than was announced: no whole form, and nobody who would hear of it.
        return b""
    return bytes(found)


class _Rejoined:
    """A body of which the beginning was read already."""

    def __init__(self, beginning: bytes, rest: Any) -> None:
        self._beginning = BytesIO(beginning)
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        beginning = self._beginning.read(size)
        if 0 <= size <= len(beginning):
            return beginning
        rest: bytes = self._rest.read(size if size < 0 else size - len(beginning))
        return beginning + rest

    def readline(self, size: int = -1) -> bytes:
        line = self._beginning.readline(size)
        if line.endswith(b"\n") or 0 <= size <= len(line):
            return line
        rest: bytes = self._rest.readline(size if size < 0 else size - len(line))
        return line + rest

    def readlines(self, _hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")
