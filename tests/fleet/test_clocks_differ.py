"""When another worker heard something is told by its clock, which may differ from this one's."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import Guard
from bearer_guard.testing import HandClock
from fleet.workers import INTROSPECT, Workers, verdict


def ahead(workers: Workers, seconds: float, **issuer: Any) -> Guard:
    """A worker whose clock is ahead of the others'."""
    clock, workers.clock = workers.clock, HandClock(workers.clock.time() + seconds)
    (guard,) = workers.new(**issuer)
    workers.clock = clock
    return guard


@pytest.mark.parametrize("seconds", [-4, 0, 1, 4])
def test_what_a_worker_has_forgotten_it_does_not_hear_again_from_one_whose_clock_differs(
    workers: Workers, seconds: float
) -> None:
    other, token = ahead(workers, seconds), workers.server.opaque()
    (first,) = workers.new()
    assert [verdict(guard, token) for guard in (other, first)] == ["let in"] * 2
    workers.server.revoke(token)
    first.forget(token)
    workers.clock.turn(0.5)
    assert verdict(first, token) == "401 token_inactive"


def test_by_clocks_that_differ_a_little_answers_are_shared_all_the_same(workers: Workers) -> None:
    other, token = ahead(workers, 2), workers.server.opaque()
    (first,) = workers.new()
    assert [verdict(guard, token) for guard in (first, other)] == ["let in"] * 2
    assert workers.server.count(INTROSPECT) == 1


def test_a_path_that_takes_no_kept_answer_takes_none_that_another_worker_has_just_heard(
    workers: Workers,
) -> None:
    token = workers.server.jwt()
    (guard,) = workers.new(introspect_jwts_every=0)
    other = ahead(workers, 1, introspect_jwts_every=60)
    assert verdict(other, token) == "let in"
    workers.clock.turn(0.5)
    workers.server.revoke(token)
    assert verdict(guard, token) == "401 token_inactive"
    assert workers.server.count(INTROSPECT) == 2
