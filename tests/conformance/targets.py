"""The guarded applications, on every server; and the guard alone, in process.

One process, one port for each server. A request says in ``X-Row`` which row it belongs to, and
that row's own guard judges it: so rows run side by side.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from bearer_guard import AccessToken, BearerError, Guard
from bearer_guard import asgi as guarded_asgi
from bearer_guard import wsgi as guarded_wsgi
from conformance import servers
from conformance.wire import Outcome, exchange


def handle(token: AccessToken | None, path: str) -> bytes:
    """What the application does behind its guard."""
    if token is None:
        return b'{"public": true}'
    if path.startswith("/needs/"):
        token.require_scopes(*path.removeprefix("/needs/").split("+"))
    if path.startswith("/needs-any/"):
        token.require_any_scope(*path.removeprefix("/needs-any/").split("+"))
    seen = {
        "issuer": token.issuer,
        "subject": token.subject,
        "client_id": token.client_id,
        "audience": list(token.audience),
        "scopes": sorted(token.scopes),
        "claims": token.claims,
    }
    return json.dumps(seen).encode()


class Slot:
    """One run of one step on one server."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.reached = 0
        self.asgi = guarded_asgi.BearerMiddleware(self._asgi, guard)
        self.wsgi = guarded_wsgi.BearerMiddleware(self._wsgi, guard)

    async def _asgi(self, scope: Any, receive: Any, send: Any) -> None:
        token = scope[guarded_asgi.KEY]
        if scope["type"] == "websocket":
            self.reached += 1
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1000})
            return
        body = handle(token, scope["path"])
        self.reached += 1
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent})

    def _wsgi(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        body = handle(environ[guarded_wsgi.KEY], environ.get("PATH_INFO", ""))
        self.reached += 1
        start_response(
            "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        )
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


class RawView:
    """A ``RequestView`` of raw octets."""

    def __init__(self, octets: bytes) -> None:
        head, _, self._body = octets.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        self.method, target, _ = first.decode("latin-1").split(" ", 2)
        path, _, query = target.partition("?")
        self.raw_path = path
        self.path = unquote(path)
        self.query = query.encode("latin-1")
        self.url = f"http://api.example.com{target}"
        self.client_certificate = None
        self._fields = [
            (name.strip().lower(), value.strip(b" \t"))
            for name, _, value in (line.partition(b":") for line in lines)
        ]

    @property
    def form(self) -> bytes:
        kinds = self.header_values(b"content-type")
        good = len(kinds) == 1 and kinds[0].startswith(b"application/x-www-form-urlencoded")
        return self._body if good and self.method not in ("GET", "HEAD") else b""

    def header_values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._fields if key == name]


class Targets:
    """Every way in."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []
        self.ports: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="loop")
        self._thread.start()
        for name, start in servers.ALL.items():
            application = self._asgi if name.startswith("uvicorn") else self._wsgi
            self.ports[name], stop = start(application)
            self._stops.append(stop)

    def send(self, where: str, guard: Guard, octets: bytes) -> Outcome:
        """One request by one way in."""
        slot = Slot(guard)
        if where == "guard":
            return self._judge(slot, octets, lambda view: guard.check(view))  # noqa: PLW0108
        if where == "guard_async":
            return self._judge(slot, octets, lambda view: self._await(guard.check_async(view)))
        row = self.enter(slot)
        try:
            marked = octets.replace(b"\r\n", b"\r\nX-Row: " + row.encode() + b"\r\n", 1)
            outcome = exchange(self.ports[where], marked)
        finally:
            self.leave(row)
        outcome.reached = slot.reached
        return outcome

    def enter(self, slot: Slot) -> str:
        """Make a slot known under a name for ``X-Row``."""
        with self._lock:
            row = str(next(self._numbers))
            self._slots[row] = slot
        return row

    def slot(self, row: str) -> Slot:
        return self._slots[row]

    def leave(self, row: str) -> None:
        del self._slots[row]

    def _await(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def _judge(self, slot: Slot, octets: bytes, check: Callable[[RawView], Any]) -> Outcome:
        view, began = RawView(octets), time.monotonic()
        try:
            body = handle(check(view), view.path)
        except BearerError as error:
            answer = slot.guard.refusal(error)
            outcome = Outcome(answer.status, list(answer.headers), answer.body, reason=error.reason)
        else:
            outcome = Outcome(200, [("content-type", "application/json")], body, reached=1)
        outcome.seconds = time.monotonic() - began
        if view.method == "HEAD":
            outcome.body = b""
        return outcome

    def close(self) -> None:
        for stop in self._stops:
            stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What the servers run

    async def _asgi(self, scope: Any, receive: Any, send: Any) -> None:
        row = next((value for name, value in scope["headers"] if name == b"x-row"), b"")
        slot = self._slots.get(row.decode())
        if slot is not None:
            await slot.asgi(scope, receive, send)
            return
        # A second request on the connection, which no row asked for.
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def _wsgi(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        slot = self._slots.get(environ.get("HTTP_X_ROW", ""))
        if slot is not None:
            return slot.wsgi(environ, start_response)
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
