"""What a guard is made of, for those who look at it from outside of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bearer_guard._core.trust import IssuerRules, Trust
from bearer_guard._running.fleet import Fleet
from bearer_guard._running.introspector import Introspector
from bearer_guard._running.key_keeper import KeyKeeper
from bearer_guard._running.template_issuers import TemplateIssuers
from bearer_guard._running.watch import Watches
from bearer_guard.clock import Clock


class Signatures(NamedTuple):
    """The memory of verified signatures."""

    entries: int
    hits: int
    misses: int


class Parts(NamedTuple):
    """Each is the guard's own; what is read from them may be older than the next line."""

    trust: Trust
    keeper: KeyKeeper
    templates: TemplateIssuers
    introspectors: Mapping[IssuerRules, Introspector]
    watches: Watches
    fleet: Fleet | None
    clock: Clock
    signatures: Signatures
