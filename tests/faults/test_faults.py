"""Every fault, at every document, cold and warm: the verdicts, the calls, the time.

Time is a hand-turned clock's, save the seconds that a request really waits, which have a bound.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx
import pytest

from bearer_guard import UpstreamPolicy
from faults.server import FaultServer
from faults.stand import HASTY, Judged, Stand
from faults.table import DOCUMENTS, LET_IN, ROWS, Row

AT_ONCE = 3.0
"""Seconds: nothing that answers is waited for."""
ROOM = 2.0
"""Seconds past the policy's, in which a busy machine has to say that time is up."""
PATIENT = UpstreamPolicy(timeout=5, connect_timeout=5)
"""For the second try of a machine too busy to ask anything within HASTY's second."""
Found = list[tuple[str, str, int]]


class Cell(NamedTuple):
    """One row, one document, cold or warm."""

    row: Row
    document: str
    warm: bool

    def __str__(self) -> str:
        return f"{self.document} {'warm' if self.warm else 'cold'}: {self.row.fault}"


CELLS = [
    Cell(row, name, warm)
    for row in ROWS
    for name in DOCUMENTS
    if name in row.fails or name in row.harmless
    for warm in (False, True)
]


def expected(cell: Cell) -> Found:
    """Verdict and calls, step by step."""
    row, name, warm = cell
    if name in row.harmless:
        return harmless(name, row.harmless[name], warm)
    reason, calls = row.fails[name]
    failed = f"503 {reason}"
    if not warm:
        return [("cold", failed, calls), ("again", *again(name, row, failed, calls))]
    if name == "introspection":
        another = again(name, row, failed, calls)
        return [("kept", LET_IN, 0), ("past", failed, calls), ("another", *another)]
    through = row.does is not None and name == "metadata"
    # Where metadata alone fails, the keys are had all the same: one call more, the new one too.
    return [
        ("fresh", LET_IN, 0),
        ("stale", LET_IN, calls + through),
        ("a new key", LET_IN if through else failed, 0),
        ("gone", failed, calls),
    ]


def again(name: str, row: Row, failed: str, calls: int) -> tuple[str, int]:
    """Within the back-off nobody asks for keys again. Each token is a question of its own, until
    so many failed that the endpoint is left alone."""
    if name != "introspection":
        return failed, 0
    return ("503 introspection_suspended", 0) if row.suspends else (failed, calls)


def harmless(name: str, verdict: str, warm: bool) -> Found:
    calls = {"keys": 1, "metadata": 2, "introspection": 1}[name]
    if not warm:
        return [("cold", verdict, calls), ("again", verdict, int(name == "introspection"))]
    if name == "introspection":
        return [("kept", LET_IN, 0), ("past", verdict, 1), ("another", verdict, 1)]
    return [("fresh", LET_IN, 0), ("stale", verdict, calls), ("a new key", verdict, 0),
            ("gone", verdict, calls)]  # fmt: skip


def run_cold(stand: Stand, fault: Any) -> dict[str, Judged]:
    stand.fail(fault)
    token = stand.token()
    found = {"cold": stand.ask(token), "again": stand.ask(stand.token())}
    stand.tell_the_truth()
    stand.clock.turn(31)
    stand.until_let_in(token)
    return found


def run_warm(stand: Stand, fault: Any, introspects: bool) -> dict[str, Judged]:
    token = stand.token()
    stand.until_let_in(token)
    stand.fail(fault)
    if introspects:
        found = {"kept": stand.ask(token)}
        stand.clock.turn(61)
        found |= {"past": stand.ask(token), "another": stand.ask(stand.token())}
    else:
        found = {"fresh": stand.ask(token)}
        stand.publish("p256-2")
        stand.clock.turn(601)
        found |= {"stale": stand.ask(token), "a new key": stand.ask(stand.token("p256-2"))}
        stand.clock.turn(4200)
        found |= {"gone": stand.ask(token)}
    stand.tell_the_truth()
    stand.clock.turn(31)
    stand.until_let_in(token)
    return found


