"""The two values that stand for something that no JSON value can say."""

from __future__ import annotations

import enum
from typing import Final


class Sentinel(enum.Enum):
    """Values that are neither a claim nor ``None``."""

    ABSENT = "absent"
    CURRENT = "current"


ABSENT: Final = Sentinel.ABSENT
"""As a claim's or a header parameter's value: leave this member out."""

CURRENT: Final = Sentinel.CURRENT
"""As a key id: that of the key which signs now."""
