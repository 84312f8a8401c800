"""The two applications of the project, for the tests and for `python -m integrations.serving`."""

from __future__ import annotations

from typing import Any


def make_wsgi_app() -> Any:
    """The guarded application; its settings are in the file that API_SETTINGS names."""
    from integrations.django_app.wsgi import application

    return application


def make_asgi_app() -> Any:
    """The same for ASGI."""
    from integrations.django_app.asgi import application

    return application
