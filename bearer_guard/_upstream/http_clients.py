"""Whose client carries the calls: the guard's own, the user's, or what a function of his makes.

A forked process has its parent's connections too. Two that speak on one read each other's answers,
and a token is let in by what was said of another. So a client is used in one process alone: that of
its first use. What the guard makes, or has made, it makes anew in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol, TypeGuard, cast
from weakref import WeakKeyDictionary

from bearer_guard._upstream import forks
from bearer_guard._upstream.deadline import Deadline
from bearer_guard._upstream.http_client import GivenClient, HttpClient, MakesClient
from bearer_guard._upstream.lent import Lent
from bearer_guard.errors import SettingsError
from bearer_guard.exchange import UpstreamFailure


class Clients(Protocol):
    """Where calls get their client."""

    def use(self) -> AbstractContextManager[HttpClient]:
        """The client. Raises ``UpstreamFailure`` where there is none to be used."""
        ...

    def close(self) -> None:
        """Close it, unless it is the user's."""
        ...

    def let_go(self) -> None:
        """The same, as soon as nobody uses it. Waits for nothing."""
        ...


def clients(given: GivenClient | None, connections: int, kept: int, deadline: Deadline) -> Clients:
    """For what the user gave, be it nothing. Nothing is made before the first call."""
    make: Callable[[], HttpClient]
    if given is None:
        make = partial(_new_client, connections, kept, deadline)
    elif _makes_clients(given):
        make = partial(_made_by, given)
    elif hasattr(given, "stream"):
        return _Given(cast("HttpClient", given))
    else:
        raise SettingsError(
            "http_client must be an httpx.Client, or a function that makes one: write "
            "http_client=httpx.Client(...)"
        )
    return Lent(make, lambda client: client.close())


def _makes_clients(given: GivenClient) -> TypeGuard[MakesClient]:
    # A client may be callable too, as a mock is; and a class has the methods of its instances.
    return isinstance(given, type) or (callable(given) and not hasattr(given, "stream"))


def _new_client(connections: int, kept: int, deadline: Deadline) -> HttpClient:
    import httpx

    from bearer_guard._upstream.deadline_transport import DeadlineTransport

    return httpx.Client(
        transport=DeadlineTransport(connections, kept, deadline),
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


def _made_by(function: MakesClient) -> HttpClient:
    try:
        client = function()
    except Exception as error:  # code of the user's, told by its type
        raise UpstreamFailure("http_client_unusable", error=type(error).__name__) from error
    _Given(client).check()
    return client


class _Given:
    """A client of the user's own, who closes it."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._first_used_in: int | None = None

    @contextmanager
    def use(self) -> Iterator[HttpClient]:
        self.check()
        yield self._client

    def check(self) -> None:
        """It is about to be used."""
        if self._first_used_in is None:
            self._first_used_in = _note_use(self._client)
        if self._first_used_in != forks.generation():
            raise UpstreamFailure("http_client_unusable", advice=_ADVICE)

    def close(self) -> None:
        """It is not the guard's."""

    def let_go(self) -> None:
        """Neither."""


_ADVICE = (
    "http_client was used before this process was forked: give a function that makes the client, "
    "or make both it and the guard after the fork"
)

_first_uses: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""Of each client, by whichever guard: the generation of the process."""


def _note_use(client: HttpClient) -> int:
    """The generation in which it was used first, be it this one."""
    now = forks.generation()
    try:
        return _first_uses.setdefault(client, now)
    except TypeError:
        # One that cannot be a key, of no library's: only its own guard knows it.
        return now
