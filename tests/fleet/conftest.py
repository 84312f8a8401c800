"""Real servers on loopback ports, and the parts of a fleet around them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bearer_guard._running.fleet import Fleet
from bearer_guard._running.log import Log
from bearer_guard._running.record_limits import RecordLimits
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.settings.shared import Shared
from bearer_guard.testing import HandClock
from fleet.servers import Server, programs
from fleet.workers import Workers


def new_log(clock: HandClock) -> Log:
    """A log that writes everything."""
    return Log(RecordLimits(1000, 10, clock))


SECRET = "a secret of the fleet, 32 characters"
ON_EVERY_SERVER = frozenset(
    {"test_redis_store", "test_workers", "test_revoking", "test_full_store", "test_failing_over"}
)
"""The modules whose tests a server's own ways may decide. The rest has Valkey of the wheel."""
PROGRAMS = programs()
_prefixes = itertools.count(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once for each server that is here; where there is but one, there is no parameter."""
    module = metafunc.module.__name__.rpartition(".")[2]
    if len(PROGRAMS) > 1 and module in ON_EVERY_SERVER and "program" in metafunc.fixturenames:
        metafunc.parametrize("program", PROGRAMS, indirect=True)


@pytest.fixture
def program(request: pytest.FixtureRequest) -> Path:
    """Which server."""
    return PROGRAMS[getattr(request, "param", "valkey-of-the-wheel")]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Server]]:
    """One of each kind, for all tests."""
    with ExitStack() as stack:
        started: dict[Path, Server] = {}

        def of(program: Path) -> Server:
            if program not in started:
                started[program] = Server(program, tmp_path_factory.mktemp("server"))
                stack.callback(started[program].stop)
            return started[program]

        yield of


@pytest.fixture
def valkey(servers: Callable[[Path], Server], program: Path) -> Server:
    """The one that tests share, each in a corner of its own."""
    return servers(program)


@pytest.fixture
def new_server(program: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A server of the test's own, which it may fill, or take down."""
    numbers = itertools.count(1)
    with ExitStack() as stack:

        def made(*options: str) -> Server:
            server = Server(program, tmp_path / f"server-{next(numbers)}", *options)
            stack.callback(server.stop)
            return server

        yield made


@pytest.fixture
def shared(valkey: Server) -> Shared:
    """A corner of the store that no other test uses."""
    # A busy machine is no store that is away: by a clock that stands still that would last.
    prefix = f"test-{next(_prefixes)}"
    return Shared(
        valkey.url, secret=SECRET, prefix=prefix, pause=1, timeout=5, revocations_every=0.02
    )


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


@pytest.fixture
def workers(shared: Shared, hand_clock: HandClock) -> Iterator[Workers]:
    """A fleet on the test's store."""
    made = Workers(shared, hand_clock)
    yield made
    made.close()
