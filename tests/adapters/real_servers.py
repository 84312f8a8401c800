"""Applications on real servers: each in a thread of this process, gunicorn in its own.

The listening socket is ours and open before the server is: clients wait in its backlog, and
nobody polls.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import hypercorn.asyncio
import hypercorn.trio
import trio
import uvicorn
import waitress.server
from hypercorn.config import Config

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
    config = uvicorn.Config(
        app, **{"log_config": None, "log_level": "critical", "loop": "asyncio", **options}
    )
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
def on_hypercorn(app: Any, loop: str, **options: Any) -> Iterator[int]:
    """The same on hypercorn, whose ``loop`` is ``asyncio`` or ``trio``."""
    with listen() as listener:
        config = Config()
        config.bind = [f"fd://{os.dup(listener.fileno())}"]
        config.graceful_timeout = 0.1
        for name, value in {"accesslog": None, "errorlog": None, **options}.items():
            setattr(config, name, value)
        stopping = threading.Event()
        run = _run_on_trio if loop == "trio" else _run_on_asyncio
        thread = threading.Thread(target=run, args=(app, config, stopping))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stopping.set()
            thread.join()


def _run_on_asyncio(app: Any, config: Config, stopping: threading.Event) -> None:
    async def stopped() -> None:
        await asyncio.to_thread(stopping.wait)

    asyncio.run(hypercorn.asyncio.serve(app, config, shutdown_trigger=stopped))


def _run_on_trio(app: Any, config: Config, stopping: threading.Event) -> None:
    async def stopped() -> None:
        await trio.to_thread.run_sync(stopping.wait)

    async def serve() -> None:
        await hypercorn.trio.serve(app, config, shutdown_trigger=stopped)

    trio.run(serve)


@contextmanager
def on_waitress(app: Any) -> Iterator[int]:
    """The same for a WSGI application on waitress."""
    with listen() as listener:
        channels: dict[int, Any] = {}
        server: Any = waitress.server.create_server(
            app, map=channels, sockets=[listener], threads=4, asyncore_loop_timeout=0.1
        )

        def serve() -> None:
            # It ends when its sockets are taken away.
            with suppress(OSError, ValueError):
                server.run()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.task_dispatcher.shutdown()
            server.close()
            for channel in list(channels.values()):
                channel.close()
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
