"""Starts applications as processes on loopback, and stops them."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from integrations.authorization_servers.protocol import polls
from integrations.ports import free_ports

from .applications import APPLICATIONS

START_SECONDS = 30.0
STOP_SECONDS = 10.0
_ROOT = Path(__file__).resolve().parents[2]
_LOG_TAIL = 3000
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # saves the reading of all roots each time


class GuardedAppError(RuntimeError):
    """The application's process ended, or did not answer in time."""


class Way(NamedTuple):
    """An application, and how it is served: ``Way("flask", "waitress")``."""

    application: str
    server: str | None = None
    """``None`` for its usual one."""
    root_path: str = ""
    mount: str = ""
    twice: bool = False

    def __str__(self) -> str:
        """``flask on waitress, twice``: for the names of tests."""
        server = self.server or APPLICATIONS[self.application].servers[0]
        facts = [f"{self.application} on {server}"]
        facts += [f"behind {self.root_path}"] if self.root_path else []
        facts += [f"mounted at {self.mount}"] if self.mount else []
        return ", ".join([*facts, "twice"] if self.twice else facts)


@contextmanager
def launch(
    *ways: Way | str, settings: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[GuardedApp, ...]]:
    """Running applications, ``with launch("asgi", "wsgi", settings=file) as (asgi, wsgi):``.

    They start side by side, each on a free loopback port, and are stopped at the end.
    ``environment`` is added to this process's own.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guarded-app-")))
        apps = tuple(
            GuardedApp(Way(way) if isinstance(way, str) else way, port, folder / f"{port}.log")
            for way, port in zip(ways, free_ports(len(ways)), strict=True)
        )
        for app in apps:
            stack.callback(app.stop)
            app.start(settings, environment or {})
        for app in apps:
            app.wait_until_ready()
        yield apps
        # They end side by side too; the callbacks then only wait.
        for app in apps:
            app.ask_to_stop()


class GuardedApp:
    """One guarded application in a process of its own."""

    def __init__(self, way: Way, port: int, log: Path) -> None:
        self.way = way
        self.address = f"127.0.0.1:{port}"
        self.base_url = f"http://{self.address}"
        self._port = port
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The process, which leads a group of its own; ``None`` when it was stopped."""
        return self._process

    def log(self) -> str:
        """All that the process has written so far."""
        return self._log.read_text("utf-8", "replace")

    def start(self, settings: Path | None, environment: Mapping[str, str]) -> None:
        """Start the process, by the command that a person would type."""
        way = self.way
        command = [sys.executable, "-m", "integrations.serving", way.application]
        command += ["--port", str(self._port), "--exit-with-stdin"]
        command += ["--root-path", way.root_path, "--mount", way.mount]
        command += ["--twice"] if way.twice else []
        if way.server is not None:
            command += ["--server", way.server]
        if settings is not None:
            command += ["--settings", str(settings)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=_ROOT,
                # Held open for as long as we live, however we end: then the process ends too.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Poll the public route until it answers. Raises ``GuardedAppError``."""
        with httpx.Client(timeout=5, verify=_NO_TLS, trust_env=False) as http:
            for _ in polls(START_SECONDS):
                if self._process is None or self._process.poll() is not None:
                    raise GuardedAppError(f"{self.way} ended at its start:\n{self._log_tail()}")
                try:
                    # Whatever it answers: it answers.
                    http.get(f"{self.base_url}/health")
                except httpx.TransportError:
                    continue
                return
        raise GuardedAppError(f"{self.way} did not answer in time:\n{self._log_tail()}")

    def ask_to_stop(self) -> None:
        """Have the process end, and do not wait for it."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Stop the process, by its own id, and whatever it started."""
        self.ask_to_stop()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()
        try:
            # A gunicorn that had to be killed leaves its worker behind, in the same group.
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _log_tail(self) -> str:
        return self.log()[-_LOG_TAIL:]
