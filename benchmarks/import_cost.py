"""``import bearer_guard``: how long it takes, and what it does not load.

Timed: the statement in a new process, a dozen times, its files in the system's cache; the median
of the processor's time, which others on the machine do not lengthen by their own.
Looked at: which libraries ``sys.modules`` holds afterwards. Beside it the middlewares' modules,
which know a protocol's types and so may load a library for them, and the import of httpx and of
PyJWT with cryptography, which a guard loads when it first needs them.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from benchmarks import apart
from benchmarks.row import Options, Row, Verdict

_PROCESSES = 12
_HEAVY = (
    *("httpx", "httpcore", "cryptography", "jwt", "starlette", "werkzeug", "anyio"),
    *("fastapi", "flask", "django", "uvicorn", "gunicorn", "asyncio", "ssl"),
)
_NEVER = frozenset(_HEAVY) - {"anyio", "asyncio", "ssl"}
"""No framework, no HTTP client, no cryptography before they are needed."""

# Nothing but these two modules is loaded before, which the interpreter has in itself.
_PROGRAM = """
import sys, time
before = time.process_time()
import {names}
after = time.process_time()
print(after - before, *sorted(name for name in sys.modules if "." not in name))
"""


def measure(options: Options) -> list[Row]:
    """The package, then what stands beside it."""
    count = options.rounds(_PROCESSES)
    seconds, loaded = _import("bearer_guard", count)
    heavy = [name for name in _HEAVY if name in loaded]
    absent = [name for name in _HEAVY if name not in loaded]
    return [
        Row(
            "import bearer_guard",
            f"{seconds * 1e3:.0f} ms of processor time, {len(loaded)} top-level modules",
            "no framework, httpx or cryptography",
            Verdict.of(_NEVER.isdisjoint(loaded)),
            f"not loaded: {', '.join(absent)}; loaded: {', '.join(heavy) or 'none of these'}",
        ),
        *(
            _beside(names, count)
            for names in ("bearer_guard.asgi", "bearer_guard.wsgi", "httpx", "jwt.algorithms")
        ),
    ]


def _beside(names: str, count: int) -> Row:
    seconds, loaded = _import(names, count)
    heavy = ", ".join(name for name in _HEAVY if name in loaded)
    return Row(f"… import {names}", f"{seconds * 1e3:.0f} ms", note=f"loads {heavy}")


def _import(names: str, count: int) -> tuple[float, set[str]]:
    """The median time, and the top-level modules that are loaded then."""
    seconds: list[float] = []
    loaded: set[str] = set()
    # The first one may find no compiled files, or cold ones.
    for _ in range(count + 1):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM.format(names=names)],
            cwd=apart.ROOT,
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        )
        time, *modules = done.stdout.split()
        seconds.append(float(time))
        loaded = set(modules)
    return median(seconds[1:]), loaded
