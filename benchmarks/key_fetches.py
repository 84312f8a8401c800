"""200 requests at once, at a cold start and when a key was rotated right after a fetch.

Counted: how often the key set is fetched and how many of the 200 are let in, from 200 threads
(``authenticate``) and as 200 tasks of one event loop (``authenticate_async``). The authorization
server is real, on a socket, and takes 20 ms for an answer, so that all 200 are under way before
the first answer comes. Beside it a ``PyJWKClient`` that all requests share, and ``decode``, as
PyJWT documents it; on the event loop by ``asyncio.to_thread``, since it blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import jwt

from benchmarks import crowd, material, rivals
from benchmarks.row import Options, Row, Verdict

if TYPE_CHECKING:
    from bearer_guard.testing import AuthorizationServer
    from benchmarks.crowd import Crowd

_SIZE = 200
_LATENCY = 0.02

Check = Callable[[str], object]
AsyncCheck = Callable[[str], Awaitable[object]]


def measure(_options: Options) -> list[Row]:
    """Two situations, in threads and on an event loop."""
    return [
        _row("cold start", threads=True, rotated=False),
        _row("cold start", threads=False, rotated=False),
        _row("a key rotated just after a fetch", threads=True, rotated=True),
        _row("a key rotated just after a fetch", threads=False, rotated=True),
    ]


def _row(situation: str, *, threads: bool, rotated: bool) -> Row:
    with material.server() as running, material.guard(running) as guard:
        fetches, found = _crowd(
            running,
            lambda token: guard.authenticate(material.request(token)),
            lambda token: guard.authenticate_async(material.request(token)),
            threads=threads,
            rotated=rotated,
        )
    return Row(
        f"{_SIZE} requests at once ({'threads' if threads else 'asyncio'}), {situation}",
        f"{_told(fetches)}, {found.let_in} let in",
        f"1 fetch, {_SIZE} let in",
        Verdict.of(fetches == 1 and found.let_in == _SIZE),
        _rival(threads=threads, rotated=rotated),
    )


def _rival(*, threads: bool, rotated: bool) -> str:
    with material.server() as running:
        client = jwt.PyJWKClient(running.url("/jwks"))
        check = partial(rivals.checked_by_hand, client, running.issuer)
        in_a_thread = partial(asyncio.to_thread, check)
        fetches, found = _crowd(running, check, in_a_thread, threads=threads, rotated=rotated)
    why = f" ({found.refusals})" if found.refusals else ""
    return f"PyJWKClient: {_told(fetches)}, {found.let_in} let in{why}"


def _crowd(
    running: AuthorizationServer,
    check: Check,
    check_async: AsyncCheck,
    *,
    threads: bool,
    rotated: bool,
) -> tuple[int, Crowd]:
    """How often the key set was fetched, and what became of the requests."""
    token = material.token(running)
    if rotated:
        check(token)
        running.rotate_keys()
        token = material.token(running)
    running.reset_counts()
    running.answer_slowly(_LATENCY)
    found = (
        crowd.in_threads(partial(check, token), _SIZE)
        if threads
        else crowd.as_tasks(partial(check_async, token), _SIZE)
    )
    return running.count("/jwks"), found


def _told(fetches: int) -> str:
    return f"{fetches} fetch" if fetches == 1 else f"{fetches} fetches"
