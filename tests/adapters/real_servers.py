"""Applications on real servers: uvicorn in a thread of this process, gunicorn in its own.

The listening socket is ours and open before the server is: clients wait in its backlog, and
nobody polls.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

_ROOT = Path(__file__).parents[2]


def listen() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    return listener


@contextmanager
def on_uvicorn(app: Any, **options: Any) -> Iterator[int]:
    """The port on which ``app`` is served until the block is left."""
    config = uvicorn.Config(app, **{"log_level": "critical", "loop": "asyncio", **options})
    server = uvicorn.Server(config)
    with listen() as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def on_gunicorn(app: str, *options: str, **environ: str) -> Iterator[int]:
    """The same for an import string; ``environ`` are variables for its process."""
    with listen() as listener:
        port = listener.getsockname()[1]
        python_path = os.pathsep.join(filter(None, [str(_ROOT), str(_ROOT / "tests"), *sys.path]))
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", app, "--bind", f"fd://{listener.fileno()}",
             "--workers=1", "--threads=4", "--graceful-timeout=1",
             "--log-level=critical", *options],
            pass_fds=[listener.fileno()],
            env={**os.environ, "PYTHONPATH": python_path, **environ},
            cwd=_ROOT,
        )  # fmt: skip
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def exchange(port: int, request: bytes) -> bytes:
    """Send octets as they are, and read until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        answer = bytearray()
        while chunk := connection.recv(65_536):
            answer += chunk
    return bytes(answer)
