"""Applications that are made of the documents' own code blocks, with an issuer that is here.

So what a person copies from there is what the browser opens.
"""
# FastAPI and Litestar read annotations: none of them as strings.

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from django_pages import write
from documents import ROOT, blocks
from fastapi import FastAPI, Security

from adapters.real_servers import on_gunicorn, on_uvicorn
from bearer_guard import AccessToken, Guard, Issuer
from bearer_guard.fastapi import Bearer
from integrations.authorization_servers.launch import AuthorizationServer

FRAMEWORKS = ROOT / "docs" / "frameworks"
AUDIENCE = "https://api.example.com"


class Heard:
    """An ASGI application, and the credentials that it got: method, path and header."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.credentials: list[tuple[str, str, str | None]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            sent = dict(scope["headers"]).get(b"authorization")
            heard = sent and sent.decode("latin-1")
            self.credentials.append((scope["method"], scope["path"], heard))
        await self._app(scope, receive, send)


def at(issuer: AuthorizationServer, text: str) -> str:
    """A document's code, with this issuer in the place of its own."""
    here = text.replace('f"{login}/authorize"', 'f"{login}/auth"')
    here = here.replace("https://login.example.com/authorize", f"{issuer.base_url}/auth")
    here = here.replace("https://login.example.com/token", f"{issuer.base_url}/token")
    return re.sub(r"https://login\.example\.com/?(?=\")", issuer.issuer, here)


def names_of(issuer: AuthorizationServer, document: str, word: str) -> dict[str, Any]:
    """What a document has defined with its block that has this word in it."""
    module = ModuleType("documented")
    shown = blocks(FRAMEWORKS / document, "python")
    last = next(number for number, block in enumerate(shown) if word in block.text)
    with pytest.MonkeyPatch.context() as patch:
        # Frameworks look there that read annotations.
        patch.setitem(sys.modules, module.__name__, module)
        for block in shown[: last + 1]:
            code = compile(at(issuer, block.text), str(block.path), "exec", dont_inherit=True)
            exec(code, vars(module))
    return vars(module)


def with_routes(app: FastAPI, bearer: Bearer) -> FastAPI:
    """The orders, to be read and to be placed."""

    @app.get("/orders")
    async def orders(token: Annotated[AccessToken, Security(bearer, scopes=["orders:read"])]):
        return {"issuer": token.issuer, "subject": token.subject}

    @app.post("/orders")
    async def order(token: Annotated[AccessToken, Security(bearer, scopes=["orders:write"])]):
        return {"ordered by": token.subject}

    return app


def fastapi_app(
    issuer: AuthorizationServer,
    *,
    oauth: dict[str, Any] | None = None,
    audience: str = AUDIENCE,
    **places: Any,
) -> FastAPI:
    """As the document has it, with other places of the issuer."""
    guard = Guard(audience=audience, issuers=[Issuer(issuer.issuer)])
    known = {"clientId": "docs", "usePkceWithAuthorizationCodeGrant": True, **(oauth or {})}
    return with_routes(FastAPI(swagger_ui_init_oauth=known), Bearer(guard, **places))


@contextmanager
def served(app: Any) -> Iterator[tuple[str, Heard]]:
    """The address of an ASGI application on uvicorn, and what it hears."""
    heard = Heard(app)
    with on_uvicorn(heard) as port:
        yield f"http://127.0.0.1:{port}", heard


_DJANGO = {
    # What `startproject` writes, and no document shows.
    "settings": """
ALLOWED_HOSTS = ["127.0.0.1"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", *MIDDLEWARE]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
""",
    # What `runserver` does, and a web server in production.
    "served": """
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

application = StaticFilesHandler(get_wsgi_application())
""",
}


@contextmanager
def django_project(
    issuer: AuthorizationServer, document: str, folder: Path, **more: str
) -> Iterator[str]:
    """The address of the project that a document shows, with more in some of its files."""
    write(FRAMEWORKS / document, folder)
    for name in {**_DJANGO, **more}:
        file = folder / f"{name}.py"
        shown = file.read_text("utf-8") if file.exists() else ""
        file.write_text("\n".join([shown, _DJANGO.get(name, ""), more.get(name, "")]), "utf-8")
    for file in folder.glob("*.py"):
        file.write_text(at(issuer, file.read_text("utf-8")), "utf-8")
    with on_gunicorn(
        "served:application", "--pythonpath", str(folder), DJANGO_SETTINGS_MODULE="settings"
    ) as port:
        yield f"http://127.0.0.1:{port}"
