"""The clock that is turned by hand."""

from __future__ import annotations

import pytest

from bearer_guard.testing import AuthorizationServer, HandClock


def test_a_hand_clock_stands_still_until_it_is_turned(hand_clock: HandClock) -> None:
    assert (hand_clock.time(), hand_clock.monotonic()) == (1_800_000_000.0, 0.0)
    assert (hand_clock.time(), hand_clock.monotonic()) == (1_800_000_000.0, 0.0)


def test_turning_moves_both_clocks_by_the_same_seconds() -> None:
    clock = HandClock(start=100.0)
    clock.turn(2.5)
    clock.turn(0)
    assert (clock.time(), clock.monotonic()) == (102.5, 2.5)


def test_a_clock_does_not_turn_back(hand_clock: HandClock) -> None:
    with pytest.raises(ValueError, match="forward only"):
        hand_clock.turn(-1)
    assert hand_clock.monotonic() == 0.0


def test_a_server_tells_the_time_by_the_clock_it_was_given(hand_clock: HandClock) -> None:
    server = AuthorizationServer(issuer="https://login.example.com", clock=hand_clock.time)
    assert server.clock() == hand_clock.time()
    later = HandClock(start=5.0)
    server.clock = later.time
    assert server.clock() == 5.0
