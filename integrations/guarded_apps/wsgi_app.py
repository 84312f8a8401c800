"""The API as a WSGI application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bearer_guard.wsgi import KEY, BearerMiddleware

from . import orders
from .settings import read_guard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def make_app() -> WSGIApplication:
    """The guarded application."""
    return BearerMiddleware(app, read_guard())


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application that is guarded. Never serve this one."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    answer = orders.answer(method, path, environ[KEY], body)
    start_response(f"{answer.status.value} {answer.status.phrase}", answer.headers)
    return answer.body if method != "HEAD" else ()
