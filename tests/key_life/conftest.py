"""What these tests share."""

from __future__ import annotations

from key_life.sources import keys, other_keys, servers, source
from key_life.world import new_world, world

__all__ = ["keys", "new_world", "other_keys", "servers", "source", "world"]
