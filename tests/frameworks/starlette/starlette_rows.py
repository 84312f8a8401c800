"""One table of requests. A framework's application answers each as the plain ASGI middleware does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette_world import AWAY, client

from bearer_guard.asgi import require_scopes
from bearer_guard.testing import AuthorizationServer

GOOD, ADMIN = "good", "admin"
PREFLIGHT = {"origin": "https://a.example", "access-control-request-method": "GET"}


class Row(NamedTuple):
    """A request, and the status that it must get."""

    name: str
    status: int
    path: str = "/orders"
    token: str | None = None
    method: str = "GET"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes into it
    second: str | None = None
    """The token of a second ``Authorization``."""
    by_application: bool = False
    """Whether it is the application that answers, each framework in its own words."""


ROWS = [
    Row("no token", 401),
    Row("no token, and the path's rule names a scope", 401, "/admin/users"),
    Row("no token, and the rule names several", 401, "/reports/1"),
    Row("another scheme", 401, headers={"authorization": "Basic YTpi"}),
    Row("credentials that are no token", 400, headers={"authorization": "Bearer a b"}),
    Row("not a jwt", 401, token="opaque"),
    Row("expired", 401, token="expired"),
    Row("for another audience", 401, token="other_audience"),
    Row("from a stranger", 401, token="stranger"),
    Row("a forged signature", 401, token="forged"),
    Row("an id token", 401, token="id_token"),
    Row("two Authorization headers", 400, token=GOOD, second=GOOD),
    Row("the authorization server is down", 503, token="away"),
    Row("a scope is missing that a rule names", 403, "/admin/users", token=GOOD),
    Row("none of the scopes that a rule names", 403, "/reports/1", token=GOOD),
    Row("a scope is missing that the endpoint names", 403, "/write", token=GOOD, method="POST"),
    Row("a good token", 200, token=GOOD, by_application=True),
    Row("a scope that the endpoint names", 200, "/write", ADMIN, "POST", by_application=True),
    Row("a scope that a rule names", 200, "/admin/users", token=ADMIN, by_application=True),
    Row("HEAD without a token", 401, method="HEAD"),
    Row("HEAD with a scope too few", 403, "/admin/users", token=GOOD, method="HEAD"),
    Row("OPTIONS without a token", 401, method="OPTIONS"),
    Row("a preflight", 200, method="OPTIONS", headers=PREFLIGHT, by_application=True),
    Row("an unknown route without a token", 401, "/nowhere"),
    Row("an unknown route", 404, "/nowhere", token=GOOD, by_application=True),
    Row("a handler that raises", 500, "/raises", token=GOOD, by_application=True),
    Row("a handler that raises, without a token", 401, "/raises"),
    Row("a public path", 200, "/health", by_application=True),
    Row("a public path with a bad token", 200, "/health", "expired", by_application=True),
    Row("a public path, and something before it", 401, "/%2fhealth"),
]


def tokens(server: AuthorizationServer) -> dict[str, str]:
    return {
        GOOD: server.jwt(),
        ADMIN: server.jwt(scope="orders:read orders:write admin:all"),
        "opaque": server.opaque(),
        "expired": server.jwt(expires_in=-1000),
        "other_audience": server.jwt(audience="https://other.example.com"),
        "stranger": server.jwt(claims={"iss": "https://evil.example.com/"}),
        "forged": server.jwt(key=server.foreign_key()),
        "id_token": server.id_token(audience=server.audience),
        "away": server.jwt(claims={"iss": AWAY}),
    }


async def plain_application(scope: Any, receive: Any, send: Any) -> None:
    """The same application in bare ASGI, to stand inside the plain middleware."""
    path = scope["path"][len(scope["root_path"]) :]
    if path == "/write":
        await require_scopes("orders:write")(plain_answer)(scope, receive, send)
    elif path == "/raises":
        raise ZeroDivisionError
    else:
        await plain_answer(scope, receive, send)


async def plain_answer(scope: Any, receive: Any, send: Any) -> None:
    status = 404 if scope["path"].endswith("/nowhere") else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def ask(app: Any, row: Row, made: dict[str, str], prefix: str = "") -> Answer:
    sent = list(row.headers.items())
    named = [token for token in (row.token, row.second) if token is not None]
    sent += [("authorization", f"Bearer {made[token]}") for token in named]
    # The client tidies no path that it is handed like this.
    response = client(app).request(row.method, f"http://testserver{prefix}{row.path}", headers=sent)
    return Answer(response.status_code, response.headers.multi_items(), response.content)


def assert_same_verdict(
    row: Row, app: Any, plain: Any, made: dict[str, str], prefix: str = ""
) -> None:
    """The status of the table from both; and of a refusal every header, and the body."""
    found, expected = ask(app, row, made, prefix), ask(plain, row, made, prefix)
    assert (found.status, expected.status) == (row.status, row.status)
    if row.by_application:
        assert "www-authenticate" not in dict(found.headers)
    else:
        assert found == expected
        assert ("www-authenticate" in dict(found.headers)) == (row.status != 503)


def table() -> Callable[[Any], Any]:
    import pytest

    return pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "_") for row in ROWS])
