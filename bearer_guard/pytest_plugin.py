"""Fixtures for tests of a guarded API; pytest finds them once bearer_guard is installed.

pytest imports this file at every start: whatever is heavy is imported inside the fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bearer_guard.testing import AuthorizationServer, HandClock


@pytest.fixture
def authorization_server() -> Iterator[AuthorizationServer]:
    """Run an authorization server on a loopback socket: ``Issuer(authorization_server.issuer)``."""
    from bearer_guard.testing import AuthorizationServer

    with AuthorizationServer() as server:
        yield server


@pytest.fixture
def authorization_server_in_process() -> AuthorizationServer:
    """Make an authorization server for ``https://login.example.com/`` without a socket.

    Give its ``http_client()`` to the guard.
    """
    from bearer_guard.testing import AuthorizationServer

    return AuthorizationServer(issuer="https://login.example.com/")


@pytest.fixture
def hand_clock() -> HandClock:
    """Make a clock that stands still until ``hand_clock.turn(seconds)``."""
    from bearer_guard.testing import HandClock

    return HandClock()
