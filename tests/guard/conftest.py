"""What these tests share."""

from __future__ import annotations

from key_life.world import new_world, world

__all__ = ["new_world", "world"]
