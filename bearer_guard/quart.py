"""Guard a Quart application, by Quart's own conventions.

    app.config["BEARER_GUARD"] = {"audience": "https://api.example.com", "issuers": [...]}
    BearerGuard(app)

    @app.get("/orders")
    @require_scopes("orders:read")
    async def orders(): ...

``current_token`` is the ``AccessToken`` of the request or the WebSocket.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

try:
    from quart import (
        Blueprint,
        Quart,
        Response,
        current_app,
        has_websocket_context,
        request,
        websocket,
    )
except ImportError:
    raise ImportError("bearer_guard.quart needs Quart: install bearer-guard[quart]") from None
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy

from bearer_guard._expiry import POLICY_VIOLATION
from bearer_guard._flask_extension import (
    NAME,
    NoTokenError,
    from_settings,
    register,
    response,
)
from bearer_guard._flask_views import Framework, Guarded, check_view, requiring
from bearer_guard._quart_middleware import Passage, QuartMiddleware, passage
from bearer_guard._requirement import all_of, any_of
from bearer_guard.access_token import AccessToken
from bearer_guard.asgi import KEY
from bearer_guard.errors import BearerError, SettingsError
from bearer_guard.guard import Guard


class BearerGuard:
    """The extension: ``BearerGuard(app)``, or ``init_app(app)`` in a factory.

    Every request and every WebSocket needs a token from now on, static files and unknown routes
    too, unless the settings call its path ``public``. They are ``app.config["BEARER_GUARD"]``, a
    mapping as for ``Guard.from_mapping``; or ``guard`` is given ready-made. With
    ``app.errorhandler(BearerError)`` you answer refusals in your own words. A WebSocket is denied
    before it is accepted, and closed with 1008 when its token expires.

    Raises ``SettingsError``.
    """

    def __init__(self, app: Quart | None = None, *, guard: Guard | None = None) -> None:
        if app is not None:
            self.init_app(app, guard=guard)
        elif guard is not None:
            raise SettingsError("a guard goes with its application: init_app(app, guard=guard)")

    def init_app(self, app: Quart, *, guard: Guard | None = None) -> None:
        """Guard ``app``; what belongs to it is kept in ``app.extensions``."""
        middleware = QuartMiddleware(app, register(app, guard, _answer))
        app.asgi_app = middleware  # type: ignore[method-assign, assignment]
        app.preprocess_request = _checked(app.preprocess_request)  # type: ignore[method-assign]
        app.preprocess_websocket = _checked(app.preprocess_websocket)  # type: ignore[method-assign]
        if guard is None:
            # A function that is not async: Quart has a thread wait for what is still under way.
            app.after_serving(functools.partial(_close, app, middleware))


def access_token() -> AccessToken:
    """The token of the request or the WebSocket. Raises ``MissingToken`` on a public path."""
    scope: Any = _connection().scope
    _passage(scope)
    token: AccessToken | None = scope[KEY]
    if token is None:
        raise NoTokenError
    return token


current_token: AccessToken = LocalProxy(access_token)  # type: ignore[assignment]
"""The token of the request or the WebSocket; false on a public path, where there is none."""


def require_scopes(*scopes: str) -> Callable[[Guarded], Guarded]:
    """A decorator for a view that needs *all* of ``scopes``.

    For functions and methods, sync and async, HTTP and WebSocket, for ``View`` classes and their
    ``decorators``, and for blueprints: ``require_scopes("admin:all")(blueprint)``. Others are
    answered with 403 and the challenge. Above ``app.route`` it does the same as below.
    """
    return requiring(all_of(*scopes), _QUART)


def require_any_scope(*scopes: str) -> Callable[[Guarded], Guarded]:
    """The same for a view that needs *one* of ``scopes``."""
    return requiring(any_of(*scopes), _QUART)


def _connection() -> Any:
    # Not Quart's proxies: its page for a developer's errors fails on those that it cannot show.
    proxy: Any = websocket if has_websocket_context() else request
    return proxy._get_current_object()


def _app() -> Any:
    proxy: Any = current_app
    return proxy._get_current_object()


def _passage(scope: Any) -> Passage:
    return passage(scope, _app())


def _checked(preprocess: Any) -> Any:
    """Before the first function that is called for a connection: a ``url_value_preprocessor``
    may tell strangers which URLs mean something. (One of our own would fail on WebSockets.)"""

    @functools.wraps(preprocess)
    async def checked(*args: Any, **kwargs: Any) -> Any:
        _check_connection()
        return await preprocess(*args, **kwargs)

    return checked


def _check_connection() -> None:
    connection = _connection()
    seen = _passage(connection.scope)
    if seen.refused is not None:
        raise seen.refused
    if connection.path != "/" + seen.path.lstrip("/"):
        # The path that Quart goes by is not the one that the rules were asked for: it does not
        # begin with the root path, and Quart has cut something else off.
        raise NotFound
    check_view(_app(), connection, _QUART)


async def _answer(error: BearerError) -> Response | None:
    scope: Any = _connection().scope
    seen = _passage(scope)
    refusal, started = seen.guard.refusal(error), seen.started
    if not has_websocket_context():
        answer: Response = response(_app(), refusal, request.method)
        return answer
    can_deny = "websocket.http.response" in (scope.get("extensions") or {})
    if can_deny and not started.accepted and not started.answered:
        denial: Response = response(_app(), refusal, None)
        return denial
    if not started.answered:
        await websocket.close(POLICY_VIOLATION)
    return None


def _before(blueprint: Blueprint, check: Callable[[], None]) -> None:
    async def before() -> None:
        check()

    blueprint.before_request(before)
    blueprint.before_websocket(before)


def _close(app: Quart, middleware: QuartMiddleware) -> None:
    middleware.guard.close()
    # Whoever serves the application again, a test perhaps, finds a guard of its own.
    middleware.guard = app.extensions[NAME] = from_settings(app)


_QUART = Framework(access_token, _connection, _before)

__all__ = ["BearerGuard", "access_token", "current_token", "require_any_scope", "require_scopes"]
