"""What one worker revokes, all refuse: within a second, and those that come late too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from bearer_guard.settings.shared import Shared
from bearer_guard.testing import HandClock
from fleet.workers import INTROSPECT, ISSUER, Workers, refuses, verdict
from patience import soon


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
def test_a_revoked_token_is_refused_by_all(workers: Workers, kind: str) -> None:
    token, other = getattr(workers.server, kind)(), getattr(workers.server, kind)()
    first, *others = workers.new(4)
    for guard in (first, *others):
        assert verdict(guard, token) == "let in"
    assert first.revoke(token)
    assert verdict(first, token) == "401 token_revoked"
    assert all(soon(refuses(guard, token)) for guard in others)
    assert {verdict(guard, other) for guard in (first, *others)} == {"let in"}


def test_who_comes_late_refuses_it_too(workers: Workers) -> None:
    token = workers.server.jwt()
    (first,) = workers.new()
    verdict(first, token)
    assert first.revoke(token)
    (late,) = workers.new()
    verdict(late, workers.server.jwt())
    assert soon(refuses(late, token))


def test_a_subjects_tokens_are_refused_and_its_new_ones_are_not(workers: Workers) -> None:
    old = workers.server.jwt(subject="alice", expires_in=1000)
    bobs = workers.server.jwt(subject="bob", expires_in=1000)
    first, second = workers.new(2)
    for guard in (first, second):
        assert verdict(guard, old) == "let in"
    assert first.revoke_subject(ISSUER, "alice")
    assert soon(refuses(second, old))
    workers.clock.turn(1)
    new = workers.server.jwt(subject="alice")
    assert [verdict(guard, token) for guard in (first, second) for token in (new, bobs)] == [
        "let in"
    ] * 4


def test_a_subjects_tokens_may_be_refused_up_to_a_moment(workers: Workers) -> None:
    early = workers.server.jwt(subject="alice", expires_in=1000)
    moment = workers.clock.time()
    workers.clock.turn(10)
    later = workers.server.jwt(subject="alice")
    (guard,) = workers.new()
    guard.revoke_subject(ISSUER, "alice", before=moment + 5)
    assert [verdict(guard, token) for token in (early, later)] == [
        "401 token_revoked",
        "let in",
    ]


def test_and_that_may_be_the_first_of_all(workers: Workers) -> None:
    """Nought is a moment too, and no token is from before it."""
    token = workers.server.jwt(subject="alice")
    (guard,) = workers.new()
    guard.revoke_subject(ISSUER, "alice", before=0)
    assert verdict(guard, token) == "let in"


def test_without_a_store_it_is_this_workers_own(workers: Workers) -> None:
    token = workers.server.jwt()
    first, second = workers.new(2, shared=None)
    assert not first.revoke(token)
    assert verdict(first, token) == "401 token_revoked"
    assert verdict(second, token) == "let in"


class Busy(HandClock):
    """Whoever looks at the time is held up by what somebody else does meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None

    def time(self) -> float:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
            self.meanwhile = meanwhile
        return super().time()


def test_what_is_let_in_while_it_is_revoked_is_not_remembered_past_that(shared: Shared) -> None:
    clock = Busy()
    with closing(Workers(shared, clock)) as workers:
        token = workers.server.jwt()
        (guard,) = workers.new(shared=None)
        assert verdict(guard, token) == "let in"
        meanwhile: list[str] = []
        clock.meanwhile = lambda: meanwhile.append(verdict(guard, token))
        guard.revoke(token)
        clock.meanwhile = None
        assert set(meanwhile) == {"let in"}
        assert verdict(guard, token) == "401 token_revoked"


def test_a_revocation_that_is_over_is_not_told(workers: Workers) -> None:
    (guard,) = workers.new()
    assert not guard.revoke(workers.server.jwt(), lasts=0)


def test_who_asks_about_tokens_as_well_refuses_a_revoked_one_unasked(workers: Workers) -> None:
    token = workers.server.jwt()
    (guard,) = workers.new(introspect_jwts_every=60)
    assert verdict(guard, token) == "let in"
    guard.revoke(token)
    assert verdict(guard, token) == "401 token_revoked"


def test_a_log_of_many_entries_is_read_to_its_end(workers: Workers) -> None:
    (first,) = workers.new()
    tokens = [workers.server.jwt() for _ in range(3)]
    for number in range(450):
        first.revoke(f"token-{number}")
    for token in tokens:
        first.revoke(token)
    (late,) = workers.new()
    verdict(late, workers.server.jwt())
    assert all(soon(refuses(late, token)) for token in tokens)


def test_a_store_that_lost_its_counter_is_read_anew(workers: Workers, store: object) -> None:
    first, second = workers.new(2)
    for guard in (first, second):
        verdict(guard, workers.server.jwt())
    for number in range(3):
        first.revoke(f"token-{number}")
    marker = workers.server.jwt()
    first.revoke(marker)
    assert soon(refuses(second, marker))
    store.delete("revocations")  # type: ignore[attr-defined]
    token = workers.server.jwt()
    first.revoke(token)
    assert soon(refuses(second, token))


def test_to_hear_of_a_revocation_costs_no_other_token_a_question(workers: Workers) -> None:
    revoked, other = workers.server.jwt(), workers.server.opaque()
    first, late = workers.new(2)
    assert verdict(first, other) == "let in"
    assert first.revoke(revoked)
    assert verdict(late, workers.server.jwt()) == "let in"
    assert soon(refuses(late, revoked))
    assert verdict(late, other) == "let in"
    assert workers.server.count(INTROSPECT) == 1


def test_a_worker_that_was_closed_and_is_used_again_hears_of_revocations(workers: Workers) -> None:
    token = workers.server.jwt()
    first, second = workers.new(2)
    assert verdict(second, token) == "let in"
    second.close()
    assert verdict(second, token) == "let in"
    assert first.revoke(token)
    assert soon(refuses(second, token))


def test_what_was_revoked_while_a_worker_was_closed_it_refuses_soon(workers: Workers) -> None:
    token = workers.server.jwt()
    first, second = workers.new(2)
    assert verdict(second, token) == "let in"
    second.close()
    assert first.revoke(token)
    assert soon(refuses(second, token))
