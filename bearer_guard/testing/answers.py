"""The forms that an authorization server's answers take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response


def json_answer(value: Mapping[str, Any] | bytes, *, status: int = 200) -> Response:
    """Return *value* as JSON; bytes go out as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value)
    return Response(body, status=status, content_type="application/json")


def private_answer(value: Mapping[str, Any] | bytes) -> Response:
    """Return an answer about tokens, which nobody may store (RFC 6749 section 5.1)."""
    response = json_answer(value)
    response.headers["Cache-Control"] = "no-store"
    return response


def error_answer(status: int, error: str) -> Response:
    """Return an OAuth error (RFC 6749 section 5.2)."""
    return json_answer({"error": error}, status=status)
