"""What adapters share of a connection that is open when its token expires."""

from __future__ import annotations

from typing import Final

POLICY_VIOLATION: Final = 1008
"""The code that a WebSocket is closed with (RFC 6455 section 7.4.1)."""
CLOSING: Final = 5.0
"""Seconds for a last message to go out and be answered: a client that reads nothing holds it up."""
LOOK_AGAIN: Final = 30.0
"""Seconds after which the wall clock is looked at anew: it was set, or the machine slept."""
ENDED: Final = "the access token expired and the response was ended"
