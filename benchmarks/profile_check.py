"""Where a check spends its time: ``python -m benchmarks.profile_check``.

cProfile of 2,000 first-sight checks and as many of tokens seen before, the top 25 each. The
profiler makes every Python call dearer and no C call, so read it for what is called and how
often, and take times from ``python -m benchmarks --only first_sight --only seen_before``.
"""

from __future__ import annotations

import cProfile
import pstats

from benchmarks import material
from benchmarks.measuring import Contestant, each

_CHECKS = 2000
_LINES = 25


def main() -> None:
    """Print both."""
    with material.server() as running:
        requests = [material.request(token) for token in material.tokens(running, 400)]
        with material.guard(running, remembered_tokens=0) as guard:
            _profile("first sight", each(guard.authenticate, requests))
        with material.guard(running) as guard:
            _profile("seen before", each(guard.authenticate, requests))


def _profile(title: str, checks: Contestant) -> None:
    checks(_CHECKS)
    profile = cProfile.Profile()
    profile.runcall(checks, _CHECKS)
    print(f"\n== {title}: {_CHECKS} checks")
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(_LINES)


if __name__ == "__main__":
    main()
