"""The API itself: what both applications answer. It knows no protocol and checks no token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from bearer_guard import AccessToken, MissingToken


class Answer(NamedTuple):
    """A status and a JSON body."""

    status: HTTPStatus
    body: bytes

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What the body is and how long."""
        return [("content-type", "application/json"), ("content-length", str(len(self.body)))]


def answer(method: str, path: str, token: AccessToken | None, body: bytes) -> Answer:
    """The answer to a request that the guard let in. Which scopes it needs is in the settings."""
    if (method, path) == ("GET", "/health"):
        return _json(HTTPStatus.OK, {"status": "ok"})
    if (method, path) == ("GET", "/orders"):
        return _json(HTTPStatus.OK, {"orders": ["tea"], "caller": _caller(token)})
    if (method, path) == ("POST", "/orders"):
        ordered = {"ordered": body.decode("utf-8", "replace"), "caller": _caller(token)}
        return _json(HTTPStatus.CREATED, ordered)
    return _json(HTTPStatus.NOT_FOUND, {"error": "no such route"})


def _caller(token: AccessToken | None) -> dict[str, object]:
    if token is None:
        # Settings that make this path public by mistake let nobody in all the same.
        raise MissingToken
    return {
        "issuer": token.issuer,
        "subject": token.subject,
        "client": token.client_id,
        "audience": list(token.audience),
        "scopes": sorted(token.scopes),
    }


def _json(status: HTTPStatus, document: Mapping[str, object]) -> Answer:
    return Answer(status, json.dumps(document).encode())
