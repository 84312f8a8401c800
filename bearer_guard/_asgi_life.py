"""The life of a connection that lasts longer than a request: as long as its token's, no longer."""

from __future__ import annotations

import math
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope
from starlette.websockets import WebSocketDisconnect

from bearer_guard._asgi_connection import Started
from bearer_guard._expiry import LOOK_AGAIN
from bearer_guard.access_token import AccessToken

SecondsLeft = Callable[[AccessToken], float | None]


class ConnectionEnded(OSError):
    """What an application hears that sends on: servers say so when the client has left."""


_SAID_BY_US = (ConnectionEnded, ClientDisconnect, WebSocketDisconnect)
"""The same, and what Starlette makes of it: no failure of an application."""


class Expiry:
    """When a token expires: by the wall clock or by the loop's, whichever says so first.

    The loop's clock stands still while a machine sleeps, and the wall clock may be set back.
    """

    def __init__(self, seconds_left: SecondsLeft, token: AccessToken) -> None:
        self._seconds_left = seconds_left
        self._sleeping: anyio.CancelScope | None = None
        self.set(token)

    def set(self, token: AccessToken) -> None:
        """From now on it is ``token`` that counts."""
        self.token = token
        self._until = anyio.current_time() + self._by_wall_clock()
        if self._sleeping is not None:
            self._sleeping.cancel()

    async def passed(self) -> None:
        """Return when the token has expired."""
        while (left := min(self._by_wall_clock(), self._until - anyio.current_time())) > 0:
            with anyio.CancelScope() as self._sleeping:
                await anyio.sleep(min(left, LOOK_AGAIN))

    def _by_wall_clock(self) -> float:
        left = self._seconds_left(self.token)
        return math.inf if left is None else left


class Life:
    """A connection that its guard may end: the application hears that the client has left."""

    left: Message
    """How the protocol tells an application that its client left."""

    def __init__(self, receive: Receive, started: Started) -> None:
        self._receive = receive
        self._started = started
        self._waiting: set[anyio.CancelScope] = set()
        self._why: str | None = None
        self.timed = False
        """Whether anything runs beside the application."""
        self.failure: Exception | None = None
        """What went wrong at the guard's side, for the server to hear."""

    @property
    def ended(self) -> bool:
        """Whether the guard ended it."""
        return self._why is not None

    def begin(self, tasks: TaskGroup) -> None:
        """The application is about to be called, within ``tasks``."""

    def leave(self, why: str) -> None:
        """End it, for the application: nothing that the client still sends is for it."""
        self._why = why
        for waiting in self._waiting:
            waiting.cancel()

    async def receive(self) -> Message:
        """For the application."""
        if not self.ended:
            with anyio.CancelScope() as waiting:
                self._waiting.add(waiting)
                try:
                    message = await self._receive()
                finally:
                    self._waiting.remove(waiting)
                if not self.ended:
                    return message
        return self.left

    async def send(self, message: Message) -> None:
        """For the application."""
        if self._why is not None:
            raise ConnectionEnded(self._why)
        await self._started(message)


async def run(
    app: ASGIApp, scope: Scope, receive: Receive, started: Started, life: Life | None
) -> None:
    """Run ``app``; its connection has the life that is given, or one without end."""
    if life is None:
        await app(scope, receive, started)
        return
    # The application's error, kept free of the group's wrapping.
    failure: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        life.begin(tasks)
        try:
            await app(scope, life.receive, life.send)
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - raised below
            failure = error
        if life.timed:
            tasks.cancel_scope.cancel()
    if life.ended and failure is not None:
        failure = _without_ours(failure)
    failure = failure or life.failure
    if failure is not None:
        raise failure


def _without_ours(failure: BaseException) -> BaseException | None:
    if isinstance(failure, BaseExceptionGroup):
        return failure.split(_SAID_BY_US)[1]
    return None if isinstance(failure, _SAID_BY_US) else failure
