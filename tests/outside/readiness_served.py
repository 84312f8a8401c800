"""The readiness endpoint by itself, for gunicorn."""

from __future__ import annotations

from bearer_guard import Guard
from bearer_guard.readiness import WsgiReadiness


def app() -> WsgiReadiness:
    return WsgiReadiness(Guard.from_environment())
