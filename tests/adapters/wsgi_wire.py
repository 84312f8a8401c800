"""The server's side of one WSGI request (PEP 3333), as exacting as ``wsgiref.validate``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any
from wsgiref.validate import validator

Environ = dict[str, Any]


def environ(
    path: str = "/orders",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    **more: Any,
) -> Environ:
    """As servers make it: octets hidden in latin-1, repeated fields joined with a comma."""
    made: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": "192.0.2.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body:
        made["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        variable = name.upper().replace("-", "_")
        if variable not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            variable = f"HTTP_{variable}"
        made[variable] = f"{made[variable]},{value}" if variable in made else value
    return {**made, **more}


class Answer:
    """What a server was told."""

    def __init__(self) -> None:
        self.started: list[tuple[str, list[tuple[str, str]]]] = []
        self.chunks: list[bytes] = []

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        assert exc_info is not None or not self.started, "start_response was called twice"
        self.started.append((status, headers))
        return self.chunks.append

    @property
    def status(self) -> int:
        return int(self.started[-1][0].split(" ")[0])

    @property
    def headers(self) -> dict[str, str]:
        pairs = self.started[-1][1]
        assert len(dict(pairs)) == len(pairs), "a header stands twice"
        return dict(pairs)

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def problem(self) -> Any:
        return json.loads(self.body)


def call(app: Any, given: Environ) -> Answer:
    """One request, its answer read to the end and closed."""
    answer = Answer()
    body = app(given, answer.start_response)
    try:
        for chunk in body:
            assert answer.started, "the body began before start_response"
            answer.chunks.append(chunk)
    finally:
        if hasattr(body, "close"):
            body.close()
    assert answer.started, "start_response was not called"
    return answer


def call_strictly(app: Any, given: Environ) -> Answer:
    """The same under ``wsgiref.validate``, which checks every sentence of PEP 3333."""
    return call(validator(app), given)


class App:
    """An application that keeps what it was given and answers 200 ``ok`` with a list."""

    def __init__(self) -> None:
        self.environs: list[Environ] = []

    @property
    def environ(self) -> Environ:
        (given,) = self.environs
        return given

    def __call__(self, given: Environ, start_response: Any) -> Iterable[bytes]:
        self.environs.append(given)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]
