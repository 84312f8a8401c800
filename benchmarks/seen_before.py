"""A token seen before: the check with its rechecks against the bare RS256 verification.

Compared: ``guard.authenticate(request)`` of a token whose signature the guard remembers (it looks
whether the key is still the issuer's, and whether the token's time has come and not gone), with
``cryptography``'s ``verify`` of the same bytes. Two ways: one token again and again, and 2,000
remembered tokens in turn, whose entries the processor's caches do not all hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import material
from benchmarks.measuring import each, each_of, side_by_side
from benchmarks.row import TIMES, Options, Row, Verdict

if TYPE_CHECKING:
    from bearer_guard.testing import AuthorizationServer

_TARGET = 0.12
_ROUNDS = 300
_DISTINCT = 2000


def measure(options: Options) -> list[Row]:
    """One token, and many."""
    with material.server() as running:
        many = _DISTINCT // 4 if options.quick else _DISTINCT
        return [
            _row("seen before, RS256-2048: one token", running, 1, options),
            _row(f"… {many:,} remembered tokens in turn", running, many, options),
        ]


def _row(what: str, running: AuthorizationServer, count: int, options: Options) -> Row:
    tokens = material.tokens(running, count)
    signed = material.signed_with(running, "RS256")
    requests = [material.request(token) for token in tokens]
    with material.guard(running) as guard:
        if material.is_first_sight(guard, requests):
            raise AssertionError("the tokens are not remembered")
        times = side_by_side(
            {
                "bare": each_of(signed.bare(), [signed.bare_arguments(each) for each in tokens]),
                "guard": each(guard.authenticate, requests),
            },
            rounds=options.rounds(_ROUNDS),
        )
    ratio, best = times.ratio("guard", "bare"), times.ratio_of_bests("guard", "bare")
    return Row(
        what,
        f"{ratio:.3f} {TIMES} (of minima {best:.3f} {TIMES})",
        f"≤ {_TARGET} {TIMES} bare verification",
        Verdict.of(ratio <= _TARGET, best <= _TARGET),
        times.microseconds("bare", "guard"),
    )
