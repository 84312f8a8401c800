"""How long the properties are searched."""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_FACTOR: Final = int(os.environ.get("SEARCH_FACTOR", "1"))


def examples(count: int) -> settings:
    """So many examples, always the same unless a longer search was asked for."""
    return settings(
        max_examples=count * _FACTOR,
        derandomize=_FACTOR == 1,
        database=None,
        deadline=None,  # a busy machine is no defect
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def mostly(
    usual: st.SearchStrategy[Any], *others: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """Three times in four ``usual`` (``one_of`` counts what stands twice in it once)."""
    return st.sampled_from([True, True, True, False]).flatmap(
        lambda is_usual: usual if is_usual else st.one_of(*others)
    )
