"""Every way in which the tests serve the applications."""

from __future__ import annotations

from integrations.serving.applications import APPLICATIONS
from integrations.serving.launch import Way

PLAIN = [
    Way(name, server)
    for name, application in APPLICATIONS.items()
    for server in application.servers
]
AROUND = [Way(name, mount="/api", twice=True) for name in APPLICATIONS]
# These tell an application that a proxy passes on a part of its paths.
PROXIED = [
    Way(name, server, root_path="/api")
    for name, application in APPLICATIONS.items()
    for server in ("uvicorn", "gunicorn")
    if server in application.servers
]
WAYS = [*PLAIN, *AROUND, *PROXIED]


def prefix_of(way: Way) -> str:
    """What stands before each path that is sent."""
    if way.mount:
        return way.mount
    # The proxy in front of uvicorn takes it away; gunicorn does that itself.
    return way.root_path if way.server == "gunicorn" else ""
