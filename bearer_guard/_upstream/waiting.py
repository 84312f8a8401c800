"""Waiting for a flight: in a thread, or on any event loop without holding it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary


def wait(future: Future[Any], patience: float) -> bool:
    """Whether the flight landed within ``patience`` seconds."""
    return bool(wait_for((future,), timeout=patience).done)


async def wait_async(future: Future[Any], patience: float) -> bool:
    """The same, awaited. Cancelling it leaves the flight in the air."""
    import anyio

    landed = anyio.Event()
    wake = _waker(landed.set)
    waiting = _who_waits_for(future)
    waiting.add(wake)
    try:
        # What landed before that looked for nobody.
        if not future.done():
            with anyio.move_on_after(patience):
                await landed.wait()
    finally:
        # A flight may hang for ever; who waited for it in vain leaves nothing there.
        waiting.discard(wake)
    return future.done()


_waiting: WeakKeyDictionary[Future[Any], set[Callable[[], None]]] = WeakKeyDictionary()


def _who_waits_for(future: Future[Any]) -> set[Callable[[], None]]:
    """On event loops: all of them are woken when it lands. A future's own callbacks, which cannot
    be taken back, would pile up."""
    waiting = _waiting.get(future)
    if waiting is None:
        # Where two threads come here at once, there are two of them, and both are woken.
        waiting = _waiting[future] = set()
        future.add_done_callback(partial(_wake_all, waiting))
    return waiting


def _wake_all(waiting: set[Callable[[], None]], _: Future[Any]) -> None:
    for wake in list(waiting):
        wake()


def _waker(action: Callable[[], object]) -> Callable[[], None]:
    """A function for another thread that runs ``action`` on the running event loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _trio_waker(action)

    def wake() -> None:
        # A loop that has been closed since has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(action)

    return wake


def _trio_waker(action: Callable[[], object]) -> Callable[[], None]:
    import trio

    token = trio.lowlevel.current_trio_token()

    def wake() -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(action)

    return wake
