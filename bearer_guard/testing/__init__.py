"""Testing help: a real authorization server and a clock that is turned by hand.

Test your API through the true path of validation: nothing here switches anything off. The modules
import the standard library, werkzeug and each other, never the guard; ``jwt``, ``cryptography``
and ``httpx`` are imported when they are first needed.
"""

from __future__ import annotations

from bearer_guard.testing.clock import HandClock
from bearer_guard.testing.keys import SigningKey
from bearer_guard.testing.record import SeenRequest
from bearer_guard.testing.sentinels import ABSENT
from bearer_guard.testing.server import AuthorizationServer

__all__ = ["ABSENT", "AuthorizationServer", "HandClock", "SeenRequest", "SigningKey"]
