"""The ways in which one request can be put to one guard."""

from __future__ import annotations

from collections.abc import Callable
from http.client import responses
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import anyio

from adapters import asgi_wire, wsgi_wire
from adapters.real_servers import exchange
from bearer_guard import AccessToken, BearerError, Guard, Request
from contract.cases import Case

_OF_THE_SERVER = frozenset({"server", "date", "connection"})


class Answer(NamedTuple):
    """Status line, header fields without regard to their order and the case of names, body."""

    status: str
    headers: frozenset[tuple[str, str]]
    body: bytes


Channel = Callable[[Case], Answer | AccessToken | None]


def _answer(status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    pairs = [(name.lower(), value) for name, value in headers]
    assert len({name for name, _ in pairs}) == len(pairs), "a header stands twice"
    kept = frozenset(pair for pair in pairs if pair[0] not in _OF_THE_SERVER)
    return Answer(f"{status} {responses[status]}", kept, body)


def _fields(case: Case) -> list[tuple[str, str]]:
    first = [] if case.authorization is None else [("Authorization", case.authorization)]
    return [*first, *case.headers]


def _request(case: Case) -> Request:
    is_form = case.method in ("POST", "PUT") and ("content-type", _FORM) in case.headers
    form = case.body.encode() if is_form and len(case.body) <= 2048 else b""
    return Request(case.method, case.target, headers=_fields(case), form=form)


_FORM = "application/x-www-form-urlencoded"


def sync_channel(strict: Guard, forms: Guard) -> Channel:
    """``Guard.check``, and ``Guard.refusal`` for what it raises."""

    def ask(case: Case) -> Answer | AccessToken | None:
        guard = forms if case.target.startswith("/forms") else strict
        try:
            return guard.check(_request(case))
        except BearerError as error:
            return _refusal(guard, error, case)

    return ask


def async_channel(strict: Guard, forms: Guard) -> Channel:
    """``Guard.check_async`` on an event loop."""

    def ask(case: Case) -> Answer | AccessToken | None:
        guard = forms if case.target.startswith("/forms") else strict
        try:
            return anyio.run(guard.check_async, _request(case))
        except BearerError as error:
            return _refusal(guard, error, case)

    return ask


def _refusal(guard: Guard, error: BearerError, case: Case) -> Answer:
    refusal = guard.refusal(error)
    body = b"" if case.method == "HEAD" else refusal.body
    return _answer(refusal.status, [*refusal.headers], body)


def asgi_channel(app: object) -> Channel:
    """The ASGI application in this process."""

    def ask(case: Case) -> Answer:
        raw_path, _, query = case.target.partition("?")
        scope = asgi_wire.http_scope(
            unquote_to_bytes(raw_path).decode("utf-8", "replace"),
            method=case.method,
            headers=_fields(case),
            raw_path=raw_path.encode(),
            query_string=query.encode(),
        )
        body = case.body.encode()
        half = len(body) // 2
        messages = asgi_wire.body_messages(body[:half], body[half:])
        wire = anyio.run(lambda: asgi_wire.call(app, scope, *messages))
        pairs = [(name.decode(), value.decode()) for name, value in wire.sent[0]["headers"]]
        return _answer(wire.status, pairs, wire.body)

    return ask


def wsgi_channel(app: object) -> Channel:
    """The WSGI application in this process."""

    def ask(case: Case) -> Answer:
        raw_path, _, query = case.target.partition("?")
        environ = wsgi_wire.environ(
            method=case.method,
            headers=_fields(case),
            body=case.body.encode(),
            PATH_INFO=unquote_to_bytes(raw_path).decode("latin-1"),
            QUERY_STRING=query,
            REQUEST_URI=case.target,
        )
        answer = wsgi_wire.call(app, environ)
        status, pairs = answer.started[-1]
        made = _answer(answer.status, pairs, answer.body)
        assert made.status == status
        return made

    return ask


def socket_channel(port: int) -> Channel:
    """A real server, octet for octet."""

    def ask(case: Case) -> Answer:
        body = case.body.encode()
        fields = [("Host", "api.example.com"), ("Connection", "close"), *_fields(case)]
        if body:
            fields.append(("Content-Length", str(len(body))))
        lines = [f"{case.method} {case.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields]
        return read_answer(exchange(port, "\r\n".join([*lines, "", ""]).encode() + body))

    return ask


def read_answer(octets: bytes) -> Answer:
    head, _, body = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, phrase = first.split(" ", 2)
    assert version == "HTTP/1.1"
    pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    answer = _answer(int(status), pairs, body)
    assert answer.status == f"{status} {phrase}"
    return answer
