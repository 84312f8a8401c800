"""One authorization server, a process of its own: ``python -m soak.authorization_server``.

It knows nothing by itself. What it publishes is in a file that the soak writes, so that it says the
same after it was killed and started again. Each question is one line in another file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import uvicorn

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_QUIET = "critical"


class Server:
    """An ASGI application."""

    def __init__(self, said: Path, asked: Path) -> None:
        self._said = said
        self._read_at = 0
        self._documents: dict[str, Any] = {}
        self._asked = os.open(asked, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rsplit("/", 1)[-1]
        body = b""
        if scope["method"] == "POST":
            message = await receive()
            body = message.get("body", b"")
        os.write(self._asked, path.encode() + b"\n")
        await self._answer(send, self._document(path, body))

    def _document(self, path: str, body: bytes) -> object:
        changed = self._said.stat().st_mtime_ns
        if changed != self._read_at:
            self._documents = json.loads(self._said.read_text("utf-8"))
            self._read_at = changed
        if path == "introspect":
            (token,) = parse_qs(body.decode("ascii"))["token"]
            return self._documents["answers"].get(token, {"active": False})
        return self._documents.get(path)

    @staticmethod
    async def _answer(send: Send, document: object) -> None:
        octets = json.dumps(document).encode()
        status = 404 if document is None else 200
        length = b"%d" % len(octets)
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": octets})


def main() -> None:
    """Serve on a port what is in a file, and count in another: the three arguments."""
    port, said, asked = sys.argv[1:]
    application = Server(Path(said), Path(asked))
    uvicorn.run(
        application, host="127.0.0.1", port=int(port), log_level=_QUIET, lifespan="off", http="h11"
    )


if __name__ == "__main__":
    main()
