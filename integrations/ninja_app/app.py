"""The application of the project, for the tests and for `python -m integrations.serving`."""

from __future__ import annotations

from typing import Any


def make_app() -> Any:
    """The guarded application; its settings are in the file that API_SETTINGS names."""
    from integrations.ninja_app.asgi import application

    return application
