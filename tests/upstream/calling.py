"""Errands of one call, run by the caller that the guard uses."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from bearer_guard import UpstreamPolicy
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.exchange import Call, Reply, UpstreamFailure

HASTY = UpstreamPolicy(connect_timeout=0.3, timeout=0.3, retries=0)
PATIENT = UpstreamPolicy()


def one_call(url: str, method: str = "GET", body: bytes = b"") -> Generator[Call, Reply, Reply]:
    return (yield Call(method, url, {"accept": "application/json"}, body))


def ask(caller: HttpCaller, url: str, policy: UpstreamPolicy = PATIENT, **more: Any) -> Reply:
    return caller.run(one_call(url, **more), policy, time.monotonic() + policy.timeout)


def failure(caller: HttpCaller, url: str, policy: UpstreamPolicy = PATIENT) -> UpstreamFailure:
    try:
        reply = ask(caller, url, policy)
    except UpstreamFailure as failed:
        return failed
    raise AssertionError(f"answered: {reply}")
