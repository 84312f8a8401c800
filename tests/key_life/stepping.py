"""Errands stepped by hand: no socket, no event loop, no mock, no sleep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bearer_guard._core.key_set import KeySet, read_key_set
from bearer_guard.exchange import Call, Errand, Reply, UpstreamFailure
from bearer_guard.testing import AuthorizationServer

Step = Reply | UpstreamFailure


def run(errand: Errand[Any], *answers: Step) -> tuple[list[Call], Any]:
    """The calls that an errand makes when it is answered so, and its result."""
    calls: list[Call] = []
    try:
        calls.append(next(errand))
        for answer in answers:
            if isinstance(answer, UpstreamFailure):
                calls.append(errand.throw(answer))
            else:
                calls.append(errand.send(answer))
    except StopIteration as done:
        assert len(calls) == len(answers), "an answer that nobody asked for"
        return calls, done.value
    raise AssertionError(f"it asks on: {calls[-1]}")


def urls(calls: list[Call]) -> list[str]:
    return [call.url for call in calls]


def reply(value: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Reply(status, headers or {}, body)


def jwks(*servers: AuthorizationServer) -> bytes:
    """The key sets of some servers as one document."""
    keys = [
        key
        for server in servers
        for key in server.http_client().get(server.url("/jwks")).json()["keys"]
    ]
    return json.dumps({"keys": keys}).encode()


def key_set(*servers: AuthorizationServer) -> KeySet:
    return read_key_set(jwks(*servers), None)
