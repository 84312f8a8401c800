"""The authorization server of the run: any number of issuers on one port, any misbehaviour.

Raw sockets on an event loop in a thread: what goes out is exactly what a row says, framing
included.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
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
    """What a path answers: a whole HTTP answer, or octets of any kind, or a fault."""

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


def document(value: Any, *, status: int = 200, **headers: str) -> Answer:
    """JSON, or octets as they are. ``cache_control="no-store"`` is a header."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    named = {"content_type": "application/json", **headers}
    pairs = tuple((name.replace("_", "-").title(), text) for name, text in named.items() if text)
    return Answer(status, body, pairs)


@dataclass
class Place:
    """What one path does: its answers one after the other, the last one for ever."""

    answers: list[Answer | Callable[[Seen], Answer]]
    seen: list[Seen] = field(default_factory=list)


class Stage:
    """Listens on loopback from the moment it is made."""

    def __init__(self, ssl_context: Any = None) -> None:
        self._places: dict[str, Place] = {}
        self._worlds: dict[str, list[Seen]] = {}
        self.connections = 0
        self.stray: list[Seen] = []
        self._loop = asyncio.new_event_loop()
        self._ssl = ssl_context
        self.asked = threading.Condition()
        """Notified of each request."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True, name="stage")
        self._thread.start()
        ready.wait()

    def place(
        self, world: list[Seen], path: str, *answers: Answer | Callable[[Seen], Answer]
    ) -> None:
        """From now on ``path`` gives these answers, and ``world`` lists who asks."""
        self._places[path] = Place(list(answers), world)

    def remove(self, world: list[Seen]) -> None:
        for path in [path for path, place in self._places.items() if place.seen is world]:
            del self._places[path]

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(
                self._serve, "127.0.0.1", 0, limit=2**20, ssl=self._ssl, backlog=1024
            )
        )
        self.port: int = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (seen := await _request(reader)) is not None:
                place = self._places.get(seen.path.partition("?")[0])
                if place is None:
                    self.stray.append(seen)
                    answer = Answer(404, b"{}")
                else:
                    with self.asked:
                        place.seen.append(seen)
                        self.asked.notify_all()
                    answer = _next(place, seen)
                if answer.delay:
                    await asyncio.sleep(answer.delay)
                if answer.fault is not None:
                    await answer.fault(reader, writer)
                    return
                writer.write(answer.octets())
                await writer.drain()
                if answer.raw is not None:
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            writer.close()


def _next(place: Place, seen: Seen) -> Answer:
    answer = place.answers.pop(0) if len(place.answers) > 1 else place.answers[0]
    return answer if isinstance(answer, Answer) else answer(seen)


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length") or 0))
    return Seen(method, path, headers, body)


class Tripwire:
    """Listens, and counts whoever comes: nobody must."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self.port: int = self._listener.getsockname()[1]
        self.touched = 0
        self._open = True
        self._thread = threading.Thread(target=self._run, daemon=True, name="tripwire")
        self._thread.start()

    def _run(self) -> None:
        while self._open:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.touched += 1
            connection.close()

    def close(self) -> None:
        self._open = False
        self._thread.join()
        self._listener.close()
