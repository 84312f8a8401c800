"""Fetches at start-up what the first requests would have to wait for.

By the same flights, with the same back-off and deadlines as any request: what is known and fresh
is not asked for again, and an issuer that has just failed is not pressed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from bearer_guard._core.needs import KeysNeeded
from bearer_guard._core.plain_text import in_a_line
from bearer_guard._core.trust import IssuerRules, TrustedIssuer
from bearer_guard._running.introspector import Introspector
from bearer_guard._running.key_keeper import KeyKeeper
from bearer_guard._running.parts import Parts
from bearer_guard._upstream.waiting import wait, wait_async
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError
from bearer_guard.exchange import UpstreamFailure

_AT_ONCE = 8
"""As many as there are threads for it: one that waits for a thread waits on its own time."""


class Flight(NamedTuple):
    """Something to wait for, until a moment (``time.monotonic``)."""

    future: Future[Any]
    until: float


Warming = Generator[Flight, bool, None]
"""Yields what is to be waited for, hears whether it landed. Raises at the end, if at all."""


class _Task(NamedTuple):
    """One thing to fetch for one issuer."""

    issuer: str
    patience: float
    board: Callable[[], object]
    """The flight, or what is known already. Raises a ``BearerError``."""
    settle: Callable[[bool, Future[Any]], object]
    """Raises a ``BearerError`` where the flight brought nothing."""
    may_lack: str | None = None
    """A member of the metadata that this issuer can do without."""

    def is_failed_by(self, error: BearerError) -> bool:
        return self.may_lack is None or error.details.get("member") != self.may_lack


def warm_up(parts: Parts) -> Warming:
    """Metadata and keys of every exact issuer, and the introspection endpoint.

    Raises ``AuthorizationServerUnavailable`` after all were tried, and names those that failed.
    """
    failed: dict[str, BearerError] = {}
    tasks = iter(_tasks(parts))
    while batch := list(islice(tasks, _AT_ONCE)):
        yield from _fetch(batch, failed)
    if failed:
        raise _unavailable(failed)


def run(parts: Parts) -> None:
    """``warm_up``, blocking the thread."""
    told = warm_up(parts)
    with suppress(StopIteration):
        flight = next(told)
        while True:
            flight = told.send(wait(flight.future, flight.until - time.monotonic()))


async def run_async(parts: Parts) -> None:
    """The same on an event loop."""
    told = warm_up(parts)
    with suppress(StopIteration):
        flight = next(told)
        while True:
            landed = await wait_async(flight.future, flight.until - time.monotonic())
            flight = told.send(landed)


def _tasks(parts: Parts) -> Iterator[_Task]:
    for rules, introspector in parts.introspectors.items():
        yield _endpoint_task(rules, introspector)
    for issuer in parts.trust.exact.values():
        yield _keys_task(issuer, parts.keeper)


def _keys_task(issuer: TrustedIssuer, keeper: KeyKeeper) -> _Task:
    return _Task(
        issuer.identifier,
        issuer.rules.settings.upstream.timeout,
        lambda: keeper.keys(KeysNeeded(issuer)),
        lambda _landed, _flight: keeper.settled(issuer),
        # Its tokens may all be referential: then it publishes no keys.
        "jwks_uri" if issuer.rules.settings.introspection else None,
    )


def _endpoint_task(rules: IssuerRules, introspector: Introspector) -> _Task:
    def settle(landed: bool, flight: Future[Any]) -> None:
        failure = UpstreamFailure("upstream_timeout")
        if landed:
            try:
                flight.result()
                return
            except UpstreamFailure as caught:
                failure = caught
        raise introspector.unavailable(failure)

    patience = rules.settings.upstream.timeout
    return _Task(rules.settings.issuer, patience, introspector.find_endpoint, settle)


def _fetch(tasks: Iterable[_Task], failed: dict[str, BearerError]) -> Warming:
    flying: list[tuple[_Task, Flight]] = []
    for task in tasks:
        try:
            flight = task.board()
        except BearerError as error:
            if task.is_failed_by(error):
                failed.setdefault(task.issuer, error)
        else:
            if isinstance(flight, Future):
                flying.append((task, Flight(flight, time.monotonic() + task.patience)))
    for task, flight in flying:
        landed = yield flight
        try:
            task.settle(landed, flight.future)
        except BearerError as error:
            if task.is_failed_by(error):
                failed.setdefault(task.issuer, error)


def _unavailable(failed: Mapping[str, BearerError]) -> AuthorizationServerUnavailable:
    first = next(iter(failed.values()))
    error = AuthorizationServerUnavailable(
        first.reason,
        retry_after=max(getattr(each, "retry_after", 1) for each in failed.values()),
        issuers={issuer: each.reason for issuer, each in failed.items()},
    )
    for issuer, each in failed.items():
        facts = {name: value for name, value in each.details.items() if name != "issuer"}
        error.add_note(f"{issuer}: {each.reason}{in_a_line(facts)}")
    return error
