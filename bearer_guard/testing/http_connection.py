"""HTTP/1.1 on one connection, from the first request to the last."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socket import socket
from socketserver import BaseServer
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Respond: TypeAlias = Callable[[Request], Response]


class HTTPConnection(BaseHTTPRequestHandler):
    """Answers the requests of one connection until the other side closes it.

    Of our own, because werkzeug's handler closes the connection after each answer and because one
    write for an answer spares it the 40 ms of Nagle's algorithm against delayed acknowledgements.
    """

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket, address: tuple[str, int], respond: Respond) -> None:
        """Serve *connection* from *address* with *respond*; return when it is over."""
        self._respond = respond
        super().__init__(connection, address, cast("BaseServer", None))

    def answer(self) -> None:
        """Read one request's body, and write its answer in one piece."""
        environ = self._environ()
        parts, status, headers = self._respond(Request(environ)).get_wsgi_response(environ)
        head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"".join(parts))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _environ(self) -> WSGIEnvironment:
        """Return the request as PEP 3333 wants it."""
        path, _, query = self.path.partition("?")
        host, _, port = self.headers.get("Host", "127.0.0.1").partition(":")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": host,
            "SERVER_PORT": port or "80",
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{_wsgi_name(name): value for name, value in self.headers.items()},
        }


def _wsgi_name(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")
