"""Law of this room: what users may say, checked once, when it is said; frozen afterwards.

Nothing here reads a request, opens a socket or knows a framework. Each message names the
option and says what to write.
"""

from bearer_guard.settings.guard import GuardSettings
from bearer_guard.settings.introspection import Introspection
from bearer_guard.settings.issuer import Issuer
from bearer_guard.settings.policies import KeySetPolicy, UpstreamPolicy
from bearer_guard.settings.rule import Rule
from bearer_guard.settings.shared import Shared

__all__ = [
    "GuardSettings",
    "Introspection",
    "Issuer",
    "KeySetPolicy",
    "Rule",
    "Shared",
    "UpstreamPolicy",
]
