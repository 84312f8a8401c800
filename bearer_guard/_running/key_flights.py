"""Whose threads fetch whose keys: a server that hangs takes its own, and nobody else's.

Many issuers may live on one server, so it is the server that has threads, by the address that is
asked first. A template's strangers can name many servers that hang; they share those of their
template. Idle threads are kept for the servers that were asked last, whatever their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from weakref import WeakValueDictionary

from bearer_guard._core.trust import IssuerRules, TrustedIssuer
from bearer_guard._upstream.flights import Flights
from bearer_guard._upstream.stores import RecentlyUsed

THREADS = 8
"""Of each server, and of each template."""
_IDLE = 8
"""Servers whose threads wait for the next fetch. Those of others end with their last flight: its
job holds the pool, and a pool that nobody holds ends its threads."""


class KeyFlights:
    """The pools of one guard, made as they are needed. Whoever looks for one holds the keeper's
    lock, until the flight has taken off."""

    def __init__(self, templates: Iterable[IssuerRules]) -> None:
        self._of_templates = {rules: _flights() for rules in templates}
        self._of_servers: WeakValueDictionary[str, Flights] = WeakValueDictionary()
        self._recent: RecentlyUsed[Flights] = RecentlyUsed(_IDLE)

    def of(self, issuer: TrustedIssuer) -> Flights:
        """Where this issuer's keys are fetched."""
        flights = self._of_templates.get(issuer.rules)
        if flights is not None:
            return flights
        server = issuer.server
        flights = self._of_servers.get(server)
        if flights is None:
            flights = self._of_servers[server] = _flights()
        if self._recent.get(server) is None:
            self._recent.put(server, flights)
        return flights

    def __iter__(self) -> Iterator[Flights]:
        yield from self._of_templates.values()
        # A copy, made in one step: other threads go on making more meanwhile.
        alive = [each() for each in self._of_servers.valuerefs()]
        yield from (flights for flights in alive if flights is not None)

    def close(self) -> None:
        """Wait for what is in the air, and end the threads."""
        for flights in self:
            flights.close()


def _flights() -> Flights:
    return Flights("bearer_guard-keys", THREADS)
