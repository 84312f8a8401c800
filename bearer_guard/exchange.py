"""The words between the core, which decides, and the network, which waits."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Literal, NamedTuple, TypeVar

CallKind = Literal["metadata", "key_set", "introspection"]
"""What a call asks for."""


class Call(NamedTuple):
    """One HTTP request to an authorization server."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    kind: CallKind = "metadata"


class Reply(NamedTuple):
    """Its answer: any status, header names in small letters, the body within bounds."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class UpstreamFailure(Exception):
    """An authorization server did not answer, or not with what was asked for.

    ``reason`` is for ``AuthorizationServerUnavailable``; ``details`` for the operator.
    """

    retry_after: float | None = None
    """For how many seconds it asked to be left alone, where it did."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


Ended = Callable[[str, int], object]
"""Hears how a call went: the reason of its failure, or an empty one and the status."""
Calling = Callable[[Call], Ended]
"""Hears of each call when it is made, repetitions included."""

Send = Callable[[], Reply]
"""Makes a call, repetitions included. Raises ``UpstreamFailure``."""
Through = Callable[[Call, Send], Reply]
"""What stands before each call: it may know the answer already."""

Result_co = TypeVar("Result_co", covariant=True)
Errand = Generator[Call, Reply, Result_co]
"""A few calls with one result. Unreachable servers are thrown in as ``UpstreamFailure``."""
