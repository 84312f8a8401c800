"""What a framework or a server forces to be otherwise. ``docs/frameworks/differences.md`` has
the same list for users, and a test sees to that."""

from __future__ import annotations

from typing import NamedTuple

from applications.rows import HEALTHY, NOT_MOUNTED, ROWS, Row, no_token
from integrations.serving.applications import APPLICATIONS
from integrations.serving.launch import Way


class Difference(NamedTuple):
    """Of a row of the table, by an application, by all on a server, or by those that a server
    runs by one interface: ``granian over wsgi``."""

    who: str
    sentence: str
    instead: Row
    """What is asked in its place, or what is answered in its place."""
    reason: str


def _row(sentence: str) -> Row:
    return next(row for row in ROWS if row.sentence == sentence)


def _whole(sentence: str) -> Row:
    row = _row(sentence)
    assert isinstance(row.body, int)
    return row._replace(body=b"a" * row.body)


DIFFERENCES: list[Difference] = [
    Difference(
        "gunicorn",
        "a token of 20 kB",
        _row("a token of 20 kB")._replace(answer=431),
        "gunicorn takes no header field over 8 kB, unless limit_request_field_size says so",
    ),
    Difference(
        "aiohttp",
        "a token of 20 kB",
        _row("a token of 20 kB")._replace(answer=400),
        "aiohttp's server takes no header field over 8 kB, unless max_field_size says so",
    ),
    Difference(
        "fastapi",
        "HEAD",
        _row("HEAD")._replace(answer=404),
        "a GET route of FastAPI does not answer HEAD",
    ),
    Difference(
        "litestar",
        "HEAD",
        _row("HEAD")._replace(answer=404),
        "a GET handler of Litestar does not answer HEAD",
    ),
    Difference(
        "ninja",
        "HEAD",
        _row("HEAD")._replace(answer=404),
        "a GET operation of Django Ninja does not answer HEAD",
    ),
    *(
        Difference(
            "waitress",
            sentence,
            _whole(sentence),
            "waitress hands a request on when its whole body is there",
        )
        for sentence in ("a large upload without a token", "a large upload with a bad token")
    ),
    Difference(
        "waitress",
        "a slash before a public path",
        _row("a slash before a public path")._replace(answer=200, says=HEALTHY),
        "waitress takes all slashes at a path's beginning for one, before anybody sees them",
    ),
    Difference(
        "granian over wsgi",
        "octets beyond ASCII",
        _row("octets beyond ASCII")._replace(answer=no_token("orders:read")),
        "granian hands a WSGI application an empty value for a header with octets beyond ASCII",
    ),
]


def rows_for(way: Way) -> list[Row]:
    """The table as it is for one way of serving an application."""
    application = APPLICATIONS[way.application]
    server = way.server or application.servers[0]
    who = (way.application, server, f"{server} over {application.interface}")
    instead = {
        difference.sentence: difference.instead
        for difference in DIFFERENCES
        if difference.who in who
    }
    return [
        instead.get(row.sentence, row) for row in ROWS if not (way.mount and row in NOT_MOUNTED)
    ]
