"""Runs rows by every way in and says what does not fit."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

from conformance.rows import IN_PROCESS, Row, Step
from conformance.targets import Targets
from conformance.tripwire import Tripwire
from conformance.verdicts import ServerRefuses, Verdict
from conformance.wire import Outcome
from conformance.world import Setting, World
from faults.server import FaultServer

_CREDENTIALS = re.compile(
    rb"(?:authorization: *\S+|access_token=|cookie:[^\r]*=)[ ]*([^\r\n&;]+)", re.IGNORECASE
)
_LONG_ENOUGH = re.compile(rb"[A-Za-z0-9_~+/=-]{24,}")
_TELLTALE = re.compile(rb"Traceback|\b[A-Z][A-Za-z]+(?:Error|Exception|Timeout)\b|File \"")


class Run:
    """All that the rows need, and the results of the slow ones."""

    def __init__(
        self, stage: FaultServer, tripwire: Tripwire, targets: Targets, log: list[str]
    ) -> None:
        self.stage, self.tripwire, self.targets, self.log = stage, tripwire, targets, log
        self._shared: dict[Setting, World] = {}
        self._lock = threading.Lock()
        self._slow: dict[tuple[str, str], Future[list[str]]] | None = None
        self._pool = ThreadPoolExecutor(24, "slow")
        self.reasons: dict[str, set[str | None]] = {}

    def close(self) -> None:
        self._pool.shutdown()
        for world in self._shared.values():
            world.close()

    @property
    def worlds(self) -> list[World]:
        """The worlds that rows share."""
        return list(self._shared.values())

    def start_slow(self, table: list[Row]) -> None:
        """The rows that wait, all at once."""
        if self._slow is None:
            self._slow = {
                (row.sentence, where): self._pool.submit(self._row, row, where)
                for row in table
                if row.slow
                for where in row.where
            }
            wait(self._slow.values())  # what is timed closely runs apart

    def problems(self, row: Row, table: list[Row]) -> list[str]:
        """What is wrong with a row, by every way in."""
        if row.slow:
            self.start_slow(table)
            assert self._slow is not None
            return [
                problem
                for where in row.where
                for problem in self._slow[row.sentence, where].result()
            ]
        return [problem for where in row.where for problem in self._row(row, where)]

    def _world(self, setting: Setting) -> World:
        if setting.fresh:
            return World(self.stage, self.tripwire.port, setting)
        with self._lock:
            if setting not in self._shared:
                world = World(self.stage, self.tripwire.port, setting)
                self._shared[setting] = world
                self._warm(world, setting)
        return self._shared[setting]

    def _warm(self, world: World, setting: Setting) -> None:
        """The control: a plain good token is let in, hence refusals are the row's own doing."""
        warm = setting.warm(world) if callable(setting.warm) else world.jwt(setting.warm)
        octets = f"GET /orders HTTP/1.1\r\nAuthorization: Bearer {warm}\r\n\r\n".encode()
        outcome = self.targets.send("guard", world.guard, octets)
        assert outcome.status == 200, f"the control was refused: {outcome}"

    def _row(self, row: Row, where: str) -> list[str]:
        world = self._world(row.setting)
        problems: list[str] = []
        try:
            for number, step in enumerate(row.steps, 1):
                found = self._step(row, step, world, where)
                problems += [f"{where}, step {number}: {problem}" for problem in found]
        finally:
            if row.setting.fresh:
                world.close()
        return problems

    def _step(self, row: Row, step: Step, world: World, where: str) -> list[str]:
        if step.before is not None:
            step.before(world)
        octets = step.request(world)
        calls, lines, touched = len(world.seen), len(self.log), self.tripwire.touched
        outcome = self.targets.send(where, world.guard, octets)
        outcome.calls = len(world.seen) - calls
        problems = _judge(step, outcome, where, row.within)
        if self.tripwire.touched != touched:
            problems.append("an address named in a token was asked")
        problems += self._leaks(octets, outcome, self.log[lines:])
        if step.after is not None:
            try:
                step.after(world)
            except AssertionError as error:
                problems.append(f"the authorization server saw otherwise: {error}")
        if where == "guard":
            self.reasons.setdefault(row.sentence, set()).add(outcome.reason)
        return problems

    def _leaks(self, octets: bytes, outcome: Outcome, lines: list[str]) -> list[str]:
        """No token, no exception, no trace in an answer; no token and no trace in the log."""
        secrets = {
            part
            for credentials in _CREDENTIALS.findall(octets)
            for part in _LONG_ENOUGH.findall(credentials)
        }
        answer = outcome.head + outcome.body + repr(outcome.headers).encode()
        problems = [f"the answer tells {part[:40]!r}" for part in secrets if part in answer]
        if not outcome.reached and (found := _TELLTALE.search(answer)):
            problems.append(f"the answer tells {found[0]!r}")
        log = "\n".join(lines).encode("utf-8", "replace")
        problems += [f"the log tells {part[:40]!r}" for part in secrets if part in log]
        if b"\nTraceback" in log:
            problems.append(
                "the log holds a traceback: "
                + log.decode().split("\nTraceback")[-1].splitlines()[-1]
            )
        return problems


