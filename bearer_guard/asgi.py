"""Guard any ASGI application: ``app = BearerMiddleware(app, guard)``."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from urllib.parse import quote

from starlette.authentication import AuthCredentials, BaseUser, UnauthenticatedUser
from starlette.types import ASGIApp, Receive, Scope, Send

from bearer_guard import _asgi_connection as connection
from bearer_guard._core.credentials import may_hold_form_token
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError, MissingToken
from bearer_guard.guard import Guard
from bearer_guard.request import url_of

KEY = "bearer_guard.token"
"""Where the scope holds the ``AccessToken``; ``None`` on a public path."""
GUARD_KEY = "bearer_guard.guard"
"""Where the scope holds the ``Guard`` that let the connection in."""


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
        return url_of(self.scope.get("scheme", "http"), host, port, path, self.query)

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


class BearerUser(BaseUser):
    """``scope["user"]`` in Starlette's sense."""

    def __init__(self, token: AccessToken) -> None:
        self.token = token

    @property
    def is_authenticated(self) -> bool:
        """Always: without a good token there is no such user."""
        return True

    @property
    def display_name(self) -> str:
        """The subject, or the client where the token speaks for no one else."""
        return self.token.subject or self.token.client_id or ""

    @property
    def identity(self) -> str:
        """Issuer and subject: a subject is unique within its issuer alone (RFC 8725 §3.8)."""
        return f"{self.token.issuer} {self.display_name}"


class BearerMiddleware:
    """Pure ASGI: guards ``http`` and ``websocket``, passes ``lifespan``.

    The application finds the ``AccessToken`` at ``scope["bearer_guard.token"]``, and Starlette's
    ``request.auth.scopes`` and ``request.user`` tell of it. A ``BearerError`` that the
    application raises before it answers becomes the answer.
    """

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app = app
        self.guard = guard
        self._reads_forms = guard.settings.form_parameter
        self._reads_queries = guard.settings.query_parameter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            raise ValueError("BearerMiddleware guards http and websocket, and passes lifespan")
        started = connection.Started(send)
        try:
            request = AsgiRequest(scope)
            if self._reads_forms and scope["type"] == "http":
                request, receive = await self._with_form(request, receive)
            token = await self.guard.check_async(request)
            started.private = self._reads_queries and self.guard.must_stay_private(request)
            scope[KEY], scope[GUARD_KEY] = token, self.guard
            scope["auth"] = AuthCredentials([] if token is None else list(token.scopes))
            scope["user"] = UnauthenticatedUser() if token is None else BearerUser(token)
            if scope["type"] == "websocket" and token is not None:
                left = self.guard.seconds_left(token)
                await connection.until_expiry(self.app, scope, receive, started, left)
            else:
                await self.app(scope, receive, started)
        except BearerError as error:
            await self._refuse(error, scope, started)

    async def _with_form(
        self, request: AsgiRequest, receive: Receive
    ) -> tuple[AsgiRequest, Receive]:
        content_types = request.header_values(b"content-type")
        if not may_hold_form_token(request.method, content_types):
            return request, receive
        limit = self.guard.settings.max_form_size
        form, receive = await connection.read_ahead(receive, limit)
        return AsgiRequest(request.scope, form), receive

    async def _refuse(self, error: BearerError, scope: Scope, started: connection.Started) -> None:
        if started.answered:
            # Too late to say so in a status: the server breaks the answer off.
            raise error
        refusal = self.guard.refusal(error)
        is_head = scope.get("method") == "HEAD"
        await connection.refuse(scope, started, refusal, is_head)


def access_token(scope: Scope) -> AccessToken:
    """The connection's token. Raises ``MissingToken`` on a public path."""
    token: AccessToken | None = scope.get(KEY)
    if token is None:
        raise MissingToken
    return token


def require_scopes(*scopes: str) -> Callable[[ASGIApp], ASGIApp]:
    """A decorator for an ASGI application that needs *all* of ``scopes``.

    Raises ``InsufficientScope``, which the middleware around it answers. Inside a handler, call
    ``access_token(scope).require_scopes(...)`` or ``.require_any_scope(...)`` to the same end.
    """

    def decorate(app: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "lifespan":
                access_token(scope).require_scopes(*scopes)
            await app(scope, receive, send)

        return guarded

    return decorate


__all__ = [
    "GUARD_KEY",
    "KEY",
    "AsgiRequest",
    "BearerMiddleware",
    "BearerUser",
    "access_token",
    "require_scopes",
]
