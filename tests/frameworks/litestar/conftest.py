import sys
from pathlib import Path

# Litestar is held to Starlette's own table of requests.
sys.path.append(str(Path(__file__).parents[1] / "starlette"))

from starlette_world import bearer, guard, make_guard, server

__all__ = ["bearer", "guard", "make_guard", "server"]
