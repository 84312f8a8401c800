"""What a guard sees of an aiohttp request."""

from __future__ import annotations

from typing import Any, TypeVar

from aiohttp import web

from bearer_guard._core.credentials import may_hold_form_token
from bearer_guard.request import url_of
from bearer_guard.settings import GuardSettings

Kind = TypeVar("Kind")

PROTOCOLS = b"sec-websocket-protocol"


def request_key(name: str, kind: type[Kind]) -> web.RequestKey[Kind]:
    """A key for a request's storage, which older versions of aiohttp know as a string."""
    make: Any = getattr(web, "RequestKey", lambda name, _kind: name)
    made: web.RequestKey[Kind] = make(name, kind)
    return made


class Aside:
    """The lines of ``Sec-WebSocket-Protocol`` as they were sent, for another guard further in.

    An object of its own, so that whoever prints a request's storage prints no token.
    """

    __slots__ = ("lines",)

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines


ASIDE = request_key("bearer_guard.aside", Aside)


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the request opens a WebSocket (RFC 6455 section 4.1), by the header that aiohttp
    goes by."""
    upgrade = request.headers.get("Upgrade", "").strip().lower()
    return request.method == "GET" and upgrade == "websocket"


class AiohttpRequest:
    """A view of an aiohttp request, for ``Guard.authenticate_async``."""

    __slots__ = ("_prefix", "form", "request")

    def __init__(self, request: web.BaseRequest, form: bytes = b"", prefix: str = "") -> None:
        self.request = request
        self.form = form
        self._prefix = prefix

    @property
    def method(self) -> str:
        """In upper case; a WebSocket handshake is a ``GET``."""
        return self.request.method.upper()

    @property
    def path(self) -> str:
        """The path below the sub-application's prefix, decoded; an escaped slash stays escaped,
        as aiohttp routes it."""
        path: str = self.request.rel_url.path_safe
        below = path.removeprefix(self._prefix)
        found = below if below[:1] in ("", "/") else path
        # An escaped percent sign is one: what it then seems to escape is ambiguous to the guard.
        return found.replace("%25", "%")

    @property
    def raw_path(self) -> str:
        """The path as it was sent."""
        return self.request.rel_url.raw_path

    @property
    def query(self) -> bytes:
        """The query, not decoded."""
        return self.request.rel_url.raw_query_string.encode("utf-8", "surrogateescape")

    @property
    def url(self) -> str:
        """The URL by the server's own address: a Host header is anybody's to write."""
        address: Any = self.request.get_extra_info("sockname")
        # A socket of Unix has a path for its address.
        host, port = address[:2] if isinstance(address, tuple) else ("localhost", None)
        scheme = self.request.scheme
        if is_websocket(self.request):
            scheme = "wss" if scheme == "https" else "ws"
        return url_of(scheme, host, port, self.raw_path, self.query)

    @property
    def client_certificate(self) -> bytes | None:
        """DER, where TLS ended here and asked for one."""
        tls: Any = self.request.get_extra_info("ssl_object")
        certificate: bytes | None = tls.getpeercert(binary_form=True) if tls else None
        return certificate

    def header_values(self, name: bytes) -> list[bytes]:
        """Every line of one header field, in order."""
        aside = self.request.get(ASIDE)
        if aside is not None and name == PROTOCOLS:
            lines: list[bytes] = aside.lines
            return lines
        return [value for key, value in self.request.raw_headers if key.lower() == name]


async def add_form(view: AiohttpRequest, settings: GuardSettings) -> None:
    """Read the form where the settings ask for it. The application reads it again with
    ``request.post()``, ``read()`` or ``text()``."""
    if settings.form_parameter and _may_be_read(view, settings.max_form_size):
        view.form = await view.request.read()


def _may_be_read(view: AiohttpRequest, limit: int) -> bool:
    """A body that turns out too long could not be put back, and aiohttp decompresses what it
    reads: so it must say how long it is, and be as long as it says."""
    request = view.request
    if not may_hold_form_token(view.method, view.header_values(b"content-type")):
        return False
    if view.header_values(b"content-encoding") or request.content_length is None:
        return False
    # Where nought means that there is no limit.
    return request.content_length <= min(limit, request.client_max_size or limit)


def prefix_of(request: web.Request) -> str:
    """Where the application whose middleware runs is mounted: "" for the outermost."""
    apps = request.match_info.apps
    place = apps.index(request.app)
    for resource in apps[place - 1].router.resources() if place else ():
        info: Any = resource.get_info()
        if info.get("app") is request.app:
            # One that is chosen by its domain has no prefix.
            prefix: str = info.get("prefix", "")
            return prefix
    return ""
