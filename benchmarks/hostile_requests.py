"""A thousand hostile requests of each kind: upstream calls, processor time, memory.

The kinds are those of ``strangers.py``; each request differs from the last, unless its kind says
otherwise. A guard in a process of its own, whose keys are known, refuses them one after the other
through ``guard.authenticate``, and makes the answer; no server is in front of it. The authorization
server is real, on a socket in another process. Counted: its calls. Timed: the guard's process, all
its threads. Memory is what the guard holds more after another thousand, traced by ``tracemalloc``;
in kinds that are remembered it is bounded by the settings, and grows no further. What a good token
costs stands first, for comparison.

Opaque junk costs a call each, since only the authorization server can tell (RFC 7662). The bound
there is on how many run at once, and on what comes again.
"""

from __future__ import annotations

import gc
import logging
import tracemalloc
from collections import Counter
from itertools import islice
from time import process_time
from typing import TYPE_CHECKING, Any

from bearer_guard import BearerError, Guard, Introspection, Issuer, Request
from bearer_guard.testing import AuthorizationServer
from benchmarks import apart, material
from benchmarks.row import Options, Row, Verdict
from benchmarks.strangers import COUNT, KINDS, TEMPLATE_PATH, Kind, Seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.strangers import Credentials

_WARM_UP = 50
_WARM_CALLS = 2
"""Metadata and keys, for the first good token."""


def measure(options: Options) -> list[Row]:
    """A good token, then each kind."""
    count = COUNT // 5 if options.quick else COUNT
    return [_good(count), *(_row(kind, count) for kind in KINDS)]


def _good(count: int) -> Row:
    with AuthorizationServer(audience=material.AUDIENCE) as running:
        tokens = [[f"Bearer {token}"] for token in material.tokens(running, 2 * count + _WARM_UP)]
        found = _apart(running, tokens, introspects=True)
    return Row(
        "good: tokens seen for the first time",
        f"{len(running.seen) - _WARM_CALLS} calls, {_told(found, count)}",
        note="beside the hostile ones below",
    )


def _row(kind: Kind, count: int) -> Row:
    path = TEMPLATE_PATH if kind.template else ""
    with AuthorizationServer(audience=material.AUDIENCE, issuer_path=path) as running:
        # The traced thousand is sent in the same half minute: its calls are within the same bound.
        requests = list(islice(kind.make(Seen(running)), 2 * count + _WARM_UP))
        found = _apart(running, requests, introspects=not kind.template)
        calls = len(running.seen) - _WARM_CALLS
    if kind.calls >= COUNT:
        # A call each: of all that were sent, told for a thousand. Else the bound is on the moment.
        calls = round(calls * COUNT / len(requests))
    refused = found["outcomes"].keys() == set(kind.reasons)
    return Row(
        f"hostile: {kind.name}",
        f"{calls:,} call{'' if calls == 1 else 's'}, {_told(found, count)}",
        f"≤ {kind.calls:,}, none let in",
        Verdict.of(calls <= kind.calls and refused),
        ", ".join(f"{number:,} {reason}" for reason, number in found["outcomes"].items()),
    )


def _told(found: dict[str, Any], count: int) -> str:
    scale = 1000 / count
    milliseconds, kilobytes = found["seconds"] * 1e3 * scale, found["bytes"] / 1e3 * scale
    return f"{milliseconds:,.0f} ms and {kilobytes:+,.1f} kB per thousand"


def _apart(
    running: AuthorizationServer, requests: Sequence[Credentials], *, introspects: bool
) -> dict[str, Any]:
    settings = running.introspection_settings() if introspects else None
    warm = [f"Bearer {running.jwt(expires_in=material.LONG_LIVED)}"]
    return apart.run(__name__, "refused", running.issuer, settings, warm, list(requests))


def refused(
    issuer: str, settings: dict[str, Any] | None, warm: list[str], requests: list[list[str]]
) -> dict[str, Any]:
    """Seconds of processor time for the first half, and the bytes held more after the second."""
    logging.getLogger("bearer_guard").setLevel(logging.CRITICAL)
    introspection = Introspection(**settings) if settings else None
    made = [Request(headers=[("Authorization", line) for line in lines]) for lines in requests]
    half = (len(made) - _WARM_UP) // 2
    outcomes: Counter[str] = Counter()
    with Guard(
        audience=material.AUDIENCE, issuers=[Issuer(issuer, introspection=introspection)]
    ) as guard:
        if _outcome(guard, Request(headers=[("Authorization", line) for line in warm])) != "let in":
            raise RuntimeError("the good token was refused: nothing is known of the hostile ones")
        outcomes.update(_outcome(guard, request) for request in made[:_WARM_UP])
        before = process_time()
        for request in made[_WARM_UP : _WARM_UP + half]:
            outcomes[_outcome(guard, request)] += 1
        seconds = process_time() - before
        gc.collect()
        tracemalloc.start()
        for request in made[_WARM_UP + half :]:
            outcomes[_outcome(guard, request)] += 1
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
    return {"seconds": seconds, "bytes": held, "outcomes": outcomes}


def _outcome(guard: Guard, request: Request) -> str:
    try:
        guard.authenticate(request)
    except BearerError as error:
        guard.refusal(error)
        return error.reason
    return "let in"
