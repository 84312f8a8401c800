"""Referential tokens: asked for once, kept for a bounded time, refused or let in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bearer_guard import Introspection
from bearer_guard._core.needs import AnswerNeeded
from bearer_guard.testing import ABSENT
from key_life.world import World, bearer

PATH = "/introspect"


def asked(world: World) -> int:
    return world.server.count(PATH)


def test_an_active_token_is_let_in_for_a_minute_by_one_introspection(opaque: World) -> None:
    token = opaque.server.opaque()
    for _ in range(60):
        assert opaque(token) == "let in"
        opaque.clock.turn(1)
    assert asked(opaque) == 1
    assert opaque(token) == "let in"
    assert asked(opaque) == 2


def test_a_dead_token_a_hundred_times_costs_one_introspection(opaque: World) -> None:
    assert {opaque("dead-token") for _ in range(100)} == {"401 token_inactive"}
    assert asked(opaque) == 1
    opaque.clock.turn(9.9)
    opaque("dead-token")
    assert asked(opaque) == 1
    opaque.clock.turn(0.1)
    opaque("dead-token")
    assert asked(opaque) == 2


def test_a_kind_that_is_not_introspected_is_a_dead_token(opaque: World) -> None:
    opaque.server.override(PATH, status=400, body={"error": "unsupported_token_type"})
    assert {opaque("some-token") for _ in range(10)} == {"401 token_inactive"}
    assert asked(opaque) == 1


def test_no_more_answers_are_kept_than_the_settings_say(new_world: Callable[..., World]) -> None:
    world = new_world(
        introspects=lambda server: Introspection(**server.introspection_settings(cached_answers=2))
    )
    tokens = [world.server.opaque() for _ in range(3)]
    for token in (*tokens, *reversed(tokens)):
        assert world(token) == "let in"
    assert asked(world) == 3 + 1


def test_two_hundred_at_once_with_one_new_token_cost_one_introspection(opaque: World) -> None:
    token = opaque.server.opaque()
    assert opaque.many([token] * 200) == ["let in"] * 200
    assert asked(opaque) == 1


def test_two_hundred_at_once_with_one_dead_token_cost_one_too(opaque: World) -> None:
    assert opaque.many(["dead-token"] * 200) == ["401 token_inactive"] * 200
    assert asked(opaque) == 1


def test_whoever_takes_off_looks_once_more_whether_it_is_still_wanted(opaque: World) -> None:
    """Between a request's look into the store and its take-off another flight may land."""
    ((rules, introspector),) = opaque.guard._authenticator._introspectors.items()
    need = AnswerNeeded(rules, opaque.server.opaque().encode(), 60)
    first = introspector._ask(need, b"digest").result(timeout=5)
    assert introspector._ask(need, b"digest").result(timeout=5) is first
    assert asked(opaque) == 1


