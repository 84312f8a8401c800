"""ASGI servers, each with one worker, so that there is one guard and one memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOST = "127.0.0.1"
STOP_SECONDS = 3
Make = Callable[[], Any]


def uvicorn(make: Make, port: int, root_path: str) -> None:
    """Uvicorn."""
    import uvicorn

    uvicorn.run(
        make(),
        host=HOST,
        port=port,
        root_path=root_path,
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def hypercorn(make: Make, port: int, root_path: str) -> None:
    """Hypercorn on asyncio."""
    import asyncio

    from hypercorn.asyncio import serve

    asyncio.run(serve(make(), _hypercorn_config(port, root_path)))


def hypercorn_trio(make: Make, port: int, root_path: str) -> None:
    """Hypercorn on trio."""
    import trio
    from hypercorn.trio import serve

    trio.run(serve, make(), _hypercorn_config(port, root_path))


def _hypercorn_config(port: int, root_path: str) -> Any:
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.root_path = root_path
    config.graceful_timeout = STOP_SECONDS
    config.loglevel = "WARNING"
    return config


def aiohttp(make: Make, port: int, root_path: str) -> None:
    """aiohttp's own server."""
    from aiohttp import web

    if root_path:
        raise SystemExit("aiohttp's server knows no root path: leave out --root-path")
    web.run_app(make(), host=HOST, port=port, print=None, shutdown_timeout=STOP_SECONDS)
