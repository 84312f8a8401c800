"""The servers of the run, each on a port of its own, in threads of this process."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn
import waitress.server
from gunicorn.config import Config
from gunicorn.workers.sync import SyncWorker

Started = tuple[int, Callable[[], None]]
"""The port, and what ends the server."""


def uvicorn_by(http: str, application: Any) -> Started:
    """Uvicorn with one of its two HTTP parsers."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port = int(listener.getsockname()[1])
    config = uvicorn.Config(
        application, interface="asgi3", http=http, ws="websockets-sansio", loop="asyncio", lifespan="off",
        log_config=None, access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True, name=http)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()
        listener.close()

    return port, stop


def gunicorn(application: Any) -> Started:
    """Gunicorn's own worker, parser and answers; only its process management is left out."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port = int(listener.getsockname()[1])
    config = Config()
    config.set("limit_request_field_size", 65_536)
    worker: Any = object.__new__(SyncWorker)
    worker.cfg, worker.log, worker.wsgi = config, _GunicornLog("gunicorn.error"), application
    worker.nr, worker.max_requests, worker.alive = 0, 10**9, True
    pool = ThreadPoolExecutor(32, "gunicorn")

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, address = listener.accept()
                pool.submit(worker.handle, listener, client, address)

    thread = threading.Thread(target=accept, daemon=True, name="gunicorn-accept")
    thread.start()

    def stop() -> None:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()
        pool.shutdown()

    return port, stop


def waitress_server(application: Any) -> Started:
    """Waitress, in its own loop."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    channels: dict[int, Any] = {}
    server: Any = waitress.server.create_server(
        application, map=channels, sockets=[listener], threads=32, asyncore_loop_timeout=0.2,
    )  # fmt: skip
    port = int(listener.getsockname()[1])

    def serve() -> None:
        with suppress(OSError, ValueError):  # it ends when its sockets are taken away
            server.run()

    thread = threading.Thread(target=serve, daemon=True, name="waitress")
    thread.start()

    def stop() -> None:
        server.task_dispatcher.shutdown()
        server.close()
        for channel in list(channels.values()):
            channel.close()
        thread.join(2)

    return port, stop


class _GunicornLog(logging.LoggerAdapter):  # type: ignore[type-arg]
    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name), {})

    def access(self, *_arguments: object) -> None:
        """Say nothing."""


ALL: dict[str, Callable[[Any], Started]] = {
    "uvicorn_h11": partial(uvicorn_by, "h11"),
    "uvicorn_httptools": partial(uvicorn_by, "httptools"),
    "gunicorn": gunicorn,
    "waitress": waitress_server,
}
