"""The one command: `python -m integrations.starlette_app --port N --settings FILE`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading

import uvicorn

from .app import make_app


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m integrations.starlette_app")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--settings", metavar="FILE", help="default: $BEARER_GUARD_SETTINGS")
    parser.add_argument(
        "--exit-with-stdin", action="store_true", help="end when standard input does"
    )
    parsed = parser.parse_args(arguments)
    if parsed.settings is not None:
        os.environ["BEARER_GUARD_SETTINGS"] = parsed.settings
    # Every refusal with the reason that the client does not hear. No record holds a token.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("bearer_guard").setLevel(logging.DEBUG)
    if parsed.exit_with_stdin:
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    uvicorn.run(make_app(), port=parsed.port, log_level="warning", timeout_graceful_shutdown=3)
    return 0


def _exit_with_stdin() -> None:
    # Not sys.stdin: its lock, held while reading, would hold up the interpreter's own end.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
