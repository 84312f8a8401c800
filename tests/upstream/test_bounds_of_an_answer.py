"""No answer is longer than it may be, compressed or not."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from bearer_guard import UpstreamPolicy
from bearer_guard._upstream import http_caller
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.exchange import UpstreamFailure
from faults import ways
from faults.answers import ok
from faults.server import serving
from upstream.calling import ask, failure

SMALL = UpstreamPolicy(max_answer=1024)
TOO_LARGE = ("upstream_answer_too_large", {"limit": 1024})


def test_an_answer_of_just_the_largest_size_is_read(caller: HttpCaller) -> None:
    with serving(ok(b"x" * 1024)) as server:
        assert ask(caller, server.url, SMALL).body == b"x" * 1024


def test_one_octet_more_is_refused(caller: HttpCaller) -> None:
    with serving(ok(b"x" * 1025)) as server:
        failed = failure(caller, server.url, SMALL)
    assert (failed.reason, failed.details) == TOO_LARGE


def test_an_endless_answer_is_left_when_it_is_too_long(caller: HttpCaller) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(ways.endless(head, chunk)) as server:
        failed = failure(caller, server.url, SMALL)
    assert (failed.reason, failed.details) == TOO_LARGE


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
def test_gzip_that_nobody_asked_for_is_read(caller: HttpCaller, encoding: str) -> None:
    body = gzip.compress(b"{}")
    with serving(ok(body, ("Content-Encoding", encoding))) as server:
        assert ask(caller, server.url, SMALL).body == b"{}"


def test_so_are_deflate_and_identity(caller: HttpCaller) -> None:
    answers = (
        ok(zlib.compress(b"{}"), ("Content-Encoding", "deflate")),
        ok(b"{}", ("Content-Encoding", "identity")),
    )
    with serving(*answers) as server:
        for _ in range(2):
            assert ask(caller, server.url, SMALL).body == b"{}"


@pytest.mark.parametrize("size", [1025, 20_000_000])
def test_a_bomb_is_left_when_it_is_too_long(caller: HttpCaller, size: int) -> None:
    body = gzip.compress(b"x" * size)
    with serving(ok(body, ("Content-Encoding", "gzip"))) as server:
        failed = failure(caller, server.url, UpstreamPolicy(max_answer=max(1024, len(body))))
    assert failed.reason == "upstream_answer_too_large"


def test_a_bomb_takes_no_more_room_than_the_limit() -> None:
    """Not even for a moment: a hundred calls may be under way at once."""
    body, limit = gzip.compress(bytes(32_000_000)), 65_536
    tracemalloc.start()
    try:
        with pytest.raises(UpstreamFailure, match="upstream_answer_too_large"):
            http_caller._decompressed(body, "gzip", limit)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000


def test_a_thousand_and_twenty_four_octets_packed_are_not_too_long(caller: HttpCaller) -> None:
    body = gzip.compress(b"x" * 1024)
    with serving(ok(body, ("Content-Encoding", "gzip"))) as server:
        assert len(ask(caller, server.url, SMALL).body) == 1024


@pytest.mark.parametrize(
    ("body", "encoding", "problem"),
    [
        (b"{}", "gzip", "not decompressible"),
        (b"{}", "deflate", "not decompressible"),
        (gzip.compress(b"{}")[:-9], "gzip", "cut short"),
        (b"", "gzip", "cut short"),
        (b"{}", "br", "an encoding that was not asked for"),
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", "an encoding that was not asked for"),
    ],
)
def test_what_cannot_be_unpacked_is_a_failure(
    caller: HttpCaller, body: bytes, encoding: str, problem: str
) -> None:
    with serving(ok(body, ("Content-Encoding", encoding))) as server:
        failed = failure(caller, server.url)
    assert (failed.reason, failed.details) == ("upstream_broken", {"problem": problem})
