"""What these tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from key_life.world import World, new_world, world

__all__ = ["new_world", "world"]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Run an async function to its end on one of the event loops."""
    return lambda function, *arguments: anyio.run(function, *arguments, backend=request.param)


@pytest.fixture
def opaque(new_world: Callable[..., World]) -> World:
    """One whose issuer introspects."""
    return new_world(introspects=True)
