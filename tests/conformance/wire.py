"""A client that sends octets and reads one answer, however odd."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What became of one request."""

    status: int = 0
    """0 when the server hung up without an answer."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    reached: int = 0
    seconds: float = 0
    calls: int = 0
    reason: str | None = None
    head: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str:
        return ", ".join(self.all(name))


def exchange(port: int, octets: bytes, timeout: float = 8.0) -> Outcome:
    """Send, and read the first final answer."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        outcome = send_on(connection, octets)
    outcome.seconds = time.monotonic() - began
    return outcome


def send_on(connection: socket.socket, octets: bytes) -> Outcome:
    with suppress(BrokenPipeError, ConnectionResetError):
        # The server may have answered before it read everything.
        connection.sendall(octets)
    reader = connection.makefile("rb")
    try:
        return _read(reader, octets.startswith(b"HEAD "))
    except ConnectionResetError:
        return Outcome()
    finally:
        reader.close()


def _read(reader: socket.SocketIO, is_head: bool) -> Outcome:
    while True:
        outcome = _head(reader)
        if not 100 <= outcome.status < 200 or outcome.status == 101:
            break
    if not outcome.status or outcome.status == 101 or is_head:
        return outcome
    length = outcome.one("content-length")
    if outcome.one("transfer-encoding").lower() == "chunked":
        while size := int(reader.readline().split(b";")[0] or b"0", 16):
            outcome.body += reader.read(size)
            reader.readline()
        reader.readline()
    elif length:
        outcome.body = reader.read(int(length))
    else:
        outcome.body = reader.read()
    return outcome


def _head(reader: socket.SocketIO) -> Outcome:
    first = reader.readline()
    if not first:
        return Outcome()
    outcome = Outcome(int(first.split(b" ")[1]), head=first)
    while (line := reader.readline()) not in (b"\r\n", b"\n", b""):
        outcome.head += line
        name, _, value = line.decode("latin-1").partition(":")
        outcome.headers.append((name.strip().lower(), value.strip()))
    return outcome
