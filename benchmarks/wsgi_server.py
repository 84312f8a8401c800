"""WSGI on gunicorn: requests per second of a guarded application, of the bare one's, warm.

Compared: a raw WSGI application bare and behind ``bearer_guard.wsgi.BearerMiddleware``, on one
gunicorn worker each, in processes of their own, loaded in turn by ``load.py`` with the same token.
The worker is ``gthread`` with one thread and connections kept open: the least that gunicorn can
spend on a request, so the guard's share is the largest, and no second thread contends for the
interpreter. The default ``sync`` worker, which takes a new connection for every request, stands
beside it: most of its time is the connection's. The workers run on one core, the client on
another; beside the rate by the clock stands that by the worker's own processor time.
"""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks import material, serving
from benchmarks.row import Options, Row, missing

_TARGET = 0.90
_WORKERS = {
    "gthread": ("--worker-class", "gthread", "--threads", "1", "--keep-alive", "60"),
    "sync": ("--worker-class", "sync"),
}


def measure(options: Options) -> list[Row]:
    """Two kinds of worker."""
    absent = missing("raw WSGI on gunicorn", "gunicorn")
    if absent:
        return [absent]
    return [
        _row("gthread", "one thread, connections kept", options),
        _row("sync", "a connection for each request", options),
    ]


def _row(worker: str, manner: str, options: Options) -> Row:
    with material.server() as running, ExitStack() as stack:
        token = [material.token(running)]
        servers = {
            app: stack.enter_context(
                serving.gunicorn(f"apps:{app}", running.issuer, *_WORKERS[worker])
            )
            for app in ("wsgi", "guarded_wsgi")
        }
        times, processor = serving.side_by_side(
            servers,
            {"bare": ("wsgi", token), "warm": ("guarded_wsgi", token)},
            options,
            keep_alive=worker != "sync",
        )
    return serving.row(
        f"raw WSGI on gunicorn ({worker}: {manner}), warm token: rate of the bare application's",
        times,
        processor,
        "warm",
        _TARGET,
    )
