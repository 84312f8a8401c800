"""Storms, each beside PyJWKClient, fastmcp and Authlib in the same run.

* *Cold start*: 200 requests in the same instant, and nobody has the keys.
* *Rotation*: the issuer signs with a new key just after everybody fetched the old one; 200 tokens.
* *Flood of key ids*: 200 tokens that name made-up keys, 50 good ones among them.
* *Flood of opaque tokens*: 100 requests with one good token, 100 with one dead one, 100 with junk,
  each another; the same again a second later. The least that this can cost are 102 questions.
* *Outage*: the keys have aged by an hour, and the authorization server refuses connections, answers
  503, or takes three seconds for each answer; 50 tokens, five times in a row.

The authorization server is real, on a socket, and takes 20 ms for an answer. Counted: what it was
asked (a refused connection asks nothing), and who was let in; why others were not is in the words
of each library. The longest wait decides nothing: 200 threads on few cores wait for each other.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bearer_guard.testing import AuthorizationServer
from benchmarks import material
from benchmarks.contestants import INTROSPECTING, OURS, Contestant, Made, absent, installed
from benchmarks.crowd import LET_IN, Crowd
from benchmarks.row import Options, Row, Verdict
from benchmarks.strangers import Seen

_LATENCY = 0.02
_SIZE = 200
_GOOD = 50
_SLOW = 3.0


@dataclass
class Told:
    """What a storm did."""

    calls: int
    sent: int
    let_in: int
    slowest: float
    outcomes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, calls: int, *crowds: Crowd) -> Told:
        """From what became of some crowds."""
        outcomes = sum((found.outcomes for found in crowds), Counter[str]())
        slowest = max(max(found.seconds) for found in crowds)
        return cls(calls, outcomes.total(), outcomes[LET_IN], slowest, outcomes)

    def __str__(self) -> str:
        refused = ", ".join(f"{n} {why}" for why, n in self.outcomes.items() if why != LET_IN)
        why = f" ({refused})" if refused else ""
        return f"{self.calls} asked, {self.let_in} of {self.sent} let in{why}, {self.slowest:.1f} s"


Storm = Callable[[AuthorizationServer, Contestant], Told]


def _warm(running: AuthorizationServer, contestant: Contestant) -> None:
    (outcome,) = contestant.all_at_once([material.token(running)]).outcomes
    if outcome != LET_IN:
        raise RuntimeError(f"a good token was refused in fair weather: {outcome}")
    running.reset_counts()


def _cold_start(running: AuthorizationServer, contestant: Contestant) -> Told:
    found = contestant.all_at_once([material.token(running)] * _SIZE)
    return Told.of(running.count("/jwks"), found)


def _rotation(running: AuthorizationServer, contestant: Contestant) -> Told:
    _warm(running, contestant)
    running.rotate_keys()
    found = contestant.all_at_once(material.tokens(running, _SIZE))
    return Told.of(running.count("/jwks"), found)


def _made_up_keys(running: AuthorizationServer, contestant: Contestant) -> Told:
    _warm(running, contestant)
    seen = Seen(running)
    tokens = [seen.jwt({"kid": f"made-up-{number}"}) for number in range(_SIZE)]
    tokens += material.tokens(running, _GOOD)
    random.Random(0).shuffle(tokens)
    found = contestant.all_at_once(tokens)
    return Told.of(running.count("/jwks"), found)


def _opaque_tokens(running: AuthorizationServer, contestant: Contestant) -> Told:
    seen, dead = Seen(running), running.opaque(expires_in=material.LONG_LIVED)
    running.revoke(dead)
    good = running.opaque(expires_in=material.LONG_LIVED)
    tokens = [*[good] * 100, *[dead] * 100, *(seen.junk(32) for _ in range(100))]
    random.Random(0).shuffle(tokens)
    crowds = [contestant.all_at_once(tokens) for _ in range(2)]
    return Told.of(running.count("/introspect"), *crowds)


def _outage(befall: Callable[[AuthorizationServer], object]) -> Storm:
    def storm(running: AuthorizationServer, contestant: Contestant) -> Told:
        _warm(running, contestant)
        tokens = material.tokens(running, _GOOD)
        contestant.an_hour_later()
        befall(running)
        crowds = [contestant.all_at_once(tokens) for _ in range(5)]
        running.answer_slowly(0)
        running.come_back()
        return Told.of(len(running.seen), *crowds)

    return storm


def _slowness(running: AuthorizationServer) -> None:
    running.answer_slowly(_SLOW)


@dataclass(frozen=True)
class _Kind:
    name: str
    storm: Storm
    calls: int
    """The most that the guard may ask."""
    let_in: int
    """How many are good."""
    introspects: bool = False


_KINDS = (
    _Kind("cold start", _cold_start, 1, _SIZE),
    _Kind("a key rotated just after a fetch", _rotation, 1, _SIZE),
    _Kind("flood of made-up key ids", _made_up_keys, 2, _GOOD),
    _Kind("flood of opaque tokens", _opaque_tokens, 102, 200, introspects=True),
    _Kind("outage, connections refused", _outage(AuthorizationServer.go_down), 0, 5 * _GOOD),
    # One try, repeated once: metadata at two places, then the key set.
    _Kind("outage, 503 for all", _outage(AuthorizationServer.unavailable), 6, 5 * _GOOD),
    _Kind("outage, three seconds an answer", _outage(_slowness), 3, 5 * _GOOD),
)


def measure(_options: Options) -> list[Row]:
    """Each storm over the guard, from threads and on an event loop, then over each rival."""
    rows = []
    for kind in _KINDS:
        for manner, made in OURS.items():
            told = _run(kind, made)
            rows.append(
                Row(
                    f"storm: {kind.name} ({manner})",
                    str(told),
                    f"≤ {kind.calls} asked, {kind.let_in} let in",
                    Verdict.of(told.calls <= kind.calls, told.let_in == kind.let_in),
                )
            )
        rows += _rivals(kind)
    return rows


def _rivals(kind: _Kind) -> Sequence[Row]:
    rows = [
        Row(f"… {name}", str(_run(kind, made)))
        for name, made in installed().items()
        if not kind.introspects or name in INTROSPECTING
    ]
    if missing := absent():
        rows.append(Row(f"… {', '.join(missing)}", "not run", note="not installed"))
    return rows


def _run(kind: _Kind, made: Made) -> Told:
    with AuthorizationServer(audience=material.AUDIENCE) as running, made(running) as contestant:
        running.answer_slowly(_LATENCY)
        return kind.storm(running, contestant)