def _judge(step: Step, outcome: Outcome, where: str, within: float) -> list[str]:
    verdict = step.verdict
    problems = [f"took {outcome.seconds:.2f} s"] if outcome.seconds >= within else []
    if step.at_most is not None and outcome.calls > step.at_most:
        problems.append(f"{outcome.calls} calls upstream, at most {step.at_most}")
    if isinstance(verdict, ServerRefuses):
        refused = (400 <= outcome.status < 500 or not outcome.status) and not outcome.reached
        if refused and where not in IN_PROCESS:
            return problems
        verdict = verdict.verdict
    return problems + _compare(verdict, outcome, where)


def _compare(verdict: Verdict, outcome: Outcome, where: str) -> list[str]:
    if outcome.status != verdict.status:
        return [
            f"{outcome.status} ({outcome.reason}), not {verdict.status} {verdict.because or ''}"
        ]
    expected: dict[str, object] = {"reached": int(verdict.reached)}
    found: dict[str, object] = {"reached": outcome.reached}
    expected["challenges"], found["challenges"] = (
        verdict.challenges,
        outcome.all("www-authenticate"),
    )
    if verdict.reached:
        return _differences(expected, found) + _sight(verdict, outcome)
    headers = {"content-type": "application/problem+json", "cache-control": "no-store"}
    expected |= headers
    found |= {name: outcome.one(name) for name in headers}
    if outcome.body or not _is_bodyless(outcome):
        expected["body"], found["body"] = verdict.body, outcome.body
    expected["retry-after"] = verdict.status == 503
    found["retry-after"] = bool(re.fullmatch("[1-9][0-9]*", outcome.one("retry-after")))
    if verdict.because and where in IN_PROCESS:
        expected["reason"], found["reason"] = verdict.because, outcome.reason
    return _differences(expected, found)


def _is_bodyless(outcome: Outcome) -> bool:
    return outcome.body == b""


def _differences(expected: dict[str, object], found: dict[str, object]) -> list[str]:
    return [
        f"{name} is {found[name]!r}, not {expected[name]!r}"
        for name in expected
        if expected[name] != found[name]
    ]


def _sight(verdict: Verdict, outcome: Outcome) -> list[str]:
    if not outcome.body:
        return []
    seen = json.loads(outcome.body)
    if verdict.public != ("public" in seen):
        return [
            "let in without a token" if "public" in seen else "let in with a token, not without"
        ]
    return [
        f"the handler sees {name}={seen.get(name)!r}, not {value!r}"
        for name, value in verdict.sees.items()
        if seen.get(name) != value
    ]
