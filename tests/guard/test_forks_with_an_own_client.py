"""A client that the user gave, in forked processes: two must never speak on one connection."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bearer_guard import Guard, Introspection, Issuer
from bearer_guard.testing import AuthorizationServer
from guard.test_forks_of_a_guard import in_a_child
from key_life.world import JWKS, verdict

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
UNUSABLE = "503 http_client_unusable"

NewGuard = Callable[[Any], Guard]


@pytest.fixture
def new_guard(authorization_server: AuthorizationServer) -> Iterator[NewGuard]:
    """Guards that keep no answers: each opaque token is asked about."""
    server, guards = authorization_server, []
    settings = server.introspection_settings(cache_for=0, cache_inactive_for=0)

    def make(http_client: Any) -> Guard:
        issuer = Issuer(server.issuer, introspection=Introspection(**settings))
        guards.append(Guard(audience=server.audience, issuers=[issuer], http_client=http_client))
        return guards[-1]

    yield make
    for guard in guards:
        guard.close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


class Maker:
    """A function that makes clients, and remembers them."""

    def __init__(self) -> None:
        self.made: list[httpx.Client] = []

    def __call__(self) -> httpx.Client:
        self.made.append(httpx.Client())
        return self.made[-1]


def test_a_client_used_before_the_fork_is_left_alone_in_the_child(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    """The parent's next answer would be read by the child, and be that of another token."""
    server, guard = authorization_server, new_guard(client)
    assert verdict(guard, server.opaque()) == "let in"
    asked, token = len(server.seen), server.opaque()
    assert in_a_child(lambda: verdict(guard, token)) == UNUSABLE
    assert len(server.seen) == asked, "nothing was sent"
    assert verdict(guard, token) == "let in", "its own process goes on using it"


def test_tokens_that_need_no_call_are_let_in_there_all_the_same(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    server, guard = authorization_server, new_guard(client)
    assert verdict(guard, server.jwt()) == "let in"
    token = server.jwt()
    assert in_a_child(lambda: verdict(guard, token)) == "let in"
    server.rotate_keys()
    rotated = server.jwt()
    assert in_a_child(lambda: verdict(guard, rotated)) == UNUSABLE


def test_the_log_says_what_to_do_about_it(
    new_guard: NewGuard,
    client: httpx.Client,
    authorization_server: AuthorizationServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, guard = authorization_server, new_guard(client)
    assert verdict(guard, server.opaque()) == "let in"
    token = server.opaque()

    def told() -> list[tuple[int, str]]:
        verdict(guard, token)
        return [
            (record.levelno, record.details["advice"])
            for record in caplog.records
            if record.reason == "http_client_unusable" and record.levelno == logging.ERROR
        ]

    heard = in_a_child(told)
    assert heard.startswith(f"[({logging.ERROR}, ")
    assert "give a function that makes the client" in heard


def test_a_client_that_nobody_used_before_the_fork_serves_every_child(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    """As under a server that preloads the application."""
    server, guard = authorization_server, new_guard(client)
    tokens = server.jwt(), server.opaque()

    def worker() -> list[str]:
        return [verdict(guard, token) for token in tokens]

    for _ in range(2):
        assert in_a_child(worker) == str(["let in"] * 2)
    assert worker() == ["let in"] * 2
    assert server.count(JWKS) == 3


def test_nor_does_it_serve_a_child_of_the_child_that_used_it(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    guard = new_guard(client)
    tokens = [authorization_server.opaque() for _ in range(3)]

    def child() -> str:
        first = verdict(guard, tokens[0])
        return ", ".join(
            (first, in_a_child(lambda: verdict(guard, tokens[1])), verdict(guard, tokens[2]))
        )

    assert in_a_child(child) == f"let in, {UNUSABLE}, let in"


def test_another_guard_may_have_used_it(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    used, unused = new_guard(client), new_guard(client)
    token = authorization_server.opaque()
    assert verdict(used, token) == "let in"
    assert in_a_child(lambda: verdict(unused, token)) == UNUSABLE
    assert verdict(unused, token) == "let in"


class Slotted:
    """A client that nothing can be noted of."""

    __slots__ = ("_client",)

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def stream(self, *arguments: Any, **options: Any) -> Any:
        return self._client.stream(*arguments, **options)

    def close(self) -> None: ...


def test_of_any_class_it_is_known_to_its_own_guard(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    guard, token = new_guard(Slotted(client)), authorization_server.opaque()
    assert verdict(guard, token) == "let in"
    assert in_a_child(lambda: verdict(guard, token)) == UNUSABLE


def test_a_function_makes_one_in_each_process(
    new_guard: NewGuard, authorization_server: AuthorizationServer
) -> None:
    server, make = authorization_server, Maker()
    guard = new_guard(make)
    assert make.made == [], "nothing is made before the first call"
    assert verdict(guard, server.opaque()) == "let in"
    assert verdict(guard, server.opaque()) == "let in"
    tokens = [server.opaque() for _ in range(2)]

    def child() -> list[object]:
        return [*(verdict(guard, token) for token in tokens), len(make.made)]

    for _ in range(2):
        assert in_a_child(child) == str(["let in", "let in", 2])
    assert verdict(guard, server.opaque()) == "let in"
    assert len(make.made) == 1


def test_what_the_function_made_the_guard_closes(
    new_guard: NewGuard, authorization_server: AuthorizationServer
) -> None:
    make = Maker()
    guard = new_guard(make)
    for _ in range(2):
        assert verdict(guard, authorization_server.opaque()) == "let in"
        guard.close()
    assert [client.is_closed for client in make.made] == [True, True]


def test_a_function_that_makes_none_anew_is_found_out(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    guard, token = new_guard(lambda: client), authorization_server.opaque()
    assert verdict(guard, token) == "let in"
    assert in_a_child(lambda: verdict(guard, token)) == UNUSABLE


def test_a_class_of_clients_is_such_a_function(
    new_guard: NewGuard, authorization_server: AuthorizationServer
) -> None:
    guard, token = new_guard(httpx.Client), authorization_server.opaque()
    assert verdict(guard, token) == "let in"
    assert in_a_child(lambda: verdict(guard, token)) == "let in"


class CallableClient(Slotted):
    """A client that can be called as well, as mocks can."""

    __slots__ = ()

    def __call__(self) -> None:
        raise AssertionError("it is a client, and makes none")


def test_a_client_that_can_be_called_is_none(
    new_guard: NewGuard, client: httpx.Client, authorization_server: AuthorizationServer
) -> None:
    assert verdict(new_guard(CallableClient(client)), authorization_server.opaque()) == "let in"


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
def test_a_function_that_fails_is_told_by_its_error(
    new_guard: NewGuard,
    authorization_server: AuthorizationServer,
    caplog: pytest.LogCaptureFixture,
    kind: str,
) -> None:
    def fail() -> httpx.Client:
        raise RuntimeError("http://user:hunter2@proxy.example.com/")

    guard = new_guard(fail)
    assert verdict(guard, getattr(authorization_server, kind)()) == UNUSABLE
    first = caplog.records[0]
    assert (first.levelno, first.details["error"]) == (logging.ERROR, "'RuntimeError'")
    assert "hunter2" not in caplog.text
