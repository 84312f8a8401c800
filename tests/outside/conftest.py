"""What these tests share."""

from __future__ import annotations

from key_life.world import new_world, world
from running.conftest import opaque, run

__all__ = ["new_world", "opaque", "run", "world"]
