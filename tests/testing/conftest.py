"""What the tests of the testing help share."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, Protocol

import httpx
import jwt
import pytest

from bearer_guard.pytest_plugin import (
    authorization_server,
    authorization_server_in_process,
    hand_clock,
)
from bearer_guard.testing import AuthorizationServer

__all__ = ["authorization_server", "authorization_server_in_process", "hand_clock"]


class Verify(Protocol):
    """Decode a token with PyJWT by the key set that its issuer publishes."""

    def __call__(
        self, token: str, *, audience: str = ..., application: str | None = ...
    ) -> Any: ...


@pytest.fixture
def server(authorization_server: AuthorizationServer) -> AuthorizationServer:
    return authorization_server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # saves the reading of all roots each time
    with httpx.Client(timeout=5, verify=no_tls, trust_env=False) as client:
        yield client


@pytest.fixture
def verify(server: AuthorizationServer, client: httpx.Client) -> Verify:
    def decode(
        token: str, *, audience: str = server.audience, application: str | None = None
    ) -> Any:
        published = client.get(server.url("/jwks", application=application)).json()
        key = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(
            token,
            key,
            algorithms=[str(key.algorithm_name)],
            audience=audience,
            issuer=server.issuer_of(application),
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )

    return decode
