"""What a guard sees of an ASGI scope."""

from __future__ import annotations

import ssl
from urllib.parse import quote

from starlette.types import Scope

from bearer_guard.request import url_of

_SCHEMES = {"http": ("http", "https"), "websocket": ("ws", "wss")}


class AsgiRequest:
    """A view of an ASGI scope, for ``Guard.authenticate_async``."""

    __slots__ = ("form", "scope")

    def __init__(self, scope: Scope, form: bytes = b"") -> None:
        self.scope = scope
        self.form = form

    @property
    def method(self) -> str:
        """A WebSocket handshake has none in its scope; it is a GET (RFC 6455 section 4.1)."""
        method: str = self.scope.get("method", "GET")
        return method.upper()

    @property
    def path(self) -> str:
        """The decoded path below ``root_path``, as Starlette routes it."""
        path: str = self.scope["path"]
        root: str = self.scope.get("root_path", "")
        if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
            return path[len(root) :]
        return path

    @property
    def raw_path(self) -> str:
        """The path as it was sent."""
        raw: bytes = self.scope.get("raw_path") or b""
        return raw.decode("latin-1")

    @property
    def query(self) -> bytes:
        """The query, not decoded."""
        query: bytes = self.scope.get("query_string", b"")
        return query

    @property
    def url(self) -> str:
        """The URL by the server's own address: a Host header is anybody's to write."""
        host, port = self.scope.get("server") or ("localhost", None)
        path = self.raw_path or quote(self.scope["path"])
        # A proxy's header may have made it "https", whatever the connection is.
        is_secure = self.scope.get("scheme") in ("https", "wss")
        scheme = _SCHEMES[self.scope["type"]][is_secure]
        return url_of(scheme, host, port, path, self.query)

    @property
    def client_certificate(self) -> bytes | None:
        """DER, by the ASGI TLS extension."""
        tls = (self.scope.get("extensions") or {}).get("tls") or {}
        chain = tls.get("client_cert_chain")
        return ssl.PEM_cert_to_DER_cert(next(iter(chain))) if chain else None

    def header_values(self, name: bytes) -> list[bytes]:
        """Every line of one header field, in order."""
        found = []
        # A loop: a comprehension is a call of its own before Python 3.12.
        for key, value in self.scope["headers"]:
            if key == name:
                found.append(value)
        return found
