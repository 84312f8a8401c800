"""Which applications there are, and the servers that each of them runs on."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple


class Application(NamedTuple):
    """One of the applications in this folder's neighbours."""

    factory: str
    """``package.module:function`` that makes it, guarded, without arguments."""
    interface: Literal["asgi", "wsgi", "aiohttp"]
    servers: tuple[str, ...]
    """The first is its usual one."""
    websockets: bool = False
    """Whether it has one at ``/echo``."""

    def make(self) -> Any:
        """The guarded application. The file that ``API_SETTINGS`` names has its settings."""
        from importlib import import_module

        module, _, function = self.factory.partition(":")
        return getattr(import_module(module), function)()


APPLICATIONS = {
    "asgi": Application("integrations.guarded_apps.asgi_app:make_app", "asgi", ("uvicorn",)),
    "wsgi": Application("integrations.guarded_apps.wsgi_app:make_app", "wsgi", ("gunicorn",)),
    "starlette": Application(
        "integrations.starlette_app.app:make_app",
        "asgi",
        ("uvicorn", "hypercorn", "hypercorn_trio", "granian"),
        websockets=True,
    ),
    "fastapi": Application(
        "integrations.fastapi_app.app:make_app", "asgi", ("uvicorn",), websockets=True
    ),
    "flask": Application(
        "integrations.flask_app.app:make_app", "wsgi", ("gunicorn", "waitress", "granian")
    ),
    "quart": Application(
        "integrations.quart_app.app:make_app", "asgi", ("hypercorn", "uvicorn"), websockets=True
    ),
    "django_wsgi": Application(
        "integrations.django_app.app:make_wsgi_app", "wsgi", ("gunicorn", "waitress")
    ),
    "django_asgi": Application(
        "integrations.django_app.app:make_asgi_app", "asgi", ("uvicorn", "hypercorn", "granian")
    ),
    "litestar": Application(
        "integrations.litestar_app.app:make_app", "asgi", ("uvicorn", "granian"), websockets=True
    ),
    "aiohttp": Application(
        "integrations.aiohttp_app.app:make_app", "aiohttp", ("aiohttp",), websockets=True
    ),
    "rest_framework": Application(
        "integrations.rest_framework_app.app:make_app", "wsgi", ("gunicorn",)
    ),
    "ninja": Application("integrations.ninja_app.app:make_app", "asgi", ("uvicorn",)),
}
