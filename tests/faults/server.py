"""The one fault server of the tests: any number of issuers on one port, any misbehaviour.

Raw sockets on an event loop in a thread: what goes out is exactly what a test says, framing
included. It counts who came.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from faults.answers import Answer, Place, Reaction, Seen

HOST = "127.0.0.1"


class FaultServer:
    """Listens on loopback from the moment it is made."""

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        self._places: dict[str, Place] = {}
        self.connections = 0
        self.stray: list[Seen] = []
        self.asked = threading.Condition()
        """Notified of each request."""
        self._ssl = ssl_context
        self._listening: dict[int, asyncio.Server] = {}
        self._refusing: dict[int, socket.socket] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="fault-server")
        self._thread.start()
        self.port = self.open_port()

    def place(self, seen: list[Seen], path: str, *answers: Reaction) -> None:
        """From now on ``path`` gives these answers, and ``seen`` lists who asks."""
        self._places[path] = Place(list(answers), seen)

    def remove(self, seen: list[Seen]) -> None:
        for path in [path for path, place in self._places.items() if place.seen is seen]:
            del self._places[path]

    def open_port(self) -> int:
        """One more port, with the same paths, that may go and come back."""
        return self._on_the_loop(self._listen(0))

    def refuse(self, port: int) -> None:
        """Refuse connections there, and drop the open ones. Nobody else gets the port."""
        self._on_the_loop(self._refuse(port))

    def accept(self, port: int) -> None:
        """Listen there again."""
        self._refusing.pop(port).close()
        self._on_the_loop(self._listen(port))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for reserved in self._refusing.values():
            reserved.close()

    def _on_the_loop(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        for server in self._listening.values():
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        talking = asyncio.all_tasks() - {asyncio.current_task()}
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await asyncio.sleep(0.01)  # what was aborted is closed in the loop's next rounds

    async def _listen(self, port: int) -> int:
        server = await asyncio.start_server(
            self._serve, HOST, port, limit=2**20, ssl=self._ssl, backlog=1024
        )
        port = server.sockets[0].getsockname()[1]
        self._listening[port] = server
        return port

    async def _refuse(self, port: int) -> None:
        self._listening.pop(port).close()
        # Bound, and not listening: the system refuses whoever connects.
        reserved = self._refusing[port] = socket.socket()
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((HOST, port))
        for writer in list(self._writers):
            if writer.get_extra_info("sockname")[1] == port:
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        except asyncio.CancelledError:
            pass  # the server is closed, and there is nobody to be told
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (seen := await _request(reader)) is not None:
            answer = self._answer(seen)
            if answer.delay:
                await asyncio.sleep(answer.delay)
            if answer.fault is not None:
                await answer.fault(reader, writer)
                return
            writer.write(answer.octets())
            await writer.drain()
            if answer.raw is not None:
                return

    def _answer(self, seen: Seen) -> Answer:
        place = self._places.get(seen.path.partition("?")[0])
        if place is None:
            self.stray.append(seen)
            return Answer(404, b"{}")
        with self.asked:
            place.seen.append(seen)
            self.asked.notify_all()
        return place.next(seen)


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


@dataclass(frozen=True)
class Served:
    """One path on a fault server of its own."""

    server: FaultServer
    url: str
    seen: list[Seen]

    @property
    def connections(self) -> int:
        return self.server.connections


_numbers = itertools.count(1)


@contextmanager
def serving(*answers: Reaction, tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """A server with one path, which gives these answers."""
    server = FaultServer(tls)
    seen: list[Seen] = []
    path = f"/keys-{next(_numbers)}"
    server.place(seen, path, *answers)
    origin = f"https://localhost:{server.port}" if tls else f"http://{HOST}:{server.port}"
    try:
        yield Served(server, origin + path, seen)
    finally:
        server.close()
