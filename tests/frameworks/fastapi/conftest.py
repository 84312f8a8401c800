import sys
from pathlib import Path

# FastAPI is held to Starlette's own table of requests.
sys.path.append(str(Path(__file__).parents[1] / "starlette"))

from fastapi_stage import app
from starlette_world import bearer, guard, make_guard, server

__all__ = ["app", "bearer", "guard", "make_guard", "server"]
