"""What a path of the fault server answers, and what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Fault = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer, or octets of any kind, or a fault. After the last two the connection
    is closed."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    raw: bytes | None = None
    fault: Fault | None = None
    delay: float = 0

    def octets(self) -> bytes:
        if self.raw is not None:
            return self.raw
        names = {name.lower() for name, _ in self.headers}
        lines = [f"HTTP/1.1 {self.status} Whatever"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if (
            "content-length" not in names
            and "transfer-encoding" not in names
            and self.status != 304
        ):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


Reaction = Answer | Callable[[Seen], Answer]


def document(value: Any, *, status: int = 200, **headers: str) -> Answer:
    """JSON, or octets as they are. ``cache_control="no-store"`` is a header."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    named = {"content_type": "application/json", **headers}
    pairs = tuple((name.replace("_", "-").title(), text) for name, text in named.items() if text)
    return Answer(status, body, pairs)


@dataclass
class Place:
    """What one path does: its answers one after the other, the last one for ever."""

    answers: list[Reaction]
    seen: list[Seen] = field(default_factory=list)

    def next(self, seen: Seen) -> Answer:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, Answer) else answer(seen)


def ok(body: bytes = b"{}", *headers: tuple[str, str]) -> Answer:
    """200 with just these header fields, and the length."""
    return Answer(200, body, headers)
