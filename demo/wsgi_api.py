"""A WSGI API and its guard. gunicorn runs it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from bearer_guard.wsgi import BearerMiddleware, access_token
from demo.guarded import keep_log, make_guard

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def api(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    request = Request(environ)
    if request.path == "/health":
        response = _json({"healthy": True})
    elif request.path == "/orders":
        token = access_token(environ)
        response = _json({"subject": token.subject, "scopes": sorted(token.scopes)})
    else:
        response = Response(status=404)
    return response(environ, start_response)


def _json(value: object) -> Response:
    return Response(json.dumps(value), content_type="application/json")


keep_log()
app = BearerMiddleware(api, make_guard())
