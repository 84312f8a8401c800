"""What ``Guard.health()`` and ``bearer-guard check`` tell of the store that workers share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bearer_guard._command.main import main
from bearer_guard.health import LastError, StoreHealth
from bearer_guard.settings.shared import Shared
from bearer_guard.shared import StoreFailure
from bearer_guard.testing import AuthorizationServer, HandClock
from fleet.workers import Workers, verdict

SECRET = "a secret of the fleet, 32 characters"


class Fickle:
    """A store in memory that can be taken away."""

    def __init__(self) -> None:
        self.is_away = False
        self.has_a_bug = False
        self.was_read_for_revocations = threading.Event()
        self._kept: dict[str, bytes] = {}

    def get(self, names: Any) -> list[bytes | None]:
        found = self._do(lambda: [self._kept.get(name) for name in names])
        if "revocations" in names:
            self.was_read_for_revocations.set()
        return found

    def put(self, name: str, value: bytes, _seconds: float) -> None:
        self._do(lambda: self._kept.update({name: value}))

    def add(self, name: str, value: bytes, _seconds: float) -> bool:
        return self._do(lambda: self._kept.setdefault(name, value) is value)

    def count(self, name: str, _seconds: float) -> int:
        counted = int(self._kept.get(name, b"0")) + 1
        self.put(name, str(counted).encode(), 0)
        return counted

    def delete(self, name: str) -> None:
        self._do(lambda: self._kept.pop(name, None))

    def _do(self, work: Callable[[], Any]) -> Any:
        if self.has_a_bug:
            raise AttributeError("of a store of the user's own")
        if self.is_away:
            raise StoreFailure("OutOfMemoryError")
        return work()


@pytest.fixture
def fickle() -> Fickle:
    return Fickle()


@pytest.fixture
def workers(fickle: Fickle, hand_clock: HandClock) -> Iterator[Workers]:
    # Revocations are not looked for while a test lasts: the thread would ask the store as well.
    shared = Shared(fickle, secret=SECRET, pause=5, revocations_every=60)
    made = Workers(shared, hand_clock)
    yield made
    made.close()


def test_without_a_store_there_is_nothing_to_tell(workers: Workers) -> None:
    (guard,) = workers.new(shared=None)
    assert guard.health().store is None


def test_before_the_first_request_it_is_unused(workers: Workers) -> None:
    (guard,) = workers.new()
    assert guard.health().store == StoreHealth(state="unused", next_try_in=0, last_error=None)


def test_a_store_that_answers_is_reached(workers: Workers) -> None:
    (guard,) = workers.new()
    assert verdict(guard, workers.server.jwt()) == "let in"
    assert guard.health().store == StoreHealth(state="reached", next_try_in=0, last_error=None)


def test_a_store_that_fails_is_away_until_it_answers_again(
    workers: Workers, fickle: Fickle
) -> None:
    (guard,) = workers.new()
    verdict(guard, workers.server.opaque())
    # The thread that reads revocations has done so, and will not for a minute.
    assert fickle.was_read_for_revocations.wait(5)
    fickle.is_away = True
    assert verdict(guard, workers.server.opaque()) == "let in"
    workers.clock.turn(2)
    assert guard.health().store == StoreHealth(
        state="away", next_try_in=3, last_error=LastError(reason="OutOfMemoryError", seconds_ago=2)
    )
    assert guard.health().is_ready()
    fickle.is_away = False
    workers.clock.turn(8)
    # Nobody needed it meanwhile.
    assert guard.health().store == StoreHealth(
        state="away", next_try_in=0, last_error=LastError(reason="OutOfMemoryError", seconds_ago=10)
    )
    assert verdict(guard, workers.server.opaque()) == "let in"
    assert guard.health().store == StoreHealth(
        state="reached",
        next_try_in=0,
        last_error=LastError(reason="OutOfMemoryError", seconds_ago=10),
    )


def test_a_store_that_raises_anything_else_is_away_too(workers: Workers, fickle: Fickle) -> None:
    (guard,) = workers.new()
    fickle.has_a_bug = True
    assert verdict(guard, workers.server.opaque()) == "let in"
    assert guard.health().store == StoreHealth(
        state="away", next_try_in=5, last_error=LastError(reason="AttributeError", seconds_ago=0)
    )


def test_the_whole_is_plain_data(workers: Workers) -> None:
    (guard,) = workers.new()
    plain = guard.health().as_dict()
    assert plain["store"] == {"state": "unused", "next_try_in": 0, "last_error": None}
    json.dumps(plain)


def checked(
    server: AuthorizationServer, store: str, room: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    file = room / "guard.json"
    shared = {"store": store, "secret": SECRET}
    options = {"audience": server.audience, "issuers": [server.issuer], "shared": shared}
    file.write_text(json.dumps(options))
    return main(["check", "--json", str(file)]), capsys.readouterr().out


def test_the_command_tells_whether_the_store_answers(
    shared: Shared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with AuthorizationServer() as server:
        code, out = checked(server, str(shared.store), tmp_path, capsys)
    assert (code, "\nthe shared store  ok\n" in out) == (0, True)


def test_it_does_so_where_no_issuer_is_asked_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind a template nobody is known before the first token."""
    shared = {"store": "redis://127.0.0.1:1/0", "secret": SECRET}
    options = {"audience": "a", "issuers": ["https://i.example/{tenant}"], "shared": shared}
    file = tmp_path / "guard.json"
    file.write_text(json.dumps(options))
    assert main(["check", "--json", str(file)]) == 1
    assert "the shared store  NOT ok" in capsys.readouterr().out


def test_or_that_it_does_not_and_nothing_of_its_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with AuthorizationServer() as server:
        nowhere = "redis://someone:a-passw0rd@127.0.0.1:1/0"
        code, out = checked(server, nowhere, tmp_path, capsys)
        assert f"{server.issuer}  ok\n" in out
    assert code == 1
    heading, wrong, what_to_do = out.split("the shared store  ")[1].splitlines()[:3]
    assert heading == "NOT ok"
    assert wrong == "  wrong           ConnectionError: it cannot be used"
    assert what_to_do.startswith("  what to do      look at store, its user and its password, and")
    assert "passw0rd" not in out
    assert "127.0.0.1:1" not in out
