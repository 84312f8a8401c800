"""The API itself: what both applications answer. It knows no protocol and checks no token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from bearer_guard import AccessToken, MissingToken
from integrations.caller import caller


class Answer(NamedTuple):
    """A status and a body, in pieces."""

    status: HTTPStatus
    body: tuple[bytes, ...]
    content_type: str = "application/json"

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What the body is; and how long, where it comes in one piece."""
        found = [("content-type", self.content_type)]
        if len(self.body) == 1:
            found.append(("content-length", str(len(self.body[0]))))
        return found


def answer(method: str, path: str, token: AccessToken | None, body: bytes) -> Answer:
    """The answer to a request that the guard let in. Which scopes it needs is in the settings."""
    method = "GET" if method == "HEAD" else method
    if (method, path) == ("GET", "/health"):
        return _json(HTTPStatus.OK, {"status": "ok"})
    handler = _HANDLERS.get((method, path))
    if handler is None:
        return _json(HTTPStatus.NOT_FOUND, {"error": "no such route"})
    if token is None:
        # Settings that make this path public by mistake let nobody in all the same.
        raise MissingToken
    return handler(token, body)


def _read(token: AccessToken, body: bytes) -> Answer:
    return _json(HTTPStatus.OK, {"orders": ["tea"], "caller": caller(token)})


def _place(token: AccessToken, body: bytes) -> Answer:
    ordered = body.decode("utf-8", "replace")
    return _json(HTTPStatus.CREATED, {"ordered": ordered, "caller": caller(token)})


def _export(token: AccessToken, body: bytes) -> Answer:
    return Answer(HTTPStatus.OK, (b"tea\n", b"coffee\n", b"sugar\n"), "text/csv")


def _break_down(token: AccessToken, body: bytes) -> Answer:
    raise ZeroDivisionError("this handler has a bug")


def _stock(token: AccessToken, body: bytes) -> Answer:
    return _json(HTTPStatus.OK, {"stock": {"tea": 3}, "caller": caller(token)})


_HANDLERS = {
    ("GET", "/orders"): _read,
    ("POST", "/orders"): _place,
    ("GET", "/orders/export"): _export,
    ("GET", "/orders/broken"): _break_down,
    ("GET", "/admin/stock"): _stock,
}


def _json(status: HTTPStatus, document: Mapping[str, object]) -> Answer:
    return Answer(status, (json.dumps(document).encode(),))