def run(server: FaultServer, cell: Cell, policy: UpstreamPolicy) -> dict[str, Judged]:
    stand = Stand(server, cell.document, policy)
    try:
        if cell.warm:
            return run_warm(stand, cell.row.does, cell.document == "introspection")
        return run_cold(stand, cell.row.does)
    finally:
        stand.close()


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    """TLS roots are read once, not once for each of some hundred guards."""
    patch = pytest.MonkeyPatch()
    patch.setattr(httpx, "create_ssl_context", functools.cache(httpx.create_ssl_context))
    httpx.create_ssl_context()
    server = FaultServer()
    yield server
    server.close()
    patch.undo()


@pytest.fixture(scope="module")
def hanging(
    request: pytest.FixtureRequest, server: FaultServer
) -> Iterator[Callable[[Cell], dict[str, Judged]]]:
    """The outcome of a cell that waits. Those that are to be run wait side by side."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    cells = [spec.params.get("cell") for spec in specs if spec is not None]
    with ThreadPoolExecutor(24) as threads:
        futures = {
            str(cell): threads.submit(run, server, cell, HASTY)
            for cell in cells
            if cell is not None and cell.row.hangs
        }
        yield lambda cell: futures[str(cell)].result(120)


def told(found: dict[str, Judged]) -> Found:
    return [(step, judged.verdict, judged.calls) for step, judged in found.items()]


def late(found: dict[str, Judged], bound: float) -> dict[str, float]:
    return {step: judged.seconds for step, judged in found.items() if judged.seconds >= bound}


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.row.hangs], ids=str)
def test_who_hangs(
    cell: Cell, hanging: Callable[[Cell], dict[str, Judged]], server: FaultServer
) -> None:
    found, policy = hanging(cell), HASTY
    if told(found) != expected(cell):
        found, policy = run(server, cell, PATIENT), PATIENT
    assert told(found) == expected(cell)
    assert late(found, policy.timeout + ROOM) == {}


@pytest.mark.parametrize("cell", [cell for cell in CELLS if not cell.row.hangs], ids=str)
def test_who_answers(cell: Cell, server: FaultServer) -> None:
    found = run(server, cell, UpstreamPolicy())
    assert told(found) == expected(cell)
    assert late(found, AT_ONCE) == {}


def test_the_table_has_every_document_for_every_fault_of_the_wire() -> None:
    assert len({row.fault for row in ROWS}) == len(ROWS)
    assert [row.fault for row in ROWS if row.hangs and set(row.fails) != set(DOCUMENTS)] == []


# Tokens of a server whose clock is hours off


HOURS = 3 * 3600
CLOCKS = {
    "hours ahead": ({"iat": HOURS, "exp": 2 * HOURS}, "401 not_yet_valid"),
    "hours ahead, and says it twice": ({"nbf": HOURS, "exp": 2 * HOURS}, "401 not_yet_valid"),
    "hours behind": ({"iat": -HOURS, "exp": -1}, "let in"),
    "hours behind, leeway included": ({"iat": -HOURS, "exp": -HOURS}, "401 expired"),
    "a minute ahead": ({"iat": 60, "exp": 600}, "let in"),
}


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("name", ["keys", "introspection"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_tokens_by_a_clock_that_is(server: FaultServer, clock: str, name: str, warm: bool) -> None:
    offsets, verdict = CLOCKS[clock]
    stand = Stand(server, name, UpstreamPolicy())
    try:
        if warm:
            stand.until_let_in(stand.token())
        now = int(stand.clock.time())
        claims = {claim: now + offset for claim, offset in offsets.items()}
        stand.answer_with(claims)
        found = stand.ask(stand.token(**claims))
    finally:
        stand.close()
    # A JWT says by itself that it is not good now: no key is fetched to hear it.
    needed = name == "introspection" or (verdict == "let in" and not warm)
    assert (found.verdict, found.calls) == (verdict, int(needed))
