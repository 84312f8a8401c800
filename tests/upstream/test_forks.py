"""What a forked process makes anew. Guards that fork are in ``guard/test_forks_of_a_guard.py``."""

from __future__ import annotations

import os
import runpy
import weakref

import pytest

from bearer_guard._upstream import forks


class Thing:
    forked = 0

    def after_fork(self) -> None:
        self.forked += 1


@pytest.fixture(autouse=True)
def nobody_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_told", weakref.WeakSet())
    monkeypatch.setattr(forks, "_forks", 0)


def test_everything_that_lives_hears_of_a_fork() -> None:
    things = [Thing(), Thing()]
    for thing in things:
        forks.tell(thing)
    forks._after_fork()
    assert [thing.forked for thing in things] == [1, 1]


def test_more_is_done_only_when_all_are_fit_to_be_used() -> None:
    """One may take another's lock, which a thread of the parent's may have held."""
    told: list[str] = []

    class Plain:
        def after_fork(self) -> None:
            told.append("fit")

    class Settling(Plain):
        def settle_after_fork(self) -> None:
            told.append("settled")

    things = [thing for _ in range(10) for thing in (Settling(), Plain())]
    for thing in things:
        forks.tell(thing)
    forks._after_fork()
    assert told == ["fit"] * 20 + ["settled"] * 10


def test_each_fork_is_a_generation_further() -> None:
    assert forks.generation() == 0
    for number in (1, 2):
        forks._after_fork()
        assert forks.generation() == number


def test_what_is_gone_is_not_kept_alive_to_hear_it() -> None:
    thing = Thing()
    forks.tell(thing)
    gone = weakref.ref(thing)
    del thing
    assert gone() is None
    forks._after_fork()


def test_a_system_that_cannot_fork_can_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "register_at_fork")
    assert "tell" in runpy.run_path(forks.__file__)
