"""Processes that the soak starts, and their end: by id, nobody else's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class Process:
    """One process, and its children, in a session of their own."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], output: Path) -> None:
        with output.open("ab") as written:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the soak alone, which then ends all in order.
                start_new_session=True,
            )
        self._output = output

    @property
    def pid(self) -> int:
        """Of the process itself; also of its session."""
        return self._process.pid

    def wait_for_port(self, port: int) -> None:
        """Return once it listens."""
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), socket.create_connection((HOST, port), 1):
                return
            time.sleep(0.02)
        said = self._output.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"a server did not start: {self._process.args!r}\n{said}")

    def kill(self) -> None:
        """End it at once, as an operating system out of memory would."""
        self._process.kill()
        self._process.wait()

    def kill_session(self) -> None:
        """The same, with all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and see to it that all of its session has ended."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        # The session is its own: it and its workers, nobody else.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def workers(pid: int) -> list[int]:
    """The children that serve. uvicorn has a tracker of resources beside them."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed if "resource_tracker" not in _command(int(child))]


def resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 when it has just ended."""
    with suppress(OSError):
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def reserved_port() -> socket.socket:
    """A port that nobody else gets, while its server is away: bound, and not listening. Whoever
    connects is refused; a server may bind it as well, since both say SO_REUSEADDR."""
    reserve = socket.socket()
    reserve.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserve.bind((HOST, 0))
    return reserve
