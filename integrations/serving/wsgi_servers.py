"""WSGI servers, each with one worker, so that there is one guard and one memory."""

from __future__ import annotations

import os
from typing import Any

from .asgi_servers import HOST, STOP_SECONDS, Make


def gunicorn(make: Make, port: int, root_path: str) -> None:
    """Gunicorn, with threads."""
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    options: dict[str, Any] = {
        "bind": f"{HOST}:{port}",
        "workers": 1,
        "threads": 4,
        "loglevel": "warning",
        "graceful_timeout": STOP_SECONDS,
        # Since 25.1: by default every gunicorn of a user takes one and the same path.
        "control_socket_disable": True,
    }
    # Where gunicorn looks for it.
    os.environ["SCRIPT_NAME"] = root_path

    class Gunicorn(BaseApplication):  # type: ignore[misc]
        """Gunicorn's documented way to be run by a program."""

        def load_config(self) -> None:
            """Take our options, as far as this gunicorn knows them."""
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            """Make the application, in the worker."""
            return make()

    Gunicorn().run()


def waitress(make: Make, port: int, root_path: str) -> None:
    """Waitress."""
    from waitress import serve

    serve(make(), host=HOST, port=port, url_prefix=root_path, _quiet=True)


def granian(interface: str, factory: str, port: int, root_path: str) -> None:
    """Granian, for both protocols. It makes the application itself, in a process of its own."""
    from granian import Granian
    from granian.constants import Interfaces

    server = Granian(
        factory,
        address=HOST,
        port=port,
        interface=Interfaces(interface),
        factory=True,
        url_path_prefix=root_path or None,
        log_enabled=False,
    )
    server.serve()
