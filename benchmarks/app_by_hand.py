"""What people write by hand: FastAPI with a dependency on ``PyJWKClient`` and ``decode``.

The dependency is no coroutine, since fetching keys blocks, so FastAPI calls it in a thread.
"""

import os
from functools import partial
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from benchmarks.apps import ISSUER
from benchmarks.rivals import checked_by_hand

_ISSUER = os.environ[ISSUER]
_check = partial(checked_by_hand, jwt.PyJWKClient(f"{_ISSUER}/jwks"), _ISSUER)
_bearer = HTTPBearer()


def claims(credentials: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)]) -> object:
    """The token's claims, or a 401."""
    try:
        return _check(credentials.credentials)
    except jwt.PyJWTError as error:
        raise HTTPException(401) from error


def app() -> FastAPI:
    """With the same path operation as ``apps.fastapi``."""
    by_hand = FastAPI()

    @by_hand.get("/orders", dependencies=[Depends(claims)])
    async def orders() -> dict[str, list[str]]:
        return {"orders": []}

    return by_hand