def test_who_takes_no_old_answer_joins_no_flight_of_one_who_does(
    opaque: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one may yet be content with what another worker has heard."""
    ((rules, introspector),) = opaque.guard._authenticator._introspectors.items()
    token, gate = opaque.server.opaque().encode(), threading.Event()
    ask, asking = introspector._endpoint.ask, threading.Semaphore(0)

    def held(*arguments: Any) -> Any:
        asking.release()
        assert gate.wait(10)
        return ask(*arguments)

    monkeypatch.setattr(introspector._endpoint, "ask", held)
    minutely, always = AnswerNeeded(rules, token, 60), AnswerNeeded(rules, token, 0)
    first = introspector._ask(minutely, b"digest")
    assert introspector._ask(minutely, b"digest") is first
    second = introspector._ask(always, b"digest")
    assert second is not first
    assert all(asking.acquire(timeout=10) for _ in range(2))
    gate.set()
    assert first.result(timeout=10).subject == second.result(timeout=10).subject  # type: ignore[union-attr]
    assert asked(opaque) == 2


def test_a_revoked_token_is_let_in_for_a_minute_at_most(opaque: World) -> None:
    token = opaque.server.opaque()
    opaque(token)
    opaque.server.revoke(token)
    opaque.clock.turn(59)
    assert opaque(token) == "let in"
    opaque.clock.turn(1)
    assert opaque(token) == "401 token_inactive"


def test_so_it_is_where_the_answer_took_its_time(opaque: World) -> None:
    """The age counts from the question: the server may have looked long before it answered."""
    token = opaque.server.opaque(expires_in=1000)
    with ThreadPoolExecutor(1) as thread:
        with opaque.server.held("/introspect"):
            first = thread.submit(opaque, token)
            opaque.server.wait_until_asked("/introspect")
            opaque.clock.turn(10)
        assert first.result() == "let in"
    opaque.server.revoke(token)
    opaque.clock.turn(49.9)
    assert opaque(token) == "let in"
    opaque.clock.turn(0.1)
    assert opaque(token) == "401 token_inactive"


def test_an_answer_is_never_kept_past_its_expiry(opaque: World) -> None:
    """RFC 7662 section 4."""
    token = opaque.server.opaque(expires_in=5)
    assert opaque(token) == "let in"
    opaque.clock.turn(5)
    assert opaque(token) == "401 token_inactive"
    assert asked(opaque) == 2


@pytest.mark.parametrize("exp", [None, ABSENT])
def test_an_answer_without_expiry_is_kept_a_minute(opaque: World, exp: Any) -> None:
    token = opaque.server.opaque()
    answer = {"active": True, "aud": opaque.server.audience}
    opaque.server.introspection_answer(token, {**answer, **({} if exp is ABSENT else {"exp": exp})})
    assert opaque(token) == "let in"
    opaque.clock.turn(59)
    opaque(token)
    assert asked(opaque) == 1
    opaque.clock.turn(1)
    opaque(token)
    assert asked(opaque) == 2


@pytest.mark.parametrize("exp", [1e300, 10**18, 10**400], ids=["float", "long", "endless"])
def test_an_expiry_out_of_all_range_is_compared_and_never_computed_with(
    opaque: World, exp: float
) -> None:
    token = opaque.server.opaque()
    opaque.server.introspection_answer(
        token, {"active": True, "aud": opaque.server.audience, "exp": exp}
    )
    assert opaque(token) == "let in"
    assert opaque(token) == "let in"
    assert asked(opaque) == 1


def test_within_the_leeway_an_expired_answer_is_asked_for_each_time(opaque: World) -> None:
    token = opaque.server.opaque()
    answer = {"active": True, "aud": opaque.server.audience, "exp": opaque.clock.time() - 10}
    opaque.server.introspection_answer(token, answer)
    assert [opaque(token) for _ in range(3)] == ["let in"] * 3
    assert asked(opaque) == 3


def test_time_goes_on_for_a_kept_answer(new_world: Callable[..., World]) -> None:
    world = new_world(
        leeway=0,
        introspects=lambda server: Introspection(**server.introspection_settings(cache_for=3600)),
    )
    token = world.server.opaque(expires_in=100)
    world(token)
    world.clock.turn(99)
    assert world(token) == "let in"
    assert asked(world) == 1


def test_what_is_not_valid_yet_is_not_kept(opaque: World) -> None:
    token = opaque.server.opaque()
    start = opaque.clock.time() + 62
    answer = {"active": True, "aud": opaque.server.audience, "nbf": start}
    opaque.server.introspection_answer(token, answer)
    assert opaque(token) == "401 not_yet_valid"
    opaque.clock.turn(2)
    assert opaque(token) == "let in"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "https://other.example.com"}, "audience_mismatch"),
        ({"aud": ABSENT}, "audience_missing"),
        ({"iss": "https://evil.example.com/"}, "issuer_untrusted"),
        ({"iss": 7}, "issuer_untrusted"),
        ({"exp": 1_000}, "expired"),
        ({"exp": True}, "claim_malformed"),
        ({"cnf": {"jkt": "x"}}, "token_bound"),
        ({"token_type": "refresh_token"}, "other_token_kind"),
        ({"token_type": "DPoP"}, "token_bound"),
        ({"nonce": "n"}, "id_token"),
    ],
)
def test_active_is_not_enough(opaque: World, claims: dict[str, Any], reason: str) -> None:
    token = opaque.server.opaque()
    full = {
        "active": True,
        "iss": opaque.server.issuer,
        "aud": opaque.server.audience,
        "exp": opaque.clock.time() + 60,
        **claims,
    }
    answer = {name: value for name, value in full.items() if value is not ABSENT}
    opaque.server.introspection_answer(token, answer)
    assert {opaque(token) for _ in range(10)} == {f"401 {reason}"}
    assert asked(opaque) == 1


def test_a_refresh_token_is_no_access_token(opaque: World) -> None:
    """Three real servers call it active."""
    assert opaque(opaque.server.refresh_token()) == "401 other_token_kind"


def test_a_jwe_is_for_its_server_to_open(opaque: World) -> None:
    assert opaque(opaque.server.jwe()) == "let in"
    assert asked(opaque) == 1


def test_a_jwt_that_failed_here_is_not_introspected_after_all(opaque: World) -> None:
    for token in (
        opaque.server.jwt(audience="https://other.example.com"),
        opaque.server.tampered(opaque.server.jwt()),
        opaque.server.jwt(key=opaque.server.foreign_key(), kid="unknown"),
    ):
        assert opaque(token).startswith("401 ")
    assert asked(opaque) == 0


def test_without_introspection_an_opaque_token_is_refused(world: World) -> None:
    assert world(world.server.opaque()) == "401 token_not_self_contained"
    assert world.server.seen == []


def test_the_answer_names_its_issuer_or_ours_stands_in(opaque: World) -> None:
    token = opaque.server.opaque()
    opaque.server.introspection_answer(token, {"active": True, "aud": opaque.server.audience})
    assert opaque.guard.authenticate(bearer(token)).issuer == opaque.server.issuer
