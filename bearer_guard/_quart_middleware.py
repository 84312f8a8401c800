"""The guard around a Quart application, which answers refusals itself: by its error handlers,
and through its ``after_request`` functions, so that scripts of other origins can read them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.exceptions import HTTPException

from bearer_guard._asgi_connection import Started
from bearer_guard.asgi import GUARD_KEY, KEY, AsgiRequest, BearerMiddleware
from bearer_guard.errors import BearerError
from bearer_guard.guard import Guard

_PASSAGE = "bearer_guard.passage"


class Passage(NamedTuple):
    """How a connection came into the application."""

    app: Any
    guard: Guard
    refused: BearerError | None
    """What the application has to raise before it does anything."""
    path: str
    """What the guard took for the path."""
    started: Started


def passage(scope: Any, app: Any) -> Passage:
    """Raises ``RuntimeError`` where no guard of ``app`` has seen the connection."""
    found: Passage | None = scope.get(_PASSAGE)
    if found is None or found.app is not app:
        raise RuntimeError(
            "no guard has seen this request: write BearerGuard(app), and let requests come through "
            "app.asgi_app, as those of servers and of app.test_client() do"
        )
    return found


class QuartMiddleware(BearerMiddleware):
    """``app.asgi_app = QuartMiddleware(app, guard)``."""

    def __init__(self, app: Any, guard: Guard) -> None:
        super().__init__(self._let_in, guard)
        self._quart = app
        self._inner: ASGIApp = app.asgi_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        scope.pop(_PASSAGE, None)
        target: str = scope.get("path", "/")
        if not target.startswith("/"):
            scope = {**scope, "path": _path_of(target)}
        await super().__call__(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            # The client has left, or the guard has ended it all: Quart hears so where it listens,
            # and takes what a send raises for a bug of the view's.
            with suppress(OSError):
                await send(message)

        await self._pass(None, scope, receive, Started(send_on))

    async def _refuse(self, error: BearerError, scope: Scope, started: Started) -> None:
        if started.answered or _PASSAGE in scope:
            # It was let in, and something between here and Quart has raised.
            await super()._refuse(error, scope, started)
            return
        scope[KEY], scope[GUARD_KEY] = None, self.guard
        unheard, answers = _Unheard(scope, started), True
        try:
            await self._pass(error, scope, unheard.receive, Started(unheard.send))
        except* (BearerError, HTTPException, UnicodeError):
            # Something between has refused it too, or it is nothing that Quart can make a request
            # of: its Host is none, perhaps. (Quart on trio raises groups.)
            answers = False
        if not answers:
            await super()._refuse(error, scope, started)

    async def _pass(
        self, refused: BearerError | None, scope: Scope, receive: Receive, started: Started
    ) -> None:
        path = AsgiRequest(scope).path
        scope[_PASSAGE] = Passage(self._quart, self.guard, refused, path, started)
        await self._inner(scope, receive, started)


def _path_of(target: str) -> str:
    """Some servers hand a whole URL on (RFC 9112 section 3.2.2). Quart looks for the path in it
    too; it is to find what the guard has found."""
    with suppress(ValueError):
        path = urlsplit(target).path or "/"
        if path.startswith("/"):
            return path
    return f"/{target}"


class _Unheard:
    """A refused client, as Quart sees it: what it still sends stays unread, where Quart would take
    all of it in. It leaves when it is answered."""

    def __init__(self, scope: Scope, started: Started) -> None:
        self._kind: str = scope["type"]
        self._started = started
        self._is_there = False
        self._answered = anyio.Event()

    async def receive(self) -> Message:
        if self._is_there:
            await self._answered.wait()
            return {"type": f"{self._kind}.disconnect"}
        self._is_there = True
        if self._kind == "websocket":
            return {"type": "websocket.connect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        await self._started(message)
        is_body = message["type"].endswith("response.body")
        if message["type"] == "websocket.close" or (is_body and not message.get("more_body")):
            self._answered.set()
