"""A measurement in a process of its own, where nothing that ran before shows."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PATIENCE = 600


def run(module: str, function: str, *arguments: object) -> dict[str, Any]:
    """What ``module.function(*arguments)`` returns there, by way of JSON."""
    program = (
        "import json, sys\n"
        "from importlib import import_module\n"
        f"found = getattr(import_module({module!r}), {function!r})(*json.load(sys.stdin))\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        input=json.dumps(arguments).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=_PATIENCE,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def keep_to(core: int) -> None:
    """Have this process and its children run on one core, where the system lets us choose.

    Of the cores that it may use, counted from 0, or from -1 for the last.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})


def resident() -> int:
    """Bytes of memory that this process holds now; its peak, where the system tells no more."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
