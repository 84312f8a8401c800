"""Guard a Starlette application, in Starlette's own terms.

    app = Starlette(routes=[...], middleware=[Middleware(BearerMiddleware, guard=guard)])

    @require_scopes("orders:write")
    async def create(request): ...

``request.auth.scopes`` and ``request.user`` tell of the token; ``access_token(request)`` is it.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError
from starlette.requests import HTTPConnection
from starlette.responses import Response

from bearer_guard import _starlette_answers as answers
from bearer_guard import asgi
from bearer_guard._requirement import all_of, any_of
from bearer_guard._starlette_answers import answer
from bearer_guard._starlette_endpoints import Endpoint, requiring
from bearer_guard.access_token import AccessToken
from bearer_guard.asgi import AsgiRequest, BearerMiddleware, BearerUser
from bearer_guard.errors import BearerError, SettingsError
from bearer_guard.guard import Guard


def access_token(connection: HTTPConnection) -> AccessToken:
    """The token of a request or WebSocket. Raises ``MissingToken`` on a public path."""
    return asgi.access_token(connection.scope)


def require_scopes(*scopes: str) -> Callable[[Endpoint], Endpoint]:
    """A decorator for an endpoint that needs *all* of ``scopes``.

    For functions and methods, sync and async, that take a ``request`` or a ``websocket``, and
    for endpoint classes, whose every method it guards. Others are answered with 403 and the
    challenge; a WebSocket is denied before it is accepted.
    """
    return requiring(all_of(*scopes))


def require_any_scope(*scopes: str) -> Callable[[Endpoint], Endpoint]:
    """The same for an endpoint that needs *one* of ``scopes``."""
    return requiring(any_of(*scopes))


class BearerBackend(AuthenticationBackend):
    """For those who keep Starlette's own middleware:

    ``Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)``

    Without ``on_error`` Starlette answers every refusal with 400 and no challenge. Add
    ``exception_handlers={BearerError: answer}`` where handlers ask for scopes by the token. Tokens
    are read from the header alone. Starlette closes a refused WebSocket with 1000; to tell it
    why, and to close it when its token expires, takes ``BearerMiddleware``.
    """

    def __init__(self, guard: Guard) -> None:
        unfollowed = guard.settings.for_middlewares_alone()
        if unfollowed:
            raise SettingsError(
                f"{' and '.join(unfollowed)} take BearerMiddleware: use it in place of "
                "BearerBackend, or leave it out"
            )
        self.guard = guard

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BearerUser] | None:
        """``None`` on a public path; every other path needs a good token."""
        conn.scope[asgi.GUARD_KEY], conn.scope[answers.ALONE_KEY] = self.guard, True
        try:
            token = await self.guard.check_async(AsgiRequest(conn.scope))
        except BearerError as error:
            raise _RefusedError(error) from error
        conn.scope[asgi.KEY] = token
        if token is None:
            return None
        return AuthCredentials(list(token.scopes)), BearerUser(token)

    def on_error(self, conn: HTTPConnection, error: AuthenticationError) -> Response:
        """The answer to a refused request."""
        if not isinstance(error, _RefusedError):
            raise error
        return answers.response(conn, self.guard, error.refused)


class _RefusedError(AuthenticationError):
    """A ``BearerError`` on its way through Starlette's middleware."""

    def __init__(self, refused: BearerError) -> None:
        super().__init__(refused.reason)
        self.refused = refused


__all__ = [
    "BearerBackend",
    "BearerMiddleware",
    "access_token",
    "answer",
    "require_any_scope",
    "require_scopes",
]
