"""ASGI on uvicorn: requests per second of a guarded application, of the bare one's.

Compared: two applications that do next to nothing (raw ASGI, and a FastAPI path operation), each
bare and behind ``bearer_guard.asgi.BearerMiddleware``, on uvicorn with httptools and uvloop, one
worker each, every server in its own process and loaded in turn by ``load.py``. All get the same
requests, Authorization header included. *Warm*: the same token each time. *Every token new*: 2,000
tokens in turn, at a guard that remembers 500, so each is forgotten before it comes again.

All servers run on one core, the client on another. Beside the rates by the clock stand those by
the processor time that the server itself took, where neither the client nor the machine's other
work shows. *The least* is a middleware that checks nothing and does what none that remembers
tokens can go without (``least.py``). Beside both, the same FastAPI operation with a dependency on
``PyJWKClient`` and ``decode``, as people write it by hand.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks import material, serving
from benchmarks.measuring import Times
from benchmarks.row import Options, Row, missing

if TYPE_CHECKING:
    from bearer_guard.testing import AuthorizationServer

_TOKENS = 4 * serving.REMEMBERED
_TARGETS = {
    ("asgi", "warm"): 0.85,
    ("asgi", "new"): 0.40,
    ("fastapi", "warm"): 0.95,
    ("fastapi", "new"): 0.62,
}
_NAMES = {"asgi": "raw ASGI", "fastapi": "FastAPI"}


def measure(options: Options) -> list[Row]:
    """Raw ASGI, then FastAPI."""
    with material.server() as running:
        tokens = material.tokens(running, _TOKENS)
        rows = []
        for app, needed in {"asgi": (), "fastapi": ("fastapi",)}.items():
            absent = missing(f"{_NAMES[app]} on uvicorn", "uvicorn", "httptools", "uvloop", *needed)
            rows += [absent] if absent else _of(app, running, tokens, options)
        return rows


def _of(app: str, running: AuthorizationServer, tokens: list[str], options: Options) -> list[Row]:
    loads = {
        "bare": (app, tokens[:1]),
        "warm": (f"guarded_{app}", tokens[:1]),
        "new": (f"guarded_{app}", tokens),
    }
    apps = {name: f"apps:{name}" for name in (app, f"guarded_{app}", f"least_{app}")}
    loads["least"] = (f"least_{app}", tokens[:1])
    if app == "fastapi":
        apps["by hand"] = "app_by_hand:app"
        loads["by hand"] = ("by hand", tokens[:1])
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving.uvicorn(factory, running.issuer))
            for name, factory in apps.items()
        }
        times, processor = serving.side_by_side(servers, loads, options)
    return [
        _row(app, "warm", "warm token", times, processor),
        _row(app, "new", "every token new", times, processor),
        _row(app, "least", "the least middleware, warm token", times, processor),
        *(
            [_row(app, "by hand", "PyJWKClient + decode by hand, warm", times, processor)]
            if "by hand" in loads
            else []
        ),
    ]


def _row(app: str, load: str, title: str, times: Times, processor: Times) -> Row:
    target = _TARGETS.get((app, load))
    return serving.row(
        f"{_NAMES[app]} on uvicorn, {title}: rate of the bare application's",
        times,
        processor,
        load,
        target,
    )
