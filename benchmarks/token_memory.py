"""Memory for a remembered token.

Counted: all that a guard holds more after it has let in 10,000 different tokens of 757 octets
(of one issuer, each with its own subject and ``jti``, with the same groups and scope), divided by
10,000. That is its
entry in the memory and the whole ``AccessToken``, claims included. Traced by ``tracemalloc``, so
every object of Python's, overheads and empty places in tables included, but not what the allocator
wastes: growth of the process's resident memory, divided likewise, stands beside it, taken in
another process where nothing is traced. Tokens and requests are made before and belong to neither.
"""

from __future__ import annotations

import gc
import tracemalloc

from bearer_guard import Guard, Issuer
from benchmarks import apart, material
from benchmarks.row import Options, Row, Verdict

_TARGET = 1300
_TOKENS = 10_000


def measure(options: Options) -> list[Row]:
    """Two figures, of two processes."""
    count = _TOKENS // 10 if options.quick else _TOKENS
    with material.server() as running:
        # One more, with which the guard loads what it needs and fetches the keys.
        tokens = material.tokens(running, count + 1)
        arguments = (running.issuer, tokens)
        traced = apart.run(__name__, "held", *arguments, True)["bytes"] / count
        resident = apart.run(__name__, "held", *arguments, False)["bytes"] / count
    return [
        Row(
            f"memory for a remembered token of {material.SIZE} octets ({count:,} of them)",
            f"{traced:,.0f} bytes",
            f"≤ {_TARGET:,} bytes",
            Verdict.of(traced <= _TARGET),
            f"resident memory grew by {resident:,.0f} bytes for each",
        )
    ]


def held(issuer: str, tokens: list[str], traced: bool) -> dict[str, int]:
    """What a guard holds more for all tokens but the first: as traced, or in resident memory."""
    first, *requests = [material.request(token) for token in tokens]
    guard = Guard(
        audience=material.AUDIENCE,
        issuers=[Issuer(issuer)],
        remembered_tokens=max(len(tokens), 1000),
    )
    with guard:
        guard.authenticate(first)
        gc.collect()
        if traced:
            tracemalloc.start()
        before = _now(traced)
        for request in requests:
            guard.authenticate(request)
        gc.collect()
        return {"bytes": _now(traced) - before}


def _now(traced: bool) -> int:
    return tracemalloc.get_traced_memory()[0] if traced else apart.resident()
