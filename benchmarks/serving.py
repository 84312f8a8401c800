"""Real servers in processes of their own, and their rates beside one another."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import apart, apps
from benchmarks.load import HOST, Target
from benchmarks.measuring import Times
from benchmarks.row import Options, Row, Verdict

if TYPE_CHECKING:
    from collections.abc import Generator

REMEMBERED = 500
"""By the guarded applications, so that 2,000 tokens in turn are always new to them."""
_PATIENCE = 60.0
# The servers share one core, since two cores are seldom equally busy, and only one of them has
# anything to do at a time; the load comes from the other core.
_SERVE = """
import runpy, sys
from benchmarks import apart
apart.keep_to(-1)
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
_SLICE = 0.06
_ROUNDS = 100


@contextmanager
def uvicorn(app: str, issuer: str) -> Generator[tuple[int, int]]:
    """One worker, httptools and uvloop, no access log. Gives the port and the process."""
    port = _free_port()
    command = [
        *("-m", "uvicorn", "--factory", f"benchmarks.{app}"),
        *("--host", HOST, "--port", str(port), "--workers", "1"),
        *("--http", "httptools", "--loop", "uvloop", "--lifespan", "off"),
        *("--no-access-log", "--log-level", "warning"),
        # Connections wait while the other servers have their turn; the default is 5 s.
        *("--timeout-keep-alive", "75"),
    ]
    with _process(command, issuer, port) as process:
        yield port, process.pid


@contextmanager
def gunicorn(app: str, issuer: str, *worker: str) -> Generator[tuple[int, int]]:
    """One worker of a given kind, no access log. Gives the port and the worker's process."""
    port = _free_port()
    command = [
        *("-m", "gunicorn", f"benchmarks.{app}()", "--bind", f"{HOST}:{port}"),
        *("--workers", "1", "--log-level", "warning", *worker),
    ]
    with _process(command, issuer, port) as process:
        yield port, _only_child(process.pid)


def side_by_side(
    servers: Mapping[str, tuple[int, int]],
    loads: Mapping[str, tuple[str, Sequence[str]]],
    options: Options,
    *,
    keep_alive: bool = True,
) -> tuple[Times, Times]:
    """Seconds, and seconds of the server's processor, for a request of each load.

    A load is the name of a server and the tokens to send it in turn.
    """
    targets: dict[str, Target] = {
        name: {
            "port": servers[server][0],
            "pid": servers[server][1],
            "tokens": list(tokens),
            "keep_alive": keep_alive,
        }
        for name, (server, tokens) in loads.items()
    }
    found = apart.run("benchmarks.load", "in_turn", targets, options.rounds(_ROUNDS), _SLICE)
    return (
        Times({name: outcome["seconds"] for name, outcome in found.items()}),
        Times({name: outcome["processor"] for name, outcome in found.items()}),
    )


def row(what: str, times: Times, processor: Times, load: str, target: float | None) -> Row:
    """The rate of ``load`` as a share of ``bare``'s: by the clock and by the server's processor.

    On a core that others use too, the rate alone misleads, and that of the best rounds more than
    any: two servers of the same application have come out at 1.28. It is shown, and decides
    nothing.
    """
    shares = [times.ratio("bare", load)]
    figure = f"{shares[0]:.2f}"
    if processor.median(load):
        shares.append(processor.ratio("bare", load))
        figure += f" (by the server's processor time {shares[1]:.2f})"
    return Row(
        what,
        figure,
        f"≥ {target:.2f}" if target else "",
        Verdict.of(*(share >= target for share in shares)) if target else None,
        f"{1 / times.median('bare'):,.0f}/s bare, {1 / times.median(load):,.0f}/s; "
        f"of best rounds {times.ratio_of_bests('bare', load):.2f}",
    )


@contextmanager
def _process(command: Sequence[str], issuer: str, port: int) -> Generator[subprocess.Popen[bytes]]:
    environment = {**os.environ, apps.ISSUER: issuer, apps.REMEMBERED: str(REMEMBERED)}
    with ExitStack() as stack:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, *command[1:]], cwd=apart.ROOT, env=environment
        )
        stack.callback(_end, process)
        _wait_for(process, port)
        yield process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            # gunicorn listens before its worker has an application: only an answer tells.
            with socket.create_connection((HOST, port), _PATIENCE) as probe:
                probe.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if probe.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"a server did not start: {process.args!r}")


def _only_child(pid: int) -> int:
    """A gunicorn's one worker; where the system does not tell, the given process."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    until = time.monotonic() + _PATIENCE
    while children.exists() and time.monotonic() < until:
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.05)
    return pid


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
