import sys
from pathlib import Path

# Flask is held to the table of requests that Starlette is held to.
sys.path.append(str(Path(__file__).parents[1] / "starlette"))

from starlette_world import bearer, guard, make_guard, server

__all__ = ["bearer", "guard", "make_guard", "server"]
