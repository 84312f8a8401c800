"""The one command: `python -m integrations.serving starlette --settings FILE --port N`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from functools import partial

from . import asgi_servers, wsgi_servers
from .applications import APPLICATIONS
from .made import FACTORY, MOUNT, NAME, TWICE, make

_STDIN = 0


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parsed = _parser().parse_args(arguments)
    application = APPLICATIONS[parsed.application]
    server = parsed.server or application.servers[0]
    if server not in application.servers:
        print(f"{parsed.application} runs on {', '.join(application.servers)}", file=sys.stderr)
        return 2
    os.environ[NAME] = parsed.application
    os.environ[MOUNT], os.environ[TWICE] = parsed.mount, "yes" if parsed.twice else ""
    if parsed.settings is not None:
        os.environ["API_SETTINGS"] = parsed.settings
    if parsed.exit_with_stdin:
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    serve = {
        "uvicorn": partial(asgi_servers.uvicorn, make),
        "hypercorn": partial(asgi_servers.hypercorn, make),
        "hypercorn_trio": partial(asgi_servers.hypercorn_trio, make),
        "aiohttp": partial(asgi_servers.aiohttp, make),
        "gunicorn": partial(wsgi_servers.gunicorn, make),
        "waitress": partial(wsgi_servers.waitress, make),
        "granian": partial(wsgi_servers.granian, application.interface, FACTORY),
    }[server]
    serve(parsed.port, parsed.root_path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.serving",
        description="Run one of the guarded applications on loopback, in one worker process.",
    )
    parser.add_argument("application", choices=list(APPLICATIONS))
    parser.add_argument("--server", help="by default the one that it usually runs on")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--settings",
        metavar="FILE",
        help="by default what API_SETTINGS names: integrations/settings.json will do",
    )
    parser.add_argument(
        "--root-path", default="", help="as behind a proxy that passes on a part of its paths"
    )
    parser.add_argument("--mount", default="", help="as a part of an application, below this path")
    parser.add_argument("--twice", action="store_true", help="with the plain middleware around it")
    parser.add_argument(
        "--exit-with-stdin", action="store_true", help="end when standard input does"
    )
    return parser


def _exit_with_stdin() -> None:
    # Not sys.stdin: its lock, held while reading, would hold up the interpreter's own end.
    while os.read(_STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
