"""What these tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bearer_guard._upstream.http_caller import HttpCaller
from key_life.world import new_world, world

__all__ = ["new_world", "world"]


@pytest.fixture(scope="session")
def caller() -> Iterator[HttpCaller]:
    """The guard's own client, ready: reading the system's authorities takes its time."""
    caller = HttpCaller(None, 4, 4)
    caller._clients.ready()
    yield caller
    caller.close()


@pytest.fixture
def new_caller() -> Iterator[HttpCaller]:
    """One whose client is yet to be made."""
    caller = HttpCaller(None, 4, 4)
    yield caller
    caller.close()
