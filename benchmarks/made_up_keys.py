"""2,000 made-up key ids in a burst: fetches, and what good tokens feel of it.

Counted: key-set fetches during a burst of 2,000 tokens that each name another key id which does
not exist, sent from 32 threads to a guard that fetched the keys just before; then during two
minutes in which another 1,000 such tokens come every 10 s, by a clock that is turned by hand. The
worst 30 s count, wherever they begin.

Looked at: whether 100 good tokens, each new and of a known key, are let in while a fetch that a
made-up key id began is held back at the server: then none of them waited for it, nor began another.
The times are shown, but decide nothing: whoever else uses the machine is in them.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from bearer_guard import BearerError
from bearer_guard.testing import AuthorizationServer, HandClock
from bearer_guard.testing.jws import base64url
from benchmarks import material
from benchmarks.row import Options, Row, Verdict

if TYPE_CHECKING:
    from bearer_guard import Guard

_BURST = 2000
_LATER = 1000
_STEPS = 12
_STEP = 10
_WINDOW = 30
_FETCHES = 2
_GOOD = 100


def measure(options: Options) -> list[Row]:
    """The burst and what follows, then good tokens meanwhile."""
    burst, later = (_BURST // 4, _LATER // 4) if options.quick else (_BURST, _LATER)
    clock = HandClock()
    with (
        AuthorizationServer(audience=material.AUDIENCE, clock=clock.time) as running,
        material.guard(running, clock=clock) as guard,
    ):
        made_up = _made_up(running)
        guard.authenticate(material.request(material.token(running)))
        return [
            *_fetches(running, guard, clock, made_up, burst, later),
            _good(running, guard, clock, made_up),
        ]


def _fetches(
    running: AuthorizationServer,
    guard: Guard,
    clock: HandClock,
    made_up: Iterator[str],
    burst: int,
    later: int,
) -> list[Row]:
    running.reset_counts()
    outcomes = _all(guard, [next(made_up) for _ in range(burst)])
    in_burst = running.count("/jwks")
    in_steps = []
    for _ in range(_STEPS):
        clock.turn(_STEP)
        before = running.count("/jwks")
        _all(guard, [next(made_up) for _ in range(later)])
        in_steps.append(running.count("/jwks") - before)
    span = _WINDOW // _STEP
    worst = max(sum(in_steps[at : at + span]) for at in range(_STEPS - span + 1))
    told = ", ".join(f"{count} {why}" for why, count in outcomes.items())
    return [
        Row(
            f"{burst:,} made-up key ids in a burst",
            f"{in_burst} key-set fetches",
            f"≤ {_FETCHES}",
            Verdict.of(in_burst <= _FETCHES),
            f"answers: {told}",
        ),
        Row(
            f"… and {later:,} more every {_STEP} s: the worst {_WINDOW} s",
            f"{worst} key-set fetches",
            f"≤ {_FETCHES}",
            Verdict.of(worst <= _FETCHES),
            f"{sum(in_steps)} in {_STEPS * _STEP} s",
        ),
    ]


def _good(
    running: AuthorizationServer, guard: Guard, clock: HandClock, made_up: Iterator[str]
) -> Row:
    clock.turn(2 * _WINDOW)
    requests = [material.request(token) for token in material.tokens(running, _GOOD)]
    running.reset_counts()
    with running.held("/jwks"):
        stranger = threading.Thread(target=_all, args=(guard, [next(made_up)]))
        stranger.start()
        running.wait_until_asked("/jwks")
        seconds = []
        for request in requests:
            before = perf_counter()
            guard.authenticate(request)
            seconds.append(perf_counter() - before)
        still_held = stranger.is_alive() and running.count("/jwks") == 1
    stranger.join()
    return Row(
        f"… a good token while such a fetch hangs ({_GOOD} of them)",
        f"{median(seconds) * 1e6:.0f} µs, the slowest {max(seconds) * 1e6:,.0f} µs",
        "waits for no fetch",
        Verdict.of(still_held),
        "all let in while the one fetch was still held"
        if still_held
        else "the fetch ended before, or another began",
    )


def _made_up(running: AuthorizationServer) -> Iterator[str]:
    """Good in all but the key id and the signature."""
    _, payload, signature = material.token(running).split(".")
    number = 0
    while True:
        number += 1
        header = {"alg": "RS256", "typ": "at+jwt", "kid": f"made-up-{number}"}
        yield f"{base64url(json.dumps(header).encode())}.{payload}.{signature}"


def _all(guard: Guard, tokens: Sequence[str]) -> Counter[str]:
    """From many threads, why each was refused."""

    def check(token: str) -> str:
        try:
            guard.authenticate(material.request(token))
        except BearerError as error:
            return error.reason
        return "let in"

    with ThreadPoolExecutor(32) as pool:
        return Counter(pool.map(check, tokens))
