"""First sight of tokens signed otherwise: the time that the whole check adds to the signature's.

Compared: as in ``first_sight``, one token again and again by a guard that remembers none, and
``cryptography``'s ``verify`` of the same bytes. A difference and not a ratio, since what is not
cryptography costs about the same for every algorithm. An ECDSA signature, which JWS writes as two
numbers side by side, is handed to the bare verification in the form that it takes (DER): turning
it is part of what the check adds. Claims are the same everywhere, so a token with a shorter
signature is a shorter token.
"""

from __future__ import annotations

from benchmarks import material
from benchmarks.measuring import each, each_of, side_by_side
from benchmarks.row import Options, Row, Verdict

_TARGET = 8e-6
_ROUNDS = 300
_ALGORITHMS = (
    ("ES256", "ES256", 86 - 342),
    ("EdDSA", "Ed25519", 86 - 342),
    ("RS256-3072", "RS256-3072", 512 - 342),
    ("RS256", "RS256-2048", 0),
)
"""As JWS names it, as the table does, and by how much its signature is longer than RS256-2048's."""


def measure(options: Options) -> list[Row]:
    """RS256-2048 stands beside them, without a target of its own here."""
    with material.server() as running:
        rows = []
        for algorithm, name, longer in _ALGORITHMS:
            signed = material.signed_with(running, algorithm)
            token = material.token(running, algorithm, material.SIZE + longer)
            with material.guard(running, remembered_tokens=0) as guard:
                times = side_by_side(
                    {
                        "bare": each_of(signed.bare(), [signed.bare_arguments(token)]),
                        "guard": each(guard.authenticate, [material.request(token)]),
                    },
                    rounds=options.rounds(_ROUNDS),
                )
            added = times.added("guard", "bare")
            best = times.added_to_best("guard", "bare")
            has_target = algorithm != "RS256"
            rows.append(
                Row(
                    f"first sight, {name}, {len(token)} octets: added to the bare verification",
                    f"+{added * 1e6:.1f} µs (of minima +{best * 1e6:.1f} µs)",
                    f"≤ {_TARGET * 1e6:.0f} µs" if has_target else "",
                    Verdict.of(added <= _TARGET, best <= _TARGET) if has_target else None,
                    f"{times.microseconds('bare', 'guard')}; {times.ratios('guard', 'bare')}",
                )
            )
        return rows
