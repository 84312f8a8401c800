"""Guard an aiohttp application.

    setup(app, guard)

    @routes.get("/orders")
    @require_scopes("orders:read")
    async def orders(request): ...

``access_token(request)`` is the token.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any, TypeVar

try:
    from aiohttp import web
    from aiohttp.typedefs import Handler
except ImportError:
    raise ImportError("bearer_guard.aiohttp needs aiohttp: install bearer-guard[aiohttp]") from None

from bearer_guard._aiohttp_connection import Connection
from bearer_guard._aiohttp_request import AiohttpRequest, prefix_of, request_key
from bearer_guard._requirement import Requirement, all_of, any_of
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError, MissingToken, SettingsError
from bearer_guard.guard import Guard

KEY = request_key("bearer_guard.token", AccessToken)
"""Where a request holds the ``AccessToken``: nowhere on a public path."""
GUARD_KEY = request_key("bearer_guard.guard", Guard)
"""Where a request holds the ``Guard`` that let it in."""
_CONNECTIONS = request_key("bearer_guard.connections", dict)

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


def setup(app: web.Application, guard: Guard) -> None:
    """Have every request and every WebSocket of ``app`` need a token.

    Those that match no route, too. The guard's middleware comes before those that ``app`` has
    already. A WebSocket is refused before it is accepted, and closed when its token expires. A
    ``BearerError`` that a handler raises becomes the guard's answer. At the application's cleanup
    the guard's connections are closed.

    Raises ``RuntimeError`` for an application that has started or is part of another already, and
    ``SettingsError`` for a guard with ``websocket_renewal``: in aiohttp nobody can read ahead of
    the handler.
    """
    if guard.settings.websocket_renewal:
        raise SettingsError(
            "websocket_renewal is not for aiohttp: leave it out, and have clients connect anew"
        )
    if app.pre_frozen:
        raise RuntimeError(
            "setup(app, guard) comes too late: write it before the application starts, and before "
            "add_subapp() makes it a part of another"
        )
    guarding = _Guarding(guard)
    app.middlewares.insert(0, guarding.middleware)
    app.on_response_prepare.append(guarding.on_response_prepare)
    app.on_cleanup.append(guarding.on_cleanup)


class _Guarding:
    """A guard at its place in one application."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._prefix: str | None = None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """One request."""
        if self._prefix is None:
            # An application is mounted once, and before it starts.
            self._prefix = prefix_of(request)
        connection = Connection(self._guard, request, self._prefix)
        request.setdefault(_CONNECTIONS, {})[self] = connection
        try:
            token = await connection.check()
            request[GUARD_KEY] = self._guard
            request.pop(KEY, None)
            if token is not None:
                request[KEY] = token
            return await connection.run(handler)
        except BearerError as error:
            return await connection.refuse(error)
        finally:
            await connection.end()

    async def on_response_prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """A response is about to begin, whether a handler prepares it or returns it."""
        connection = request.get(_CONNECTIONS, {}).get(self)
        if connection is not None:
            await connection.begin(response)

    async def on_cleanup(self, _app: web.Application) -> None:
        """The application has ended."""
        await asyncio.to_thread(self._guard.close)


def access_token(request: web.BaseRequest) -> AccessToken:
    """The request's token. Raises ``MissingToken`` on a public path."""
    token: AccessToken | None = request.get(KEY)
    if token is not None:
        return token
    if GUARD_KEY not in request:
        raise RuntimeError("no guard has seen this request: write setup(app, guard)")
    raise MissingToken("path_is_public")


def require_scopes(*scopes: str) -> Callable[[_Endpoint], _Endpoint]:
    """A decorator for a handler that needs *all* of ``scopes``.

    For functions and methods that take a ``request``, below the route's own decorator, and for
    ``web.View`` classes and their methods. Others are answered with 403 and the challenge.
    """
    return _requiring(all_of(*scopes))


def require_any_scope(*scopes: str) -> Callable[[_Endpoint], _Endpoint]:
    """The same for a handler that needs *one* of ``scopes``."""
    return _requiring(any_of(*scopes))


def _requiring(require: Requirement) -> Callable[[_Endpoint], _Endpoint]:
    def decorate(endpoint: Any) -> Any:
        return (_guarded_view if isinstance(endpoint, type) else _guarded)(endpoint, require)

    return decorate


def _guarded_view(view: Any, require: Requirement) -> Any:
    if not issubclass(view, web.View):
        raise TypeError(f"{view!r} is no web.View: decorate its methods")
    answering = view.__await__

    @functools.wraps(answering)
    def guarded(self: Any) -> Any:
        require(access_token(self.request))
        return answering(self)

    # What aiohttp awaits, whatever the method.
    view.__await__ = guarded
    return view


def _guarded(handler: Any, require: Requirement) -> Any:
    @functools.wraps(handler)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        require(access_token(_request(handler, (*args, *kwargs.values()))))
        return await handler(*args, **kwargs)

    return guarded


def _request(handler: Any, given: tuple[Any, ...]) -> web.BaseRequest:
    for value in given:
        if isinstance(value, web.View):
            return value.request
        if isinstance(value, web.BaseRequest):
            return value
    raise TypeError(f"{handler!r} needs a request for its scopes to be checked: add the parameter")


__all__ = [
    "GUARD_KEY",
    "KEY",
    "AiohttpRequest",
    "access_token",
    "require_any_scope",
    "require_scopes",
    "setup",
]
