"""The same request gets the same answer from REST framework's views as from the plain middleware.

With Django's middleware around and ``exception_handler``; with ``exception_handler`` alone; and
by REST framework's own handler, with its own octets for the same status and challenge.
"""

from __future__ import annotations

import json
import logging
from typing import Any, NamedTuple

import pytest
from rest_framework_stage import AWAY, HANDLER, OURS, Project
from werkzeug.test import Client

from bearer_guard import InsufficientScope
from bearer_guard.django import conf
from bearer_guard.testing import AuthorizationServer
from bearer_guard.wsgi import BearerMiddleware, require_scopes

PREFLIGHT = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}


class Row(NamedTuple):
    """A request, and the status that it must get."""

    name: str
    status: int
    path: str = "/orders"
    token: str | None = None
    method: str = "GET"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes into it


REFUSED = [
    Row("no token", 401),
    Row("no token, and the path's rule names a scope", 401, "/admin/users"),
    Row("no token, and the rule names several", 401, "/reports/1"),
    Row("another scheme", 401, headers={"Authorization": "Basic YTpi"}),
    Row("credentials that are no token", 400, headers={"Authorization": "Bearer a b"}),
    Row("the scheme alone", 400, headers={"Authorization": "Bearer"}),
    Row("two Authorization headers", 400, headers={"Authorization": "Bearer a,Bearer b"}),
    Row("not a jwt", 401, token="opaque"),
    Row("expired", 401, token="expired"),
    Row("for another audience", 401, token="other_audience"),
    Row("from a stranger", 401, token="stranger"),
    Row("a forged signature", 401, token="forged"),
    Row("an id token", 401, token="id_token"),
    Row("the authorization server is down", 503, token="away"),
    Row("a scope is missing that a rule names", 403, "/admin/users", "good"),
    Row("none of the scopes that a rule names", 403, "/reports/1", "good"),
    Row("a scope is missing that the view names", 403, "/by-method", "good", "POST"),
    Row("HEAD without a token", 401, method="HEAD"),
    Row("HEAD with a scope too few", 403, "/admin/users", "good", "HEAD"),
    Row("OPTIONS without a token", 401, method="OPTIONS"),
    Row("a handler that raises, without a token", 401, "/raises"),
]
# REST framework's own handler leaves this to whoever stands around.
RAISED = Row("a scope is missing that the handler asks for", 403, "/asks", "good")
ANSWERED = [
    Row("a good token", 200, token="good"),
    Row("a scope that the view names", 200, "/by-method", "admin", "POST"),
    Row("a scope that a rule names", 200, "/admin/users", "admin"),
    Row("OPTIONS", 200, token="good", method="OPTIONS"),
    Row("an unknown route", 404, "/nowhere", "good"),
    Row("an unknown method", 405, token="good", method="DELETE"),
    Row("a handler that raises", 500, "/raises", "good"),
    Row("a public path", 200, "/health"),
    Row("a public path with a bad token", 200, "/health", "expired"),
]
# Where no middleware stands around the views, Django and REST framework answer.
BY_THE_MIDDLEWARE = [
    Row("an unknown route without a token", 401, "/nowhere"),
    Row("a public path, and something before it", 401, "/%2fhealth"),
    Row("an unknown method without a token", 401, method="DELETE"),
]


@pytest.fixture(scope="module")
def tokens(server: AuthorizationServer) -> dict[str, str]:
    return {
        "good": server.jwt(),
        "admin": server.jwt(scope="orders:read orders:write admin:all"),
        "opaque": server.opaque(),
        "expired": server.jwt(expires_in=-1000),
        "other_audience": server.jwt(audience="https://other.example.com"),
        "stranger": server.jwt(claims={"iss": "https://evil.example.com/"}),
        "forged": server.jwt(key=server.foreign_key()),
        "id_token": server.id_token(audience=server.audience),
        "away": server.jwt(claims={"iss": AWAY}),
    }


def ask(app: Any, row: Row, tokens: dict[str, str]) -> Any:
    headers = dict(row.headers)
    if row.token is not None:
        headers["Authorization"] = f"Bearer {tokens[row.token]}"
    if row.method == "POST":
        headers["Content-Type"] = "application/json"
    return Client(app).open(row.path, method=row.method, headers=headers)


