"""Guard a FastAPI application, route by route or as a whole.

    bearer = Bearer(guard)

    @app.get("/orders")
    async def orders(token: AccessToken = Security(bearer, scopes=["orders:read"])): ...

Nothing else is to be set up. With ``app.add_middleware(BearerMiddleware, guard=guard)`` every
path needs a token, a token is checked once, and a WebSocket is closed when its token expires.
"""
# FastAPI reads the annotations of an object's __call__ as they stand: no annotations as strings.

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

try:
    from fastapi import Depends
    from fastapi.openapi import models
    from fastapi.security import OAuth2, SecurityScopes
except ImportError:
    raise ImportError("bearer_guard.fastapi needs FastAPI: install bearer-guard[fastapi]") from None
from starlette.requests import HTTPConnection
from starlette.types import Scope

from bearer_guard._openapi_scheme import Places
from bearer_guard._requirement import any_of
from bearer_guard._starlette_answers import ALONE_KEY, answer
from bearer_guard.access_token import AccessToken
from bearer_guard.asgi import GUARD_KEY, KEY, AsgiRequest, BearerMiddleware, is_around
from bearer_guard.errors import BearerError, MissingToken
from bearer_guard.guard import Guard
from bearer_guard.starlette import access_token

_MODELS: dict[str, type[models.SecurityBase]] = {
    "oauth2": models.OAuth2,
    "openIdConnect": models.OpenIdConnect,
    "http": models.HTTPBearer,
}


class Bearer(OAuth2):
    """A security scheme: ``Security(bearer, scopes=[...])`` gives the ``AccessToken``.

    On HTTP and WebSocket routes, in dependencies of any depth, ``Depends(bearer)`` where no
    scope is asked for. Scopes of enclosing dependencies count as well. A request that is not let
    in gets the guard's own answer; register a handler for ``BearerError`` to write another.
    The guard's ``rules`` and ``required_scopes`` hold here too.

    Args:
        guard: judges the token.
        authorization_url, token_url, refresh_url: the issuer's endpoints, for the OpenAPI
            document; Swagger UI logs in there. ``token_url`` alone is for clients without users.
        openid_connect_url: the issuer's metadata in their place. By default the well-known URL
            of the guard's first issuer.
        scopes: what Swagger UI offers to ask for, by name, with a description each. Those of
            the guard's rules are added.
        scheme_name: names the scheme in the document; two schemes need two names.
        description: tells of it there.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        authorization_url: str | None = None,
        token_url: str | None = None,
        refresh_url: str | None = None,
        openid_connect_url: str | None = None,
        scopes: Mapping[str, str] | None = None,
        scheme_name: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(scheme_name=scheme_name)
        self.guard = guard
        places = Places(
            authorization_url=authorization_url,
            token_url=token_url,
            refresh_url=refresh_url,
            openid_connect_url=openid_connect_url,
            scopes=scopes or {},
            description=description,
        )
        found = places.scheme(guard.settings)
        self.model = _MODELS[found["type"]](**found)

    async def __call__(  # type: ignore[override]
        self, connection: HTTPConnection, security_scopes: SecurityScopes
    ) -> AccessToken:
        """The dependency. Raises a ``BearerError``."""
        scope = connection.scope
        _have_errors_answered(scope)
        needed = tuple(dict.fromkeys(security_scopes.scopes))
        token = await self._token(scope, needed)
        token.require_scopes(*needed)
        return token

    def require_any_scope(self, *scopes: str) -> Callable[..., Awaitable[AccessToken]]:
        """``Depends(bearer.require_any_scope("clerk", "admin"))``: *one* of them is needed."""
        require = any_of(*scopes)

        async def token_with_any_scope(token: Annotated[AccessToken, Depends(self)]) -> AccessToken:
            require(token)
            return token

        return token_with_any_scope

    async def _token(self, scope: Scope, needed: tuple[str, ...]) -> AccessToken:
        if scope.get(GUARD_KEY) is not self.guard:
            # What another guard let in says nothing to this one.
            if not is_around(self.guard, scope):
                self._check_that_no_middleware_is_needed()
            scope[GUARD_KEY], scope[KEY], scope[ALONE_KEY] = self.guard, None, True
        token: AccessToken | None = scope[KEY]
        if token is None:
            token = scope[KEY] = await self._authenticate(AsgiRequest(scope), needed)
        return token

    async def _authenticate(self, request: AsgiRequest, needed: tuple[str, ...]) -> AccessToken:
        try:
            token = await self.guard.check_async(request)
            # Public by its path, but this route asks for a token all the same.
            return await self.guard.authenticate_async(request) if token is None else token
        except MissingToken as error:
            error.scopes = tuple(dict.fromkeys((*error.scopes, *needed)))
            raise

    def _check_that_no_middleware_is_needed(self) -> None:
        unfollowed = self.guard.settings.for_middlewares_alone()
        if unfollowed:
            raise RuntimeError(
                f"{' and '.join(unfollowed)} take the middleware: write "
                "app.add_middleware(BearerMiddleware, guard=guard)"
            )


def _have_errors_answered(scope: Scope) -> None:
    """As ``app.add_exception_handler(BearerError, answer)`` does it, save that nobody has to."""
    handlers: Any = scope.get("starlette.exception_handlers")
    if handlers is not None:
        handlers[0].setdefault(BearerError, answer)


__all__ = ["Bearer", "BearerMiddleware", "access_token", "answer"]
