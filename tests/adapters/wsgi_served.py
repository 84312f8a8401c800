"""A guarded WSGI API for gunicorn, its guard from the environment."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from bearer_guard import Guard
from bearer_guard.wsgi import KEY, BearerMiddleware, access_token

PLAIN = [("Content-Type", "text/plain")]
FILE = bytes(range(256)) * 1000
_closed: list[str] = []
_gate = threading.Event()


class Body:
    """A body that writes down that it was closed."""

    def __init__(self, name: str, chunks: Iterable[bytes]) -> None:
        self.name = name
        self.chunks = iter(chunks)

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def close(self) -> None:
        _closed.append(self.name)


def api(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    name = environ["PATH_INFO"].strip("/")
    if name == "lazy":
        return _lazy(environ, start_response)
    start_response("200 OK", PLAIN)
    if name == "late":
        return Body(name, _late(environ))
    if name == "stream":
        return Body(name, _stream())
    if name == "file":
        return environ["wsgi.file_wrapper"](BytesIO(FILE))  # type: ignore[no-any-return]
    if name == "open":
        _gate.set()
    if name == "closed":
        return [",".join(_closed).encode()]
    return [environ[KEY].subject.encode()]


def _lazy(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    try:
        access_token(environ).require_scopes("admin")
        start_response("200 OK", PLAIN)
        yield b"secret"
    finally:
        _closed.append("lazy")


def _late(environ: dict[str, Any]) -> Iterator[bytes]:
    yield b"half"
    access_token(environ).require_scopes("admin")


def _stream() -> Iterator[bytes]:
    yield b"first;"
    _gate.wait(5)
    yield b"second;"


def app() -> Any:
    return BearerMiddleware(api, Guard.from_environment())
