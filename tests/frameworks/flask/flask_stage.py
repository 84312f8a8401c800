"""A Flask application with every kind of view, and the same behind the plain middleware."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask
from starlette_rows import Answer, Row
from werkzeug.test import Client

from bearer_guard import Guard
from bearer_guard.flask import BearerGuard, current_token, require_scopes
from bearer_guard.wsgi import require_scopes as plain_require_scopes


def bare(name: str = "stage", **options: Any) -> Flask:
    return Flask(name, static_folder=None, **options)


def guarded(guard: Guard) -> Flask:
    app = bare()
    BearerGuard(app, guard=guard)
    return app


def orders() -> Any:
    return f"for {current_token.subject}"


def health() -> Any:
    return "well"


def ask_the_token() -> Any:
    current_token.require_scopes("orders:write")
    return "written"


@require_scopes("orders:write")
def write() -> Any:
    return "written"


def raises() -> Any:
    raise ZeroDivisionError


def with_routes(app: Flask, write_view: Any = write) -> Flask:
    for path in ("/orders", "/reports/1", "/admin/users"):
        app.add_url_rule(path, path, orders)
    app.add_url_rule("/write", "write", write_view, methods=["POST"])
    app.add_url_rule("/raises", "raises", raises)
    app.add_url_rule("/health", "health", health)
    return app


def plain(environ: Any, start_response: Any) -> Iterable[bytes]:
    """The same application in bare WSGI, to stand inside the plain middleware."""
    path = environ["PATH_INFO"]
    if path == "/write":
        return plain_require_scopes("orders:write")(_plain_answer)(environ, start_response)
    if path == "/raises":
        start_response("500 Internal Server Error", [])
        return []
    return _plain_answer(environ, start_response)


def _plain_answer(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("404 Not Found" if environ["PATH_INFO"] == "/nowhere" else "200 OK", [])
    return []


def ask(app: Any, row: Row, made: dict[str, str], prefix: str = "") -> Answer:
    sent = list(row.headers.items())
    named = [token for token in (row.token, row.second) if token is not None]
    sent += [("authorization", f"Bearer {made[token]}") for token in named]
    response = Client(app).open(prefix + row.path, method=row.method, headers=sent)
    return Answer(response.status_code, [*response.headers], response.data)


def assert_same_verdict(
    row: Row, app: Any, other: Any, made: dict[str, str], prefix: str = ""
) -> None:
    """The status of the table from both; and of a refusal every header, and the body."""
    found, expected = ask(app, row, made, prefix), ask(other, row, made, prefix)
    assert (found.status, expected.status) == (row.status, row.status)
    if row.by_application:
        assert "WWW-Authenticate" not in {name.title() for name, _ in found.headers}
    else:
        assert found == expected
        assert ("www-authenticate" in dict(found.headers)) == (row.status != 503)
