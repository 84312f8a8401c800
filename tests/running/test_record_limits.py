"""The log does not grow with what strangers send, and loses no kind of trouble."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

import pytest

from bearer_guard import InvalidToken, MissingToken
from bearer_guard._running.log import Log
from bearer_guard._running.record_limits import Kind, RecordLimits
from bearer_guard.testing import HandClock
from guard.test_forks_of_a_guard import in_a_child
from key_life.world import World


class Stage:
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.clock = HandClock()
        self.log = Log(RecordLimits(3, 10, self.clock))
        self._caplog = caplog

    def refuse(self, reason: str, times: int = 1, alias: str = "") -> None:
        for _ in range(times):
            error = InvalidToken(reason)
            error.issuer_alias = alias
            self.log.refusal(error)

    def told(self) -> list[str]:
        """What was written since the last time."""
        messages = [record.getMessage() for record in self._caplog.records]
        self._caplog.clear()
        return messages


@pytest.fixture
def stage(caplog: pytest.LogCaptureFixture) -> Stage:
    caplog.set_level(logging.INFO, "bearer_guard")
    return Stage(caplog)


def test_of_five_hundred_refusals_in_a_window_three_are_written_and_the_rest_counted(
    stage: Stage,
) -> None:
    stage.refuse("expired", 500)
    assert stage.told() == ["refused: expired"] * 3
    stage.clock.turn(9.9)
    stage.refuse("expired")
    assert stage.told() == []
    stage.clock.turn(0.1)
    stage.refuse("expired")
    assert stage.told() == ["refused: expired … and 498 more in 10 s", "refused: expired"]


def test_the_sum_is_a_record_with_fields_like_the_others(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.refuse("expired", 10, "login.example.com")
    caplog.clear()
    stage.clock.turn(10)
    stage.refuse("expired", 1, "login.example.com")
    summed, _ = caplog.records
    assert (summed.levelno, summed.reason, summed.issuer_alias) == (
        *(logging.INFO, "expired"),
        "login.example.com",
    )
    assert summed.details == {"withheld": "7", "seconds": "10"}


def test_the_sum_comes_with_the_next_record_whatever_that_one_says(stage: Stage) -> None:
    stage.refuse("expired", 5)
    stage.told()
    stage.clock.turn(20)
    stage.refuse("audience_mismatch")
    assert stage.told() == ["refused: expired … and 2 more in 10 s", "refused: audience_mismatch"]


def test_a_window_that_withheld_nothing_ends_without_a_word(stage: Stage) -> None:
    stage.refuse("expired", 3)
    stage.clock.turn(10)
    stage.refuse("expired", 3)
    assert stage.told() == ["refused: expired"] * 6


def test_a_flood_of_one_reason_hides_no_other_and_no_other_issuers(stage: Stage) -> None:
    stage.refuse("expired", 100, "a")
    stage.refuse("audience_mismatch", 1, "a")
    stage.refuse("expired", 1, "b")
    assert len(stage.told()) == 5


def test_a_refusal_does_not_hide_the_failure_behind_it(stage: Stage) -> None:
    stage.refuse("upstream_timeout", 100)
    stage.told()
    stage.log.upstream_failure("upstream_timeout", {"issuer": "https://h/"}, "")
    assert stage.told() == ["authorization server: upstream_timeout issuer='https://h/'"]


def test_failures_upstream_are_limited_too(stage: Stage) -> None:
    for _ in range(50):
        stage.log.upstream_failure("upstream_timeout", {}, "a")
    assert len(stage.told()) == 3


def test_what_nobody_wants_to_read_is_not_counted_either(stage: Stage) -> None:
    for _ in range(50):
        stage.log.refusal(MissingToken())
    stage.clock.turn(10)
    stage.refuse("expired")
    assert stage.told() == ["refused: expired"]


def test_at_the_end_what_was_withheld_is_told(stage: Stage) -> None:
    stage.refuse("expired", 5)
    stage.told()
    stage.log.close()
    stage.log.close()
    assert stage.told() == ["refused: expired … and 2 more in 10 s"]


def test_reasons_that_an_application_makes_up_take_no_more_than_so_much_memory(
    stage: Stage,
) -> None:
    for number in range(10_000):
        stage.refuse(f"made_up_{number}")
    assert len(stage.log._limits._windows) == 513
    assert len(stage.told()) == 512 + 3
    stage.clock.turn(10)
    stage.refuse("expired")
    withheld = 10_000 - 512 - 3
    assert stage.told() == [f"refused: others … and {withheld} more in 10 s", "refused: expired"]
    assert len(stage.log._limits._windows) == 1


def test_however_many_issuers_there_are_the_first_of_each_reason_is_written(
    stage: Stage,
) -> None:
    for number in range(10_000):
        stage.refuse("expired", 1, f"issuer-{number}")
    assert len(stage.told()) == 256 + 3, "each of the first, then the rest together"
    for reason in ("audience_mismatch", "signature_invalid"):
        stage.refuse(reason, 1, "another")
        stage.refuse("expired", 1, "another")
    assert stage.told() == ["refused: audience_mismatch", "refused: signature_invalid"]


def test_threads_that_write_at_once_write_no_more_and_lose_no_count(stage: Stage) -> None:
    threads = [threading.Thread(target=stage.refuse, args=("expired", 200)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stage.told()) == 3
    stage.log.close()
    assert stage.told() == ["refused: expired … and 1597 more in 10 s"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_begins_anew_even_if_the_lock_was_held() -> None:
    limits = RecordLimits(1, 10, HandClock())
    kind = Kind("refused", logging.INFO, "expired", "")
    assert [limits.admits(kind), limits.admits(kind)] == [True, False]
    with limits._lock:
        child = in_a_child(lambda: (limits.admits(kind), limits.admits(kind), len(limits.over(99))))
    assert child == "(True, False, 1)"
    assert len(limits.over(until=99)) == 1


def test_a_guard_limits_what_it_writes_by_its_settings(
    new_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bearer_guard")
    world = new_world(guard_options={"log_records": 2, "log_window": 60})
    token = world.server.jwt(expires_in=-1000)
    assert [world(token) for _ in range(20)] == ["401 expired"] * 20
    assert [(record.reason, record.issuer_alias) for record in caplog.records] == [
        ("expired", "login.example.com")
    ] * 2
    world.guard.close()
    assert caplog.records[-1].getMessage() == "refused: expired … and 18 more in 60 s"


def test_by_default_ten_are_written_in_ten_seconds(
    new_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bearer_guard")
    world = new_world()
    for _ in range(30):
        world("no-jwt-at-all")
    assert [record.reason for record in caplog.records] == ["token_not_self_contained"] * 10
    world.clock.turn(10)
    world("no-jwt-at-all")
    assert [record.getMessage().partition(" advice")[0] for record in caplog.records[10:]] == [
        "refused: token_not_self_contained … and 20 more in 10 s",
        "refused: token_not_self_contained",
    ]
