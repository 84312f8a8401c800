"""Litestar applications with ``BearerPlugin``, and Litestar's own test client."""

from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from bearer_guard import AccessToken, Guard
from bearer_guard.litestar import BearerPlugin

try:
    from litestar.di import NamedDependency as Named
except ImportError:

    class Named:  # type: ignore[no-redef]
        """Before Litestar 2.23 a parameter's name alone said so."""

        def __class_getitem__(cls, kind: Any) -> Any:
            return kind


Token = Named[AccessToken]


def application(guard: Guard, *handlers: Any, **options: Any) -> Litestar:
    # Litestar's own logging would take over the tests' (and keep it).
    options.setdefault("logging_config", None)
    plugins = [BearerPlugin(guard), *options.pop("plugins", [])]
    return Litestar([*handlers], plugins=plugins, **options)


def ask(
    app: Any, headers: dict[str, str], path: str = "/", method: str = "GET", **more: Any
) -> Any:
    with TestClient(app, raise_server_exceptions=False) as client:
        return client.request(method, f"http://testserver.local{path}", headers=headers, **more)


def scopes_needed(refused: Any) -> str:
    assert refused.status_code in (401, 403), refused
    challenge: str = refused.headers["www-authenticate"]
    return challenge.partition('scope="')[2].rstrip('"')
