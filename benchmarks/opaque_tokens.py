"""Opaque tokens: one new to the guard in 200 requests at once, and a dead one 100 times.

Counted: calls of the introspection endpoint. Timed: how long the slowest of the 200 waits, less
the latency of the server, which is a real one on a socket and takes 50 ms. That latency is what one
caller alone measures for the same call with a plain ``httpx.Client`` and an open connection, in
the same round. Each round brings a token that is new; the median over the rounds counts. The note
has the same for the least that could be done: 200 that wait for one ``Future``, which a thread
fulfils with that plain call. What this takes is the machine's, not the guard's.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx

from bearer_guard import Guard, Introspection, Issuer
from benchmarks import crowd, material
from benchmarks.row import Options, Row, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from bearer_guard.testing import AuthorizationServer

_SIZE = 200
_LATENCY = 0.05
_MARGIN = 0.010
_ROUNDS = 15
_DEAD = 100


def measure(options: Options) -> list[Row]:
    """In threads, on an event loop; then the dead one."""
    with material.server() as running, _guard(running) as guard:
        # Loads httpx, opens a connection.
        guard.authenticate(material.request(running.opaque()))
        rows = [_crowds(running, guard, threads, options) for threads in (True, False)]
        return [*rows, _dead(running, guard)]


def _guard(running: AuthorizationServer) -> Guard:
    settings: dict[str, Any] = running.introspection_settings()
    introspection = Introspection(settings.pop("endpoint"), **settings)
    return Guard(
        audience=material.AUDIENCE, issuers=[Issuer(running.issuer, introspection=introspection)]
    )


def _crowds(running: AuthorizationServer, guard: Guard, threads: bool, options: Options) -> Row:
    calls, slowest, let_in, least = [], [], [], []
    running.answer_slowly(_LATENCY)
    with httpx.Client() as plain:
        _latency(running, plain)
        for _ in range(options.rounds(_ROUNDS)):
            latency = _latency(running, plain)
            request = material.request(running.opaque())
            running.reset_counts()
            found = (
                crowd.in_threads(partial(guard.authenticate, request), _SIZE)
                if threads
                else crowd.as_tasks(partial(guard.authenticate_async, request), _SIZE)
            )
            calls.append(running.count("/introspect"))
            slowest.append(max(found.seconds) - latency)
            let_in.append(found.let_in)
            flight = _Flight(partial(_latency, running, plain))
            waited = (
                crowd.in_threads(flight.wait, _SIZE)
                if threads
                else crowd.as_tasks(flight.wait_async, _SIZE)
            )
            least.append(max(waited.seconds) - latency)
    running.answer_slowly(0)
    typical = median(slowest)
    return Row(
        f"{_SIZE} requests at once ({'threads' if threads else 'asyncio'}), one new opaque token",
        f"{max(calls)} introspection, slowest +{typical * 1e3:.1f} ms over the server's latency",
        f"1, ≤ +{_MARGIN * 1e3:.0f} ms",
        Verdict.of(set(calls) == {1} and set(let_in) == {_SIZE} and typical <= _MARGIN),
        f"{min(let_in)} let in; worst of {len(slowest)} rounds +{max(slowest) * 1e3:.1f} ms; "
        f"{_SIZE} that only wait for one Future +{median(least) * 1e3:.1f} ms",
    )


class _Flight:
    """One call, however many wait for it, and nothing else."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._future: Future[object] | None = None

    def wait(self) -> None:
        """In a thread."""
        self._board().result()

    async def wait_async(self) -> None:
        """As a task."""
        await asyncio.wrap_future(self._board())

    def _board(self) -> Future[object]:
        with self._lock:
            if self._future is None:
                pool = ThreadPoolExecutor(1)
                self._future = pool.submit(self._call)
                pool.shutdown(wait=False)
            return self._future


def _latency(running: AuthorizationServer, plain: httpx.Client) -> float:
    before = perf_counter()
    answer = plain.post(
        running.url("/introspect"),
        data={"token": running.opaque(), "token_type_hint": "access_token"},
        headers={"Authorization": f"Bearer {running.introspection_token}"},
    )
    answer.raise_for_status()
    return perf_counter() - before


def _dead(running: AuthorizationServer, guard: Guard) -> Row:
    token = running.opaque()
    running.revoke(token)
    running.reset_counts()
    outcomes = crowd.in_turn(lambda: guard.authenticate(material.request(token)), _DEAD)
    calls = running.count("/introspect")
    return Row(
        f"a dead opaque token {_DEAD} times",
        f"{calls} introspection{'' if calls == 1 else 's'}",
        "1",
        Verdict.of(calls == 1 and not outcomes.let_in),
        f"answers: {outcomes.refusals}",
    )
