import sys
from pathlib import Path

import pytest

# aiohttp is held to Starlette's own table of requests.
sys.path.append(str(Path(__file__).parents[1] / "starlette"))

from starlette_world import bearer, guard, make_guard, server

__all__ = ["bearer", "guard", "make_guard", "server"]


@pytest.fixture
def anyio_backend() -> str:
    """aiohttp knows no other."""
    return "asyncio"
