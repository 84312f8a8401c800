import sys
from pathlib import Path

# Quart is held to the table of requests that Starlette is held to; its views are Flask's.
sys.path += [str(Path(__file__).parents[1] / other) for other in ("starlette", "flask")]

import pytest
from starlette_world import bearer, guard, make_guard, server

__all__ = ["bearer", "guard", "make_guard", "server"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
