"""The room around a Python authorization server: arguments, state on disk, request counts.

This runs inside the server's own virtual environment, so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

AUDIENCE = "https://api.example.com"
OTHER_AUDIENCE = "https://other.example.com"
CLIENT_SECRET_SUFFIX = "-local-secret"
REDIRECT_URI = "https://client.example.com/callback"
SCOPES = ("orders:read", "orders:write", "profile:read", "openid")
LIFETIME = 600
SHORT_LIFETIME = 1
USERNAME = "alice"
_STDIN = 0

JWT_CLIENTS = ("rs256-client", "short-jwt-client")
OPAQUE_CLIENTS = ("opaque-client", "short-opaque-client")
WEB_CLIENT = "web-client"
PROTECTED_RESOURCE = "protected-resource"


def lifetime_for(client_id: str) -> int:
    """Seconds that an access token of this client lives."""
    return SHORT_LIFETIME if client_id.startswith("short-") else LIFETIME


@dataclass(frozen=True)
class Arguments:
    """What the launcher tells a server process."""

    port: int
    state: Path


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _exit_with_stdin() -> None:
    # Not sys.stdin: its lock, held while reading, would hold up the interpreter's own end.
    while os.read(_STDIN, 1):
        pass
    # The launcher is gone, and only an exit from here ends the serving main thread.
    os._exit(0)


def read_arguments() -> Arguments:
    """Read the command line and arm both ways of ending this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--exit-with-stdin", action="store_true")
    parsed = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    if parsed.exit_with_stdin:
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    return Arguments(port=parsed.port, state=parsed.state)


def write_private(path: Path, text: str) -> None:
    """Replace a state file at once, readable by its owner only."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


@dataclass
class Control:
    """The control endpoints: request counts and key rotation."""

    rotate: Callable[[bool], None]
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, path: str, *, is_readiness_probe: bool) -> None:
        """Count one request; the launcher's readiness polls would spoil hard counts."""
        if not is_readiness_probe:
            with self._lock:
                self._counts[path] += 1

    def answer(self, method: str, path: str, *, keep_previous: bool) -> tuple[int, object]:
        """The status and JSON body of a control request."""
        if (method, path) == ("GET", "/__control/requests"):
            with self._lock:
                return 200, dict(self._counts)
        if (method, path) == ("POST", "/__control/rotate"):
            self.rotate(keep_previous)
            return 200, {"rotated": True}
        return 404, {"error": "unknown control endpoint"}
