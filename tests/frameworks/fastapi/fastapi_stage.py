"""An application with ``Bearer`` alone, and one with the middleware around it."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette_world import Headers, client

from bearer_guard import Guard
from bearer_guard.fastapi import BearerMiddleware

MakeApp = Callable[[Guard], FastAPI]


def alone(guard: Guard) -> FastAPI:
    return FastAPI()


def with_middleware(guard: Guard) -> FastAPI:
    app = FastAPI()
    app.add_middleware(BearerMiddleware, guard=guard)
    return app


@pytest.fixture(params=[alone, with_middleware])
def app(request: pytest.FixtureRequest, guard: Guard) -> FastAPI:
    made: FastAPI = request.param(guard)
    return made


def ask(app: Any, headers: Headers, path: str = "/") -> Any:
    return client(app).get(path, headers=headers)


def scopes_needed(refused: Any) -> str:
    assert refused.status_code in (401, 403), refused
    challenge: str = refused.headers["www-authenticate"]
    return challenge.partition('scope="')[2].rstrip('"')
