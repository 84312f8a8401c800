"""The API itself: what both applications answer. It knows no protocol and checks no token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from bearer_guard import AccessToken, MissingToken
from integrations.caller import caller

EXPORT = ("tea\n", "coffee\n", "sugar\n")


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
    reads = method in ("GET", "HEAD")
    if reads and path == "/health":
        return _json(HTTPStatus.OK, {"status": "ok"})
    if token is None:
        # Settings that make this path public by mistake let nobody in all the same.
        raise MissingToken
    if reads and path == "/orders":
        return _json(HTTPStatus.OK, {"orders": ["tea"], "caller": caller(token)})
    if reads and path == "/orders/export":
        return Answer(HTTPStatus.OK, tuple(line.encode() for line in EXPORT), "text/csv")
    if reads and path == "/orders/broken":
        raise ZeroDivisionError("this handler has a bug")
    if reads and path == "/admin/stock":
        return _json(HTTPStatus.OK, {"stock": {"tea": 3}, "caller": caller(token)})
    if (method, path) == ("POST", "/orders"):
        ordered = {"ordered": body.decode("utf-8", "replace"), "caller": caller(token)}
        return _json(HTTPStatus.CREATED, ordered)
    return _json(HTTPStatus.NOT_FOUND, {"error": "no such route"})


def _json(status: HTTPStatus, document: Mapping[str, object]) -> Answer:
    return Answer(status, (json.dumps(document).encode(),))
