import sys
from pathlib import Path
from typing import Any

import pytest

from jumping_loop import jumping

# aiohttp is held to Starlette's own table of requests.
sys.path.append(str(Path(__file__).parents[1] / "starlette"))

from starlette_world import bearer, guard, make_guard, server

__all__ = ["bearer", "guard", "make_guard", "server"]


@pytest.fixture
def anyio_backend() -> Any:
    """aiohttp knows no other. Its client is in the server's loop: nobody waits for a token's end."""
    return jumping("asyncio")
