"""Asks several guarded applications the same, and holds them to the same answer."""

from __future__ import annotations

import json
import re
import ssl
from collections import Counter
from dataclasses import dataclass

import httpx

from integrations.authorization_servers.launch import AuthorizationServer
from integrations.serving.launch import GuardedApp

from .expectations import Verdict, body_of

ORDER = "two pounds of tea"
_REASON = re.compile(r"^\w+ bearer_guard: refused: (\w+)", re.MULTILINE)
_COMPARED_HEADERS = ("www-authenticate", "retry-after", "content-type", "cache-control")


def plain_client() -> httpx.Client:
    """A client for loopback, where there is no TLS: to read all roots takes 0.1 s each time."""
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.Client(timeout=10, verify=no_tls, trust_env=False)


@dataclass(frozen=True)
class Reply:
    """What the client heard, what the operator read, what the authorization server was asked."""

    status: int
    headers: tuple[tuple[str, tuple[str, ...]], ...]
    body: bytes
    reasons: tuple[str, ...]
    upstream: dict[str, int]

    @property
    def challenges(self) -> tuple[str, ...]:
        """Every ``WWW-Authenticate``."""
        return dict(self.headers)["www-authenticate"]

    @property
    def retry_after(self) -> tuple[str, ...]:
        """Every ``Retry-After``."""
        return dict(self.headers)["retry-after"]

    def says(self, verdict: Verdict) -> None:
        """Assert that this is the verdict, exactly."""
        assert (self.status, self.body) == (verdict.status, body_of(verdict)), self
        assert self.challenges == (() if verdict.challenge is None else (verdict.challenge,))
        refused = self.status >= 400
        kind_of_body = "application/problem+json" if refused else "application/json"
        assert dict(self.headers)["content-type"] == (kind_of_body,)
        assert dict(self.headers)["cache-control"] == (("no-store",) if refused else ())
        if self.status == 503:
            assert len(self.retry_after) == 1
            assert int(self.retry_after[0]) >= 1
        else:
            assert self.retry_after == ()


_REFUSALS = (400, 401, 403, 503)


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0]


def _body(response: httpx.Response) -> bytes:
    """A refusal to the octet; of what a handler says, what it says: JSON is spaced differently."""
    if response.status_code in _REFUSALS or _media_type(response) != "application/json":
        return response.content
    return json.dumps(response.json()).encode()


def _compared(response: httpx.Response, name: str) -> tuple[str, ...]:
    """A refusal's headers to the letter; of a handler's content type what it is: aiohttp adds the
    charset to JSON."""
    if name == "content-type" and response.status_code not in _REFUSALS:
        return (_media_type(response),)
    return tuple(response.headers.get_list(name))


class Asked:
    """What an authorization server is asked from now on, by path. All of it counts.

    These are the counts of ``server.requests()``, read from the control endpoint that it reads,
    over a connection that is kept: the launcher makes a client with a TLS context for each
    call, which costs 0.1 s. A server that is down is asked nothing; its counts stand still.
    """

    def __init__(self, server: AuthorizationServer, http: httpx.Client) -> None:
        self._server = server
        self._http = http
        self._before = self._counts()

    def since(self) -> dict[str, int]:
        """The requests since this was made. The server must not have been restarted."""
        return dict(self._counts() - self._before)

    def _counts(self) -> Counter[str]:
        if not self._server.is_running:
            return Counter(self._server.requests())
        answer = self._http.get(f"{self._server.base_url}/__control/requests")
        return Counter(answer.raise_for_status().json())


class Asker:
    """A client of one guarded application."""

    def __init__(self, app: GuardedApp, server: AuthorizationServer, http: httpx.Client) -> None:
        self.app = app
        self._server = server
        self._http = http

    def ask(self, token: str | None, method: str = "GET", path: str = "/orders") -> Reply:
        """Send one request. No part of the token may come back, or reach the log."""
        asked = Asked(self._server, self._http)
        log_before = len(self.app.log())
        response = self._http.request(
            method,
            self.app.base_url + path,
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            content=ORDER if method == "POST" else None,
        )
        written = self.app.log()[log_before:]
        told = f"{response.headers}{response.text}{written}"
        for part in (token or "").split("."):
            assert not part or part not in told
        assert "Traceback" not in written
        return Reply(
            response.status_code,
            tuple((name, _compared(response, name)) for name in _COMPARED_HEADERS),
            _body(response),
            tuple(_REASON.findall(written)),
            asked.since(),
        )


@dataclass(frozen=True)
class Group:
    """Applications with the same settings."""

    askers: tuple[Asker, ...]

    def ask(self, token: str | None, method: str = "GET", path: str = "/orders") -> Reply:
        """Ask all. The same status, challenge, body, reason and upstream requests, or else."""
        first, *others = [(asker, asker.ask(token, method, path)) for asker in self.askers]
        for asker, reply in others:
            ways = f"{asker.app.way} says otherwise than {first[0].app.way}"
            assert reply == first[1], f"{ways}: {reply} against {first[1]}"
        return first[1]
