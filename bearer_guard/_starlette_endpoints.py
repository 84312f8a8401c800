"""Endpoints that ask for scopes: functions, methods and endpoint classes of Starlette."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket

from bearer_guard import _starlette_answers as answers
from bearer_guard import asgi
from bearer_guard._requirement import Requirement
from bearer_guard.errors import BearerError

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def requiring(require: Requirement) -> Callable[[Endpoint], Endpoint]:
    """A decorator for endpoints; ``require`` raises where the token grants too little."""

    def decorate(endpoint: Any) -> Any:
        if isinstance(endpoint, type):
            # It is an ASGI application, and this is what Starlette awaits.
            setattr(endpoint, "dispatch", _guarded_dispatch(endpoint, require))  # noqa: B010
            return endpoint
        if inspect.iscoroutinefunction(endpoint):
            return _guarded_async(endpoint, require)
        return _guarded_sync(endpoint, require)

    return decorate


def _guarded_dispatch(endpoint: Any, require: Requirement) -> Any:
    dispatch = endpoint.dispatch

    @functools.wraps(dispatch)
    async def guarded(self: Any) -> None:
        is_http = self.scope["type"] == "http"
        connection = (
            HTTPConnection(self.scope)
            if is_http
            else WebSocket(self.scope, self.receive, self.send)
        )
        error = _unmet(connection, require)
        if error is None:
            await dispatch(self)
            return
        refused = await _refused(connection, error)
        if refused is not None:
            await refused(self.scope, self.receive, self.send)

    return guarded


def _guarded_async(endpoint: Any, require: Requirement) -> Any:
    @functools.wraps(endpoint)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        connection = _connection(endpoint, args, kwargs)
        error = _unmet(connection, require)
        if error is None:
            return await endpoint(*args, **kwargs)
        return await _refused(connection, error)

    return guarded


def _guarded_sync(endpoint: Any, require: Requirement) -> Any:
    @functools.wraps(endpoint)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        connection = _connection(endpoint, args, kwargs)
        error = _unmet(connection, require)
        if error is None:
            return endpoint(*args, **kwargs)
        return answers.response(connection, answers.guard_of(connection, error), error)

    return guarded


def _connection(endpoint: Any, args: Any, kwargs: Any) -> HTTPConnection:
    for value in (*args, *kwargs.values()):
        if isinstance(value, HTTPConnection):
            return value
    raise TypeError(
        f"{endpoint!r} needs a parameter request or websocket for its scopes to be checked: add one"
    )


def _unmet(connection: HTTPConnection, require: Requirement) -> BearerError | None:
    try:
        require(asgi.access_token(connection.scope))
    except BearerError as error:
        return error
    return None


async def _refused(connection: HTTPConnection, error: BearerError) -> Response | None:
    """The answer to a request; a WebSocket is answered here and now."""
    guard = answers.guard_of(connection, error)
    if not isinstance(connection, WebSocket):
        return answers.response(connection, guard, error)
    await answers.refuse_websocket(connection, guard, error)
    return None
