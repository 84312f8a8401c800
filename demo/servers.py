"""Starts an API on a real server, in a process of its own, and ends it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class ServerFailed(RuntimeError):
    """A server ended, or did not answer in time."""


class Api:
    """One API: ``with Api("uvicorn", "demo.asgi_api:app", …) as api: api.client.get("/orders")``.

    The socket is opened here and handed over, so no port is guessed and no start is missed.
    """

    def __init__(self, server: str, app: str, issuer: str, room: Path) -> None:
        self.server = server
        self._output = room / f"{server}.out"
        self._log = room / f"{server}.log"
        self._log.touch()
        self._read = 0
        with socket.create_server(("127.0.0.1", 0)) as listener, self._output.open("wb") as output:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._process = subprocess.Popen(
                [sys.executable, "-m", *_command(server, app, listener.fileno())],
                cwd=Path(__file__).parent.parent,
                env={**os.environ, "DEMO_ISSUER": issuer, "DEMO_LOG": str(self._log)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(),),
                # Ctrl-C is for the demo alone, which then ends its servers in order.
                start_new_session=True,
            )
        self.client = httpx.Client(base_url=self.url, timeout=10, trust_env=False)

    def wait(self) -> None:
        """Returns once the server answers."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self.client.get("/health")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        said = self._output.read_text(errors="replace")[-2000:]
        raise ServerFailed(f"{self.server} did not start. It said:\n{said}")

    def new_log_records(self) -> list[dict[str, Any]]:
        """What the API's process logged since the last call."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            lines = log.readlines()
            self._read = log.tell()
        return [json.loads(line) for line in lines]

    def stop(self) -> None:
        self.client.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The session is the server's own: it and its workers, nobody else.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def _command(server: str, app: str, descriptor: int) -> list[str]:
    if server == "uvicorn":
        return ["uvicorn", app, "--fd", str(descriptor), "--log-level", "warning"]
    return [
        *("gunicorn", app, "--bind", f"fd://{descriptor}", "--log-level", "warning"),
        # One process, so that there is one cache to be watched; threads for the requests.
        *("--workers", "1", "--threads", "4", "--graceful-timeout", "2"),
    ]
