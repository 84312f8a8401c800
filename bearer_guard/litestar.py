"""Guard a Litestar application, in Litestar's own terms.

    app = Litestar([...], plugins=[BearerPlugin(guard)])

    @get("/orders", guards=[require_scopes("orders:read")])
    async def orders(token: NamedDependency[AccessToken]) -> ...

``request.auth`` is the token, ``request.user.identity`` tells whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    from litestar import Request, Response
    from litestar.concurrency import sync_to_thread
    from litestar.config.app import AppConfig
    from litestar.connection import ASGIConnection
    from litestar.di import Provide
    from litestar.enums import ScopeType
    from litestar.handlers import BaseRouteHandler
    from litestar.plugins import InitPlugin, ReceiveRoutePlugin
    from litestar.routes import BaseRoute
    from litestar.types import Guard as LitestarGuard
    from litestar.types import Scope
except ImportError:
    raise ImportError(
        "bearer_guard.litestar needs Litestar: install bearer-guard[litestar]"
    ) from None

from bearer_guard import _litestar_openapi as openapi
from bearer_guard import asgi
from bearer_guard._litestar_router import backstop, stand_around_router
from bearer_guard._openapi_scheme import Places
from bearer_guard._requirement import Requirement, all_of, any_of
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError, SettingsError
from bearer_guard.guard import Guard


class BearerPlugin(InitPlugin, ReceiveRoutePlugin):
    """Every request and WebSocket needs a token: ``Litestar(plugins=[BearerPlugin(guard)])``.

    Those that match no route, too. A WebSocket is closed when its token expires. A
    ``BearerError`` that a handler, a dependency or a Litestar guard raises becomes the guard's
    answer; ``exception_handlers={BearerError: ...}`` of your own come first. When the application
    shuts down, the guard's connections are closed.

    Args:
        guard: judges the requests.
        dependency_key: handlers and dependencies with a parameter of this name are given the
            ``AccessToken``. ``None`` for no such dependency.
        authorization_url, token_url, refresh_url: the issuer's endpoints, for the OpenAPI
            document. ``token_url`` alone is for clients without users.
        openid_connect_url: the issuer's metadata in their place. By default the well-known URL
            of the guard's first issuer.
        scopes: what a client may ask for, by name, with a description each. Those of the guard's
            rules are added.
        scheme_name: names the security scheme in the document.
        description: tells of it there.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        dependency_key: str | None = "token",
        authorization_url: str | None = None,
        token_url: str | None = None,
        refresh_url: str | None = None,
        openid_connect_url: str | None = None,
        scopes: Mapping[str, str] | None = None,
        scheme_name: str = "Bearer",
        description: str | None = None,
    ) -> None:
        self.guard = guard
        self._dependency_key = dependency_key
        self._scheme_name = scheme_name
        places = Places(
            authorization_url=authorization_url,
            token_url=token_url,
            refresh_url=refresh_url,
            openid_connect_url=openid_connect_url,
            scopes=scopes or {},
            description=description,
        )
        self._scheme = openapi.security_scheme(places.scheme(guard.settings))

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Litestar calls it, with the application's settings."""
        if sum(isinstance(plugin, BearerPlugin) for plugin in app_config.plugins) > 1:
            raise SettingsError(
                "an application has one BearerPlugin: write the issuers of both in one Guard, or "
                "put bearer_guard.asgi.BearerMiddleware around the application"
            )
        app_config.middleware.insert(0, backstop(self.guard))
        app_config.after_exception.append(_pass_on)
        app_config.on_shutdown.append(self._close)
        app_config.exception_handlers = {BearerError: answer, **app_config.exception_handlers}
        if self._dependency_key is not None:
            provide = Provide(_access_token, sync_to_thread=False)
            app_config.dependencies.setdefault(self._dependency_key, provide)
        if app_config.openapi_config is not None:
            app_config.openapi_config = openapi.with_scheme(
                app_config.openapi_config, self._scheme_name, self._scheme
            )
        return app_config

    def receive_route(self, route: BaseRoute) -> None:
        """Litestar calls it, with each route."""
        handlers: Any = getattr(route, "route_handlers", None) or [getattr(route, "route_handler")]  # noqa: B009
        for handler in handlers:
            stand_around_router(handler.app, self.guard)
            needed = _scopes_of(handler)
            if needed and hasattr(handler, "security"):
                openapi.name_scopes(handler, self._scheme_name, needed)

    async def _close(self) -> None:
        await sync_to_thread(self.guard.close)


class _Requires:
    """A guard, in Litestar's sense."""

    def __init__(self, require: Requirement, scopes: tuple[str, ...] = ()) -> None:
        self._require = require
        self.scopes = scopes
        """All that are needed, for the OpenAPI document."""

    # Litestar has another thread call what is not async.
    async def __call__(
        self,
        connection: ASGIConnection[Any, Any, Any, Any],
        route_handler: BaseRouteHandler,  # noqa: ARG002 - Litestar hands it over
    ) -> None:
        self._require(access_token(connection))


def require_scopes(*scopes: str) -> LitestarGuard:
    """A guard for ``guards=[...]`` of handlers, controllers, routers: *all* of ``scopes``.

    Others are answered with 403 and the challenge; a WebSocket is denied before it is accepted.
    """
    return _Requires(all_of(*scopes), scopes)


def require_any_scope(*scopes: str) -> LitestarGuard:
    """The same where *one* of ``scopes`` is needed."""
    return _Requires(any_of(*scopes))


def access_token(connection: ASGIConnection[Any, Any, Any, Any]) -> AccessToken:
    """The token of a request or WebSocket. Raises ``MissingToken`` on a public path."""
    _guard_of(connection)
    return asgi.access_token(connection.scope)  # type: ignore[arg-type]


def answer(request: Request[Any, Any, Any], error: BearerError) -> Response[bytes]:
    """The guard's answer to ``error``: an exception handler, which ``BearerPlugin`` registers."""
    refusal = _guard_of(request, error).refusal(error)
    body = refusal.body_for(request.method)
    return Response(body, status_code=refusal.status, headers=dict(refusal.headers))


def _guard_of(
    connection: ASGIConnection[Any, Any, Any, Any], error: BearerError | None = None
) -> Guard:
    guard: Guard | None = connection.scope.get(asgi.GUARD_KEY)  # type: ignore[assignment]
    if guard is None:
        raise RuntimeError(
            "no guard has seen this request: write Litestar(plugins=[BearerPlugin(guard)])"
        ) from error
    return guard


def _access_token(scope: Scope) -> AccessToken:
    return asgi.access_token(scope)  # type: ignore[arg-type]


async def _pass_on(error: Exception, scope: Scope) -> None:
    """Litestar's own answer to an exception of a WebSocket is to close it with 4500. The
    middleware has a better one."""
    if isinstance(error, BearerError) and scope["type"] == ScopeType.WEBSOCKET:
        raise error


def _scopes_of(handler: Any) -> list[str]:
    scopes: list[str] = []
    for layer in handler.ownership_layers:
        for guard in layer.guards or ():
            if guard in (require_scopes, require_any_scope):
                raise SettingsError(f"{handler}: write guards=[require_scopes(...)], with scopes")
            if isinstance(guard, _Requires):
                scopes += guard.scopes
    return scopes


__all__ = ["BearerPlugin", "access_token", "answer", "require_any_scope", "require_scopes"]