def expected_of(row: Row, tokens: dict[str, str]) -> Any:
    """What the plain middleware answers, around what asks for the same scopes as the view."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b""]

    needed = {"/by-method": ["orders:read", "orders:write"], "/asks": ["orders:write"]}
    asking = require_scopes(*needed.get(row.path, ()))(app)
    return ask(BearerMiddleware(asking, conf.guard()), row, tokens)


def names(rows: list[Row]) -> Any:
    return pytest.mark.parametrize("row", rows, ids=[row.name.replace(" ", "_") for row in rows])


def of_the_guard(response: Any) -> Any:
    """All but what REST framework adds to every answer: Allow, and Vary."""
    kept = [
        (name.lower(), value) for name, value in response.headers if name not in ("Allow", "Vary")
    ]
    added = {name for name, _ in response.headers} & {"Allow", "Vary"}
    return response.status_code, sorted(kept), response.data, added <= {"Allow", "Vary"}


@names([*REFUSED, RAISED, *BY_THE_MIDDLEWARE])
def test_behind_the_middleware_a_refusal_is_the_guards_to_the_octet(
    row: Row, project: Project, tokens: dict[str, str]
) -> None:
    found = ask(project(OURS), row, tokens)
    assert found.status_code == row.status
    assert of_the_guard(found) == of_the_guard(expected_of(row, tokens))


@names([*REFUSED, RAISED])
def test_without_the_middleware_too(row: Row, project: Project, tokens: dict[str, str]) -> None:
    found = ask(project(), row, tokens)
    assert found.status_code == row.status
    assert of_the_guard(found) == of_the_guard(expected_of(row, tokens))


@names(REFUSED)
def test_rest_frameworks_own_handler_says_the_same_in_its_own_octets(
    row: Row, project: Project, tokens: dict[str, str]
) -> None:
    found, expected = ask(project(handler=None), row, tokens), expected_of(row, tokens)
    assert (found.status_code, found.headers["content-type"]) == (row.status, "application/json")
    for name in ("www-authenticate", "retry-after"):
        assert found.headers.getlist(name) == expected.headers.getlist(name)
    if row.method == "HEAD":
        return
    document = json.loads(found.data)
    if row.token is None and row.status == 401:
        # Who sent nothing is REST framework's own affair.
        assert document == {"detail": "Authentication credentials were not provided."}
    else:
        assert {**document, "status": row.status} == json.loads(expected.data)


def test_rest_frameworks_own_handler_leaves_what_a_view_raises_to_the_middleware(
    project: Project, tokens: dict[str, str]
) -> None:
    found = ask(project(OURS, handler=None), RAISED, tokens)
    assert of_the_guard(found) == of_the_guard(expected_of(RAISED, tokens))
    with pytest.raises(InsufficientScope):
        ask(project(handler=None, DEBUG_PROPAGATE_EXCEPTIONS=True), RAISED, tokens)


@pytest.mark.parametrize("middleware", [(), (OURS,)], ids=["alone", "behind_the_middleware"])
@names(ANSWERED)
def test_what_is_let_in_gets_the_applications_answer(
    row: Row, project: Project, tokens: dict[str, str], middleware: tuple[str, ...]
) -> None:
    found = ask(project(*middleware), row, tokens)
    assert (found.status_code, found.headers.get("www-authenticate")) == (row.status, None)


@names(BY_THE_MIDDLEWARE)
def test_without_the_middleware_django_answers_what_is_no_view(
    row: Row, project: Project, tokens: dict[str, str]
) -> None:
    # A view that is there asks for a token whatever the method.
    expected = 401 if row.path == "/orders" else 404
    assert ask(project(), row, tokens).status_code == expected


def test_a_public_path_asks_nothing_of_a_view_that_asks_nothing(
    project: Project, tokens: dict[str, str]
) -> None:
    """The row of a public path with a bad token, and what a view that authenticates makes of it."""
    app = project(OURS, options={"public": ["/health", "/open"], "rules": []})
    assert ask(app, Row("", 200, "/open"), tokens).status_code == 200
    assert ask(app, Row("", 200, "/open", "good"), tokens).json["auth"] == "AccessToken"
    assert ask(app, Row("", 401, "/open", "expired"), tokens).status_code == 401


def test_a_preflight_passes_the_middleware_and_the_view_asks_for_a_token(
    project: Project, tokens: dict[str, str]
) -> None:
    preflight = Row("", 401, "/by-method", method="OPTIONS", headers=PREFLIGHT)
    assert ask(project(OURS), preflight, tokens).status_code == 401
    # A view that does not serve OPTIONS has nothing to guard there.
    unserved = preflight._replace(path="/no-options")
    found = ask(project(OURS), unserved, tokens)
    assert (found.status_code, found.headers.get("www-authenticate")) == (405, None)
    assert ask(project(OURS), unserved._replace(headers={}), tokens).status_code == 401


def test_what_rest_framework_decides_first_it_answers_before_a_token_is_looked_at(
    project: Project, tokens: dict[str, str]
) -> None:
    row = Row("", 406, headers={"Accept": "image/png"})
    assert ask(project(), row, tokens).status_code == 406
    assert ask(project(OURS), row, tokens).status_code == 401


def test_each_refusal_is_one_record_in_the_log(
    project: Project, tokens: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bearer_guard")
    for handler in (HANDLER, None):
        for middleware in ((), (OURS,)):
            app = project(*middleware, handler=handler)
            for row in REFUSED:
                caplog.clear()
                ask(app, row, tokens)
                told = [text for text in caplog.messages if text.startswith("refused: ")]
                assert len(told) == 1, (row.name, handler, middleware)


def test_only_rest_framework_tells_of_it_again_and_only_by_its_own_handler(
    project: Project, tokens: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Django mails every answer of 500 and more to the ADMINS."""
    away = next(row for row in REFUSED if row.status == 503)
    ask(project(), away, tokens)
    assert {record.name for record in caplog.records} == {"bearer_guard"}
