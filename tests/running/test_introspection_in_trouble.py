"""Introspection that cannot be done: our credentials, the endpoint, its failures."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from bearer_guard import AccessToken, Introspection, InvalidToken
from key_life.world import OAUTH, OPENID, World, at_once, bearer

PATH = "/introspect"


def asked(world: World) -> int:
    return world.server.count(PATH)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_503_for_the_caller_and_an_error_in_the_log(
    opaque: World, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    opaque.server.override(PATH, status=status)
    assert opaque(opaque.server.opaque()) == "503 introspection_credentials_refused"
    record = caplog.records[0]
    assert record.reason == "introspection_credentials_refused"
    assert record.levelno == logging.ERROR, "the operator alone can mend it, and has to"


@pytest.mark.parametrize("status", [500, 503, 404, 302])
def test_an_endpoint_in_trouble_is_503_and_not_remembered(opaque: World, status: int) -> None:
    token = opaque.server.opaque()
    opaque.server.override(PATH, status=status)
    assert opaque(token) == "503 introspection_unusable"
    opaque.server.clear_overrides()
    assert opaque(token) == "let in"


def test_an_outage_leaves_kept_answers_alone(opaque: World) -> None:
    token = opaque.server.opaque()
    opaque(token)
    opaque.server.go_down()
    assert opaque(token) == "let in"
    assert opaque(opaque.server.opaque()) == "503 upstream_unreachable"
    opaque.clock.turn(60)
    assert opaque(token) == "503 upstream_unreachable"


def test_the_endpoint_is_found_in_the_metadata_and_remembered(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=lambda _: Introspection(token="may-introspect"))
    assert {world(world.server.opaque()) for _ in range(5)} == {"let in"}
    assert (world.server.count(OPENID), asked(world)) == (1, 5)
    world.clock.turn(599)
    world(world.server.opaque())
    assert world.server.count(OPENID) == 1
    world.clock.turn(1)
    world(world.server.opaque())
    assert world.server.count(OPENID) == 2


def test_metadata_without_an_endpoint_is_a_fault_of_the_settings(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=lambda _: Introspection(token="may-introspect"))
    metadata = {**world.server.metadata(), "introspection_endpoint": None}
    world.server.override(OPENID, body=metadata)
    world.server.override(OAUTH, body=metadata)
    assert world(world.server.opaque()) == "503 introspection_endpoint_unknown"


def test_metadata_that_cannot_be_had_is_a_fault_of_the_server(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=lambda _: Introspection(token="may-introspect"))
    world.server.override(OPENID, status=404)
    world.server.override(OAUTH, status=404)
    assert world(world.server.opaque()) == "503 metadata_unusable"


def test_a_known_endpoint_serves_on_while_the_metadata_cannot_be_had(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=lambda _: Introspection(token="may-introspect"))
    assert world(world.server.opaque()) == "let in"
    world.server.override(OPENID, status=404)
    world.server.override(OAUTH, status=404)
    world.clock.turn(600)
    assert world(world.server.opaque()) == "let in"
    assert world.server.count("/introspect") == 2


def test_the_callers_token_may_come_from_a_function_called_each_time(
    new_world: Callable[..., World],
) -> None:
    given = iter(["stale", "may-introspect"])
    world = new_world(
        introspects=lambda server: Introspection(server.url(PATH), token=lambda: next(given))
    )
    assert world(world.server.opaque()) == "503 introspection_credentials_refused"
    assert world(world.server.opaque()) == "let in"


def no_token() -> str:
    raise LookupError("vault said hunter2")


@pytest.mark.parametrize(
    "function",
    [no_token, lambda: "s\u00e9cret", lambda: None, lambda: b"octets", lambda: "a\r\nb: c"],
    ids=["raises", "not ASCII", "none", "octets", "two lines"],
)
def test_a_function_that_brings_no_token_is_503_without_its_text(
    new_world: Callable[..., World], caplog: pytest.LogCaptureFixture, function: Callable[[], Any]
) -> None:
    """Its failure is no fault of the request's token, and what it wrote may be a secret."""
    caplog.set_level(logging.DEBUG)
    world = new_world(introspects=lambda server: Introspection(server.url(PATH), token=function))
    (verdict,) = at_once([lambda: world(world.server.opaque())])
    assert str(verdict).startswith("503 ")
    assert asked(world) == 0, "nothing is sent without credentials"
    assert not any(word in caplog.text for word in ("hunter2", "cret", "octets"))


def test_a_refusal_is_a_new_exception_for_each_waiter(opaque: World) -> None:
    """One that many raise collects all their tracebacks."""

    def ask() -> AccessToken:
        return opaque.guard.authenticate(bearer("dead-token"))

    errors = at_once([ask] * 20)
    assert {type(error) for error in errors} == {InvalidToken}
    assert len({id(error) for error in errors}) == 20
    opaque.server.unavailable()
    errors = at_once([lambda: opaque.guard.authenticate(bearer("other"))] * 20)
    assert {error.reason for error in errors} == {"introspection_unusable"}
    assert len({id(error) for error in errors}) == 20


def test_a_scope_function_that_fails_does_so_anew_for_each_waiter(
    new_world: Callable[..., World],
) -> None:
    def expand(_scopes: frozenset[str]) -> list[str]:
        raise LookupError("a fault of the application's own")

    world = new_world(introspects=True, guard_options={"expand_scopes": expand})
    token = world.server.opaque()
    errors = at_once([lambda: world(token)] * 20)
    assert not any(error == "let in" for error in errors)
    raised = [error for error in errors if isinstance(error, Exception)]
    assert len({id(error) for error in raised}) == len(raised)


def test_the_token_is_kept_nowhere(opaque: World) -> None:
    """RFC 9700 section 4.9.3: what is kept is a keyed digest and the answer."""
    token = opaque.server.opaque()
    opaque(token)
    (introspector,) = opaque.guard._authenticator._introspectors.values()
    kept = introspector.answers._store._values
    assert [len(digest) for digest in kept] == [32]
    assert token not in repr(dict(kept))
