"""Guard any WSGI application: ``app = BearerMiddleware(app, guard)``."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bearer_guard._core.credentials import may_hold_form_token
from bearer_guard._wsgi_body import read_ahead
from bearer_guard._wsgi_stream import Stream
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError, MissingToken
from bearer_guard.guard import Guard
from bearer_guard.request import url_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY = "bearer_guard.token"
"""Where the environ holds the ``AccessToken``; ``None`` on a public path."""
GUARD_KEY = "bearer_guard.guard"
"""Where the environ holds the ``Guard`` that let the request in."""


class WsgiRequest:
    """A view of a WSGI environ, for ``Guard.authenticate``."""

    __slots__ = ("environ", "form")

    def __init__(self, environ: WSGIEnvironment, form: bytes = b"") -> None:
        self.environ = environ
        self.form = form

    @property
    def method(self) -> str:
        """In upper case."""
        method: str = self.environ["REQUEST_METHOD"]
        return method.upper()

    @property
    def path(self) -> str:
        """The decoded path below ``SCRIPT_NAME`` (PEP 3333 hides octets in latin-1)."""
        path: str = self.environ.get("PATH_INFO", "")
        return path.encode("latin-1").decode("utf-8", "replace")

    @property
    def raw_path(self) -> str:
        """The path as it was sent, where the server tells (most do, under one of two names)."""
        target: str = self.environ.get("RAW_URI") or self.environ.get("REQUEST_URI") or ""
        return target.partition("?")[0]

    @property
    def query(self) -> bytes:
        """The query, not decoded."""
        query: str = self.environ.get("QUERY_STRING", "")
        return query.encode("latin-1")

    @property
    def url(self) -> str:
        """The URL by the server's own address: a Host header is anybody's to write."""
        environ, path = self.environ, self.raw_path
        if not path.startswith("/"):
            path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            path = quote(path.encode("latin-1"))
        host, port = environ["SERVER_NAME"], environ["SERVER_PORT"]
        return url_of(environ["wsgi.url_scheme"], host, port, path, self.query)

    @property
    def client_certificate(self) -> bytes | None:
        """DER, of the variable that servers which end TLS set."""
        certificate: str = self.environ.get("SSL_CLIENT_CERT", "")
        return ssl.PEM_cert_to_DER_cert(certificate) if certificate else None

    def header_values(self, name: bytes) -> list[bytes]:
        """One header field. Servers join repeated lines with a comma."""
        value: str | None = self.environ.get(_variable(name))
        return [] if value is None else [value.encode("latin-1", "replace")]


@lru_cache(maxsize=64)
def _variable(name: bytes) -> str:
    """The environ's name of a header field (PEP 3333)."""
    variable = name.decode("ascii").upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def request_view(environ: WSGIEnvironment, guard: Guard) -> WsgiRequest:
    """What the guard sees of a request: with its form where the settings ask for it, which the
    application reads again from ``environ["wsgi.input"]``."""
    request = WsgiRequest(environ)
    settings = guard.settings
    if not settings.form_parameter:
        return request
    if not may_hold_form_token(request.method, request.header_values(b"content-type")):
        return request
    return WsgiRequest(environ, read_ahead(environ, settings.max_form_size))


class BearerMiddleware:
    """Pure WSGI. The application finds the ``AccessToken`` at ``environ["bearer_guard.token"]``.

    Bodies stream and are closed as without it. A ``BearerError`` that the application raises
    before it answers becomes the answer.
    """

    def __init__(self, app: WSGIApplication, guard: Guard) -> None:
        self.app = app
        self.guard = guard
        self._reads_queries = guard.settings.query_parameter
        self._ends_streams = guard.settings.end_streams_at_expiry

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        started = _Started(start_response)
        try:
            request = request_view(environ, self.guard)
            token = self.guard.check(request)
            environ[KEY], environ[GUARD_KEY] = token, self.guard
            started.private = self._reads_queries and self.guard.must_stay_private(request)
            if self._ends_streams and token is not None:
                started.stream = self._stream(environ, token)
                body = started.stream.of(self.app(environ, started))
            else:
                body = self.app(environ, started)
        except BearerError as error:
            return self._refuse(error, environ, started)
        if started.answered:
            return body
        # A body that runs only when it is read may yet refuse.
        return _Body(body, lambda error: self._refuse(error, environ, started))

    def _stream(self, environ: WSGIEnvironment, token: AccessToken) -> Stream:
        return Stream(environ["REQUEST_METHOD"], lambda: self.guard.seconds_left(token) == 0)

    def _refuse(
        self, error: BearerError, environ: WSGIEnvironment, started: _Started
    ) -> list[bytes]:
        if started.answered:
            # Too late to say so in a status: the server breaks the answer off.
            raise error
        refusal = self.guard.refusal(error)
        status = f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
        started(status, [*refusal.headers])
        return [refusal.body_for(environ["REQUEST_METHOD"])]


class _Started:
    """``start_response``, and whether an answer has begun."""

    __slots__ = ("_start_response", "answered", "private", "stream")

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self.answered = False
        self.private = False
        """Whether good answers get ``Cache-Control: private`` unless they say better."""
        self.stream: Stream | None = None
        """What ends with its token."""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        self.answered = True
        if self.private and status.startswith("2"):
            named = {name.lower() for name, _ in headers}
            if "cache-control" not in named:
                headers = [*headers, ("Cache-Control", "private")]
        more = () if exc_info is None else (exc_info,)
        write = self._start_response(status, headers, *more)
        return write if self.stream is None else self.stream.started(status, headers, write)


class _Body:
    """A body that begins to run when it is read."""

    def __init__(self, body: Iterable[bytes], refuse: Callable[[BearerError], list[bytes]]) -> None:
        self._body = body
        self._chunks: Iterator[bytes] | None = None
        self._refuse = refuse

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            if self._chunks is None:
                self._chunks = iter(self._body)
            return next(self._chunks)
        except BearerError as error:
            self._chunks = iter(self._refuse(error))
            return next(self._chunks)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


def access_token(environ: WSGIEnvironment) -> AccessToken:
    """The request's token. Raises ``MissingToken`` on a public path."""
    token: AccessToken | None = environ.get(KEY)
    if token is None:
        raise MissingToken("path_is_public" if KEY in environ else "token_missing")
    return token


def require_scopes(*scopes: str) -> Callable[[WSGIApplication], WSGIApplication]:
    """A decorator for a WSGI application that needs *all* of ``scopes``.

    Raises ``InsufficientScope``, which the middleware around it answers. Inside a handler, call
    ``access_token(environ).require_scopes(...)`` or ``.require_any_scope(...)`` to the same end.
    """

    def decorate(app: WSGIApplication) -> WSGIApplication:
        def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            access_token(environ).require_scopes(*scopes)
            return app(environ, start_response)

        return guarded

    return decorate


__all__ = [
    "GUARD_KEY",
    "KEY",
    "BearerMiddleware",
    "WsgiRequest",
    "access_token",
    "request_view",
    "require_scopes",
]
