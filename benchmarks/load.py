"""The load generator: a few keep-alive connections, raw sockets, prepared requests.

It runs in a process of its own and does so little for each request that the server is what is
measured, not the client. Connections are in two groups: while the answers of one are read, the
requests of the other wait at the server, which so is never idle. Targets take turns in short
slices, for the reasons of ``measuring.py``. Every answer must be a 200 of the expected length.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import TypedDict

from benchmarks import apart

HOST = "127.0.0.1"
_CONNECTIONS = 16
_TIMEOUT = 10


class Target(TypedDict):
    """A server and what to send it: a request for each token, over and over."""

    port: int
    tokens: list[str]
    keep_alive: bool
    pid: int
    """Of the process that answers, whose processor time is taken."""


class Outcome(TypedDict):
    """For each round."""

    seconds: list[float]
    """For one request."""
    processor: list[float]
    """Seconds of the server's processor time for one request."""


def in_turn(targets: Mapping[str, Target], rounds: int, seconds: float) -> dict[str, Outcome]:
    """Load each target ``rounds`` times for about ``seconds``."""
    apart.keep_to(0)
    with ExitStack() as stack:
        clients = {
            name: stack.enter_context(_CLIENTS[target["keep_alive"]](target))
            for name, target in targets.items()
        }
        counts = {name: _requests_in(seconds, client) for name, client in clients.items()}
        outcomes: dict[str, Outcome] = {name: {"seconds": [], "processor": []} for name in targets}
        order = list(targets)
        shuffle = random.Random(0).shuffle
        for _ in range(rounds):
            shuffle(order)
            for name in order:
                count, pid = counts[name], targets[name]["pid"]
                before, used = perf_counter(), processor_time(pid)
                clients[name].requests(count)
                outcomes[name]["seconds"].append((perf_counter() - before) / count)
                outcomes[name]["processor"].append((processor_time(pid) - used) / count)
        return outcomes


def processor_time(pid: int) -> float:
    """Seconds that all threads of a process have run; 0 where the system does not tell."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def _requests_in(seconds: float, client: _Client) -> int:
    """Also the warm-up: keys are fetched, code is loaded, the interpreter has specialised."""
    client.requests(40 * _CONNECTIONS)
    before = perf_counter()
    client.requests(20 * _CONNECTIONS)
    each = (perf_counter() - before) / (20 * _CONNECTIONS)
    return max(1, round(seconds / each / _CONNECTIONS)) * _CONNECTIONS


class _Client:
    """Connections to one target."""

    def __init__(self, target: Target) -> None:
        self._address = (HOST, target["port"])
        connection = "keep-alive" if target["keep_alive"] else "close"
        self._next: Iterator[bytes] = cycle(
            [_request(each, connection) for each in target["tokens"]]
        )
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_exception: object) -> None:
        for each in self._sockets:
            each.close()

    def requests(self, count: int) -> None:
        """Send so many (a multiple of the number of connections) and read the answers."""
        raise NotImplementedError

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, _TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


class _KeepAlive(_Client):
    def __enter__(self) -> _Client:
        # One by one: a thread of gunicorn's waits for the first request of a connection, and is
        # there for nobody else meanwhile.
        for _ in range(_CONNECTIONS):
            self._sockets.append(self._connect())
            self._sockets[-1].sendall(next(self._next))
            self._length = len(_first_answer(self._sockets[-1]))
        return self

    def requests(self, count: int) -> None:
        half = _CONNECTIONS // 2
        groups = self._sockets[:half], self._sockets[half:]
        self._send(groups[0])
        for number in range(1, 2 * count // _CONNECTIONS):
            self._send(groups[number % 2])
            self._read(groups[1 - number % 2])
        self._read(groups[1])

    def _send(self, group: Sequence[socket.socket]) -> None:
        for each in group:
            each.sendall(next(self._next))

    def _read(self, group: Sequence[socket.socket]) -> None:
        for each in group:
            answer = each.recv(65_536)
            while 0 < len(answer) < self._length:
                answer += each.recv(65_536)
            if len(answer) != self._length or not answer.startswith(b"HTTP/1.1 200 "):
                raise ConnectionError(f"not the expected answer: {answer[:60]!r}")


class _Closing(_Client):
    """A connection for each request, for a server that keeps none open."""

    def requests(self, count: int) -> None:
        waiting: list[socket.socket] = []
        for _ in range(count):
            connection = self._connect()
            connection.sendall(next(self._next))
            waiting.append(connection)
            if len(waiting) == _CONNECTIONS:
                self._read(waiting.pop(0))
        for connection in waiting:
            self._read(connection)

    @staticmethod
    def _read(connection: socket.socket) -> None:
        with connection:
            answer = b""
            while chunk := connection.recv(65_536):
                answer += chunk
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(f"not the expected answer: {answer[:60]!r}")


_CLIENTS = {True: _KeepAlive, False: _Closing}


def _request(token: str, connection: str) -> bytes:
    return (
        "GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark/1\r\nAccept: */*\r\n"
        f"Authorization: Bearer {token}\r\nConnection: {connection}\r\n\r\n"
    ).encode("ascii")


def _first_answer(connection: socket.socket) -> bytes:
    """Read by its Content-Length; all that follow are as long."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields[b"content-length"])
    while len(body) < length:
        chunk = _more(connection)
        answer, body = answer + chunk, body + chunk
    return answer


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(65_536)
    if not chunk:
        raise ConnectionError("the server closed the connection")
    return chunk
