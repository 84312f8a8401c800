"""Guard any ASGI application: ``app = BearerMiddleware(app, guard)``."""

from __future__ import annotations

from collections.abc import Callable

from starlette.authentication import AuthCredentials, BaseUser, UnauthenticatedUser
from starlette.types import ASGIApp, Receive, Scope, Send

from bearer_guard import _asgi_connection as connection
from bearer_guard._asgi_connection import Started
from bearer_guard._asgi_life import Expiry, Life, run
from bearer_guard._asgi_request import AsgiRequest
from bearer_guard._asgi_stream import Stream
from bearer_guard._asgi_subprotocols import set_aside
from bearer_guard._asgi_websocket import RenewableSocket, Socket
from bearer_guard._core.credentials import may_hold_form_token
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError, MissingToken, SettingsError
from bearer_guard.guard import Guard

KEY = "bearer_guard.token"
"""Where the scope holds the ``AccessToken``; ``None`` on a public path."""
GUARD_KEY = "bearer_guard.guard"
"""Where the scope holds the ``Guard`` that let the connection in."""

_AROUND = "bearer_guard.around"


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
        """Issuer and subject: a subject is unique within its issuer alone (RFC 8725 section 3.8).
        Where the token speaks for no one else issuer and client, with a tab between them: a client
        is no user who has its name (RFC 9068 section 5)."""
        between = "\t" if self.token.subject is None else " "
        return f"{self.token.issuer}{between}{self.display_name}"


class BearerCredentials(AuthCredentials):
    """``scope["auth"]`` in Starlette's sense."""

    def __init__(self, token: AccessToken) -> None:
        self.token = token

    @property
    def scopes(self) -> list[str]:  # type: ignore[override]
        """What was granted; a new list each time, made when it is asked for."""
        return list(self.token.scopes)


def is_around(guard: Guard, scope: Scope) -> bool:
    """Whether a middleware brings ``guard``, though another guard may have judged since. Told of
    guards alone whose settings take a middleware."""
    return any(guard is each for each in scope.get(_AROUND, ()))


class BearerMiddleware:
    """Pure ASGI: guards ``http`` and ``websocket``, passes ``lifespan``.

    The application finds the ``AccessToken`` at ``scope["bearer_guard.token"]``, and Starlette's
    ``request.auth.scopes`` and ``request.user`` tell of it. A ``BearerError`` that the
    application raises before it answers becomes the answer.
    """

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        settings = guard.settings
        # FastAPI's; what Quart calls by this name is a folder.
        has_root = hasattr(app, "openapi_url") and bool(getattr(app, "root_path", None))
        if has_root and settings.rules:
            raise SettingsError(
                "the application has a root_path of its own, which it sets behind the guard, and "
                "reads other paths than the rules do: write "
                "app.add_middleware(BearerMiddleware, guard=guard)"
            )
        self.app = app
        self.guard = guard
        self._is_needed = bool(settings.for_middlewares_alone())
        self._reads_forms = settings.form_parameter
        self._looks_further = settings.form_parameter or settings.websocket_protocol is not None
        self._reads_queries = settings.query_parameter
        self._marker = settings.websocket_protocol
        self._renews = settings.websocket_renewal
        self._ends_streams = settings.end_streams_at_expiry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, send)
            return
        if kind not in ("http", "websocket"):
            raise ValueError("BearerMiddleware guards http and websocket, and passes lifespan")
        started = Started(send)
        try:
            request = AsgiRequest(scope)
            if self._looks_further:
                request, receive = await self._with_more(request, receive, started)
            token = self.guard._check_at_once(request)
            if token is not None and not isinstance(token, AccessToken):
                token = await self.guard._finish_check(token)
            if self._reads_queries:
                started.private = self.guard.must_stay_private(request)
            scope[GUARD_KEY] = self.guard
            if self._is_needed:
                scope[_AROUND] = (*scope.get(_AROUND, ()), self.guard)
            self._tell(scope, token)
            if token is None or (kind == "http" and not self._ends_streams):
                await self.app(scope, receive, started)
            else:
                life = self._life(scope, request, receive, started, token)
                await run(self.app, scope, receive, started, life)
        except BearerError as error:
            await self._refuse(error, scope, started)

    def _tell(self, scope: Scope, token: AccessToken | None) -> None:
        """Write what the application finds, in this package's words and in Starlette's."""
        scope[KEY] = token
        if token is None:
            scope["auth"], scope["user"] = AuthCredentials(), UnauthenticatedUser()
        else:
            scope["auth"], scope["user"] = BearerCredentials(token), BearerUser(token)

    async def _with_more(
        self, request: AsgiRequest, receive: Receive, started: Started
    ) -> tuple[AsgiRequest, Receive]:
        """What the guard looks at beside headers: a form's body, a WebSocket's subprotocols."""
        if request.scope["type"] == "http":
            return (
                await self._with_form(request, receive) if self._reads_forms else (request, receive)
            )
        if self._marker is not None:
            request = self._without_token(request.scope, self._marker, started)
        return request, receive

    def _without_token(self, scope: Scope, marker: str, started: Started) -> AsgiRequest:
        request = AsgiRequest(set_aside(scope, marker))
        if marker in scope["subprotocols"]:
            started.subprotocol = marker
        return request

    def _life(
        self,
        scope: Scope,
        request: AsgiRequest,
        receive: Receive,
        started: Started,
        token: AccessToken,
    ) -> Life | None:
        """The connection's life, where the guard is to end it."""
        seconds_left = self.guard.seconds_left
        is_renewed = self._renews and scope["type"] == "websocket"
        if seconds_left(token) is None and not is_renewed:
            return None
        expiry = Expiry(seconds_left, token)
        if scope["type"] == "http":
            return Stream(receive, started, expiry, request.method)
        if not is_renewed:
            return Socket(receive, started, expiry)

        # Routers write into the scope: the path that was asked for is kept as it was.
        request = AsgiRequest({**request.scope})

        async def renew(message: str) -> bool:
            fresh = await self.guard.renew_async(expiry.token, request, message)
            if fresh is not None and fresh is not expiry.token:
                expiry.set(fresh)
                # Another guard further in has not seen this token.
                if scope[GUARD_KEY] is self.guard:
                    self._tell(scope, fresh)
            return fresh is not None

        return RenewableSocket(receive, started, expiry, renew, self.guard.refusal)

    async def _with_form(
        self, request: AsgiRequest, receive: Receive
    ) -> tuple[AsgiRequest, Receive]:
        content_types = request.header_values(b"content-type")
        if not may_hold_form_token(request.method, content_types):
            return request, receive
        limit = self.guard.settings.max_form_size
        form, receive = await connection.read_ahead(receive, limit)
        return AsgiRequest(request.scope, form), receive

    async def _refuse(self, error: BearerError, scope: Scope, started: Started) -> None:
        if started.answered:
            # Too late to say so in a status: the server breaks the answer off.
            raise error
        refusal = self.guard.refusal(error)
        await connection.refuse(scope, started, refusal)


def access_token(scope: Scope) -> AccessToken:
    """The connection's token. Raises ``MissingToken`` on a public path."""
    token: AccessToken | None = scope.get(KEY)
    if token is None:
        raise MissingToken("path_is_public" if KEY in scope else "token_missing")
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
    "BearerCredentials",
    "BearerMiddleware",
    "BearerUser",
    "access_token",
    "is_around",
    "require_scopes",
]
