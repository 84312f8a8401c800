"""What must be made anew in a process that was forked: locks, threads, connections."""

from __future__ import annotations

import os
import weakref
from typing import Protocol, runtime_checkable


class Forkable(Protocol):
    """Something that a forked process must not share with its parent."""

    def after_fork(self) -> None:
        """Called in the child, before anything else of ours runs there. It touches what is its own
        alone: the locks of others may be held still, by threads that did not come along."""
        ...


@runtime_checkable
class Settling(Forkable, Protocol):
    """One that has more to do, once all are fit to be used."""

    def settle_after_fork(self) -> None:
        """Called when ``after_fork`` of each has been."""
        ...


_told: weakref.WeakSet[Forkable] = weakref.WeakSet()


def tell(thing: Forkable) -> None:
    """Have ``thing.after_fork()`` called in every forked process, while it lives."""
    _told.add(thing)


_forks = 0


def generation() -> int:
    """How many forks lie between this process and the first: it tells a parent from its child."""
    return _forks


def _after_fork() -> None:
    global _forks  # noqa: PLW0603 - a process has one
    _forks += 1
    told = list(_told)
    for thing in told:
        thing.after_fork()
    for thing in told:
        if isinstance(thing, Settling):
            thing.settle_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
