"""The shape of the table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.verdicts import LET_IN, ServerRefuses, Verdict
from conformance.world import Setting, World

Build = Callable[[World], bytes]
PLAIN = Setting()
COLD = Setting(fresh=True)

IN_PROCESS = ("guard", "guard_async")
ASGI = ("uvicorn_h11", "uvicorn_httptools")
WSGI = ("gunicorn", "waitress")
WIRE = (*ASGI, *WSGI)
EVERYWHERE = (*IN_PROCESS, *WIRE)
_PAIRS = tuple((asgi, wsgi) for asgi in ASGI for wsgi in WSGI)


@dataclass(frozen=True)
class Step:
    """One request and its verdict."""

    request: Build
    verdict: Verdict | ServerRefuses
    before: Callable[[World], object] | None = None
    at_most: int | None = None
    """Upstream calls during this step."""
    after: Callable[[World], object] | None = None
    """May assert what the authorization server saw."""


@dataclass(frozen=True)
class Row:
    """One sentence of the conformance run."""

    sentence: str
    steps: tuple[Step, ...]
    setting: Setting = PLAIN
    where: tuple[str, ...] = EVERYWHERE
    slow: bool = False
    """Waits for something: run beside the other slow ones."""
    within: float = 5.0
    theme: str = field(default="", compare=False)


def request(
    method: str = "GET",
    target: str = "/orders",
    *headers: tuple[str, str | bytes],
    body: bytes = b"",
    version: str = "HTTP/1.1",
) -> bytes:
    """An HTTP/1.1 request in raw octets."""
    lines = [f"{method} {target} {version}".encode("latin-1"), b"Host: api.example.com"]
    for name, value in headers:
        octets = value if isinstance(value, bytes) else value.encode("latin-1")
        lines.append(name.encode("latin-1") + b": " + octets)
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + body


def bearer(token: str | bytes, *, method: str = "GET", target: str = "/orders") -> bytes:
    octets = token if isinstance(token, bytes) else token.encode("latin-1")
    return request(method, target, ("Authorization", b"Bearer " + octets))


def one(
    sentence: str,
    build: Build,
    verdict: Verdict | ServerRefuses,
    *,
    at_most: int | None = None,
    before: Callable[[World], object] | None = None,
    after: Callable[[World], object] | None = None,
    **options: Any,
) -> Row:
    """A row of one step."""
    return Row(sentence, (Step(build, verdict, before, at_most, after),), **options)


def token_row(
    sentence: str,
    verdict: Verdict,
    claims: Mapping[str, Any] | bytes | Callable[[World], Any] | None = None,
    header: Mapping[str, Any] | bytes | Callable[[World], Any] | None = None,
    *,
    at_most: int | None = None,
    how: Mapping[str, Any] | None = None,
    mangle: Callable[[str], str] | None = None,
    **options: Any,
) -> Row:
    """A row in which only the token is odd: signed as ``how`` says, then ``mangle``d."""

    def build(world: World) -> bytes:
        said, head = (part(world) if callable(part) else part for part in (claims, header))
        token = world.jwt(said, head, **(how or {}))
        return bearer(mangle(token) if mangle else token)

    if at_most is None and options.get("setting", PLAIN) is PLAIN and verdict is not LET_IN:
        at_most = 0 if verdict.because != "key_unknown" else None
    return one(sentence, build, verdict, at_most=at_most, **options)


def rows(theme: str, *groups: Row | list[Row], everywhere: bool = False) -> list[Row]:
    """A file's rows, each marked with its theme.

    Where the servers make no difference, each row goes by the guard (sync and async) and by one
    ASGI and one WSGI server, by turns; ``BEARER_GUARD_CONFORMANCE=full`` sends all by all.
    """
    found = [row for group in groups for row in (group if isinstance(group, list) else [group])]
    full = everywhere or os.environ.get("BEARER_GUARD_CONFORMANCE") == "full"
    return [
        replace(
            row,
            theme=theme,
            where=row.where
            if full or row.where != EVERYWHERE
            else (*IN_PROCESS, *_PAIRS[number % 4]),
        )
        for number, row in enumerate(found)
    ]
