"""Run a soak: ``python -m soak [--seconds 120]``. Fails when a verdict was wrong."""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from soak import report
from soak.authorities import Authority
from soak.faults import Api, Faults, start_all
from soak.guarded import ISSUERS, STORE
from soak.processes import HOST, Process, resident, workers
from soak.report import Found, Memory
from soak.store import Store
from soak.traffic import Supply, Traffic

_WORKERS = {"gunicorn": 4, "uvicorn": 2}
_SETTLES = 1.0
"""Seconds in which every worker lets somebody in, and nobody waits long: then it begins."""
_START_SECONDS = 30.0


def main() -> int:
    """Start all, let it run, end all, and say what was seen."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long; a round takes 25")
    arguments = parser.parse_args()
    # However it ends, what it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="soak-") as room:
        found = soak(arguments.seconds, Path(room))
    print("\n".join(report.lines(found)))
    return 0 if found.is_good() else 1


def soak(seconds: float, room: Path) -> Found:
    """At least one round, and as many as fit."""
    with ExitStack() as stack:
        authorities = [Authority(name, room) for name in ("abrupt", "overlapping", "opaque")]
        for authority in authorities:
            stack.callback(authority.close)
        start_all(authorities)
        supply = Supply(authorities)
        store = Store(room)
        stack.callback(store.close)
        store.start()
        issuers = json.dumps([authority.issuer for authority in authorities])
        environment = {ISSUERS: issuers, STORE: store.url}
        apis = [stack.enter_context(_api(name, environment, room)) for name in _WORKERS]
        traffic = Traffic({api.name: api.port for api in apis}, supply)
        traffic.start()
        stack.callback(traffic.stop)
        _wait_until_all_is_well(traffic)
        began, at_start = time.monotonic(), [_memory(api) for api in apis]
        at_first = {each.name: each.asked() for each in authorities}
        faults = Faults(authorities, apis, supply, store)
        longest = 0.0
        while not faults.spans or time.monotonic() + longest <= began + seconds:
            before = time.monotonic()
            faults.round()
            longest = max(longest, time.monotonic() - before)
        traffic.stop()
        elapsed = time.monotonic() - began
        at_end = [_memory(api) for api in apis]
        answered = [each for each in traffic.answered if each.began >= began]
        asked = {each.name: each.asked() - at_first[each.name] for each in authorities}
        return Found(answered, faults.spans, apis, asked, elapsed, at_start, at_end)


def _wait_until_all_is_well(traffic: Traffic) -> None:
    """Every worker has loaded what it needs, and fetched the keys."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        moment = time.monotonic()
        time.sleep(_SETTLES)
        seen = [each for each in traffic.answered if each.began >= moment]
        ready = {(each.server, each.worker) for each in seen if each.status == 200}
        slow = [each for each in seen if each.ended - each.began > _SETTLES / 2]
        if len(ready) == sum(_WORKERS.values()) and not slow:
            return
    raise RuntimeError("the servers did not come to rest")


@contextmanager
def _api(name: str, environment: dict[str, str], room: Path) -> Iterator[Api]:
    with socket.create_server((HOST, 0), backlog=512) as listener:
        port = listener.getsockname()[1]
    arguments = _command(name, port)
    process = Process(arguments, environment, room / f"{name}.out")
    try:
        process.wait_for_port(port)
        _wait_for_workers(process, _WORKERS[name])
        yield Api(name, process, port)
    finally:
        process.stop()


def _command(name: str, port: int) -> list[str]:
    count = str(_WORKERS[name])
    if name == "uvicorn":
        return [
            *("uvicorn", "--factory", "soak.guarded:asgi", "--host", HOST, "--port", str(port)),
            *("--workers", count, "--lifespan", "off", "--log-level", "critical"),
        ]
    return [
        *("gunicorn", "soak.guarded:wsgi()", "--bind", f"{HOST}:{port}", "--workers", count),
        *("--worker-class", "gthread", "--threads", "4", "--graceful-timeout", "2"),
        *("--log-level", "critical"),
    ]


def _wait_for_workers(process: Process, count: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while len(workers(process.pid)) < count:
        if time.monotonic() > until:
            raise RuntimeError("a server did not start its workers")
        time.sleep(0.02)


def _memory(api: Api) -> Memory:
    held = [resident(pid) for pid in workers(api.process.pid)]
    return Memory(api.name, min(held), max(held))


if __name__ == "__main__":
    sys.exit(main())
