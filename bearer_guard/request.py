"""What a guard sees of a request. Each adapter makes one, cheaply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit


class RequestView(Protocol):
    """A view of a request, in any framework.

    Header names are small letters; values, the query and the body are the received octets.
    """

    @property
    def method(self) -> str:
        """In upper case; a WebSocket handshake is a ``GET``."""
        ...

    @property
    def path(self) -> str:
        """Decoded, below the place where the application is mounted."""
        ...

    @property
    def raw_path(self) -> str:
        """As it was sent, with its escapes, where the server tells; else empty."""
        ...

    @property
    def query(self) -> bytes:
        """What stands behind the question mark, not decoded."""
        ...

    @property
    def url(self) -> str:
        """The whole URL as the server understands it. That of a WebSocket handshake begins with
        ``ws:`` or ``wss:`` (RFC 6455 section 3), and no other."""
        ...

    @property
    def client_certificate(self) -> bytes | None:
        """The client's certificate (DER), where TLS ended here and asked for one."""
        ...

    @property
    def form(self) -> bytes:
        """The body of a urlencoded form, where the guard's settings ask for it; else empty."""
        ...

    def header_values(self, name: bytes) -> Sequence[bytes]:
        """Every line of one header field, in order."""
        ...


def is_websocket(request: RequestView) -> bool:
    """Whether the request opens a WebSocket. HTTP/2 has no ``Upgrade`` to tell (RFC 8441)."""
    return request.url.startswith(("ws:", "wss:"))


_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}


def url_of(scheme: str, host: str, port: int | str | None, path: str, query: bytes) -> str:
    """The URL of an escaped path at a server's own address."""
    where = f"[{host}]" if ":" in host else host
    if port is not None and str(port) != _PORTS.get(scheme):
        where = f"{where}:{port}"
    return f"{scheme}://{where}{path or '/'}" + ("?" + query.decode("latin-1") if query else "")


class Request:
    """A request made by hand, for ``Guard.authenticate`` outside of the middlewares.

    >>> Request(headers={"Authorization": "Bearer abc"}).header_values(b"authorization")
    [b'Bearer abc']
    """

    __slots__ = (
        "_headers",
        "client_certificate",
        "form",
        "method",
        "path",
        "query",
        "raw_path",
        "url",
    )

    def __init__(
        self,
        method: str = "GET",
        url: str = "/",
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        form: bytes = b"",
        client_certificate: bytes | None = None,
    ) -> None:
        # A path is no reference to be resolved: "//x" is not the host x.
        if url.startswith("/"):
            path, _, query = url.partition("#")[0].partition("?")
        else:
            _, _, path, query, _ = urlsplit(url)
        self.method = method.upper()
        self.url = url
        self.raw_path = path
        self.path = unquote(path)
        self.query = query.encode("utf-8")
        self.form = form
        self.client_certificate = client_certificate
        given: Any = headers.items() if isinstance(headers, Mapping) else headers
        pairs: Iterable[tuple[str, str]] = given
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("utf-8")) for name, value in pairs
        ]

    def header_values(self, name: bytes) -> list[bytes]:
        """Every line of one header field, in order."""
        return [value for key, value in self._headers if key == name]
