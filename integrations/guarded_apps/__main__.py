"""The one command: `python -m integrations.guarded_apps asgi --settings FILE --port N`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
STOP_SECONDS = 3
_STDIN = 0


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parsed = _parser().parse_args(arguments)
    # Every refusal with the reason that the client does not hear. No record holds a token.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("bearer_guard").setLevel(logging.DEBUG)
    if parsed.exit_with_stdin:
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    serve = {"asgi": serve_asgi, "wsgi": serve_wsgi}[parsed.kind]
    serve(parsed.settings, parsed.port)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.guarded_apps",
        description="Run the guarded API on loopback, in one worker process.",
    )
    parser.add_argument("kind", choices=["asgi", "wsgi"], help="on uvicorn, or on gunicorn")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="a .toml or a .json file; without it, the variables BEARER_GUARD_* are read",
    )
    parser.add_argument(
        "--exit-with-stdin", action="store_true", help="end when standard input does"
    )
    return parser


def serve_asgi(settings: Path | None, port: int) -> None:
    """On uvicorn."""
    import uvicorn

    from .asgi_app import make_app

    uvicorn.run(
        make_app(settings),
        host=HOST,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def serve_wsgi(settings: Path | None, port: int) -> None:
    """On gunicorn: one worker, so that there is one guard and one memory."""
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    from .wsgi_app import make_app

    options: dict[str, Any] = {
        "bind": f"{HOST}:{port}",
        "workers": 1,
        "threads": 4,
        "loglevel": "warning",
        "graceful_timeout": STOP_SECONDS,
        # Since 25.1: by default every gunicorn of a user takes one and the same path.
        "control_socket_disable": True,
    }

    class Gunicorn(BaseApplication):  # type: ignore[misc]
        """Gunicorn's documented way to be run by a program."""

        def load_config(self) -> None:
            """Take our options, as far as this gunicorn knows them."""
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            """Make the application, in the worker."""
            return make_app(settings)

    Gunicorn().run()


def _exit_with_stdin() -> None:
    # Not sys.stdin: its lock, held while reading, would hold up the interpreter's own end.
    while os.read(_STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
