"""Whatever octets a request carries end in an access token or a ``BearerError``, in bounded time
and memory, on a thread and on an event loop."""

from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearer_guard import AccessToken, BearerError
from core.making import ISSUER, segment
from core.seen import Seen
from properties.guarding import guarded
from properties.making import tokens
from properties.searching import examples, mostly


def jws_of(header: bytes, payload: bytes) -> bytes:
    return b".".join((segment(header), segment(payload), b"AAAA"))


def deep(depth: int) -> bytes:
    return b'{"alg":"RS256","a":' + b"[" * depth


SIZES = st.sampled_from([1, 2, 3, 40, 255, 4096, 16_383, 16_384, 16_385, 40_000])
ODD_TOKENS = st.one_of(
    st.binary(max_size=60),
    tokens(),
    st.builds(lambda piece, size: (piece * size)[:size], st.binary(min_size=1, max_size=3), SIZES),
    st.builds(lambda size: b"." * size, SIZES),
    st.builds(lambda depth: jws_of(deep(depth), b"{}"), st.integers(1, 9000)),
    st.builds(lambda depth: jws_of(b'{"alg":"RS256"}', deep(depth)), st.integers(1, 9000)),
    st.builds(lambda size: jws_of(b'{"alg":"RS256"}', b'{"exp":' + b"9" * size + b"}"), SIZES),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"", b"opaque", b"a.b", b"a.b.c.d.e", b"a.b.c.d", b"\xed\xa0\x80", b"a==", b"="]
    ),
)
LINES = st.lists(
    st.builds(
        lambda scheme, token, end: scheme + token + end,
        st.sampled_from(
            [b"Bearer "] * 6 + [b"bearer", b"Bearer\t", b"", b"Basic ", b"DPoP ", b"\xff"]
        ),
        ODD_TOKENS,
        st.sampled_from([b""] * 4 + [b" ", b", Bearer x", b",", b"\r\n", b"\x00"]),
    ),
    max_size=2,
)
PARAMETERS = st.one_of(
    st.just(b""), st.binary(max_size=30), ODD_TOKENS.map(lambda token: b"a=b&access_token=" + token)
)
REQUESTS = st.builds(
    lambda lines, query, form: Seen("POST", authorization=lines, query=query, form=form),
    LINES,
    mostly(st.just(b""), PARAMETERS),
    mostly(st.just(b""), PARAMETERS),
)


def test_any_request_ends_in_an_access_token_or_a_bearer_error() -> None:
    """HTTP-10, HTTP-12: sync and async alike, since there is one story."""
    with guarded() as (guard, server):
        seen: set[type] = set()
        statuses: set[int] = set()

        @examples(150)
        @given(REQUESTS)
        def search(request: Seen) -> None:
            try:
                guard.authenticate(request)
            except BearerError as error:
                seen.add(type(error))
                statuses.add(guard.refusal(error).status)

        search()
        assert statuses == {400, 401}
        assert {cls.__name__ for cls in seen} >= {"MissingToken", "InvalidRequest", "InvalidToken"}
        good = f"Bearer {server.jwt()}".encode()
        assert isinstance(guard.authenticate(Seen(authorization=[good])), AccessToken)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_any_request_does_so_on_an_event_loop(backend: str) -> None:
    with guarded() as (guard, server):

        @examples(30)
        @given(st.lists(REQUESTS, min_size=1, max_size=4))
        def search(requests: list[Seen]) -> None:
            anyio.run(every, requests, backend=backend)

        async def every(requests: list[Seen]) -> None:
            for request in requests:
                with suppress(BearerError):
                    await guard.authenticate_async(request)

        search()
        good = f"Bearer {server.jwt()}".encode()
        found = anyio.run(guard.authenticate_async, Seen(authorization=[good]), backend=backend)
        assert isinstance(found, AccessToken)


HEADER = b'{"alg":"RS256"}'
MONSTERS = {
    "dots": b"." * 40_000,
    "two dots": b"." * 2,
    "one letter": b"A" * 40_000,
    "a full token of one letter": b"A" * 16_384,
    "deep header": jws_of(deep(9000), b"{}"),
    "deep payload": jws_of(HEADER, deep(9000)),
    "deep and unterminated": jws_of(HEADER, deep(40) + b'"' + b'\\"' * 5800),
    "quotes without end": jws_of(HEADER, deep(40) + b'"' * 11_600),
    "escapes without end": jws_of(HEADER, deep(40) + b'"' + b"\\" * 11_600),
    "long integer": jws_of(
        HEADER, b'{"iss":"' + ISSUER.encode() + b'","exp":' + b"9" * 4300 + b"}"
    ),
    "longer integer": jws_of(HEADER, b'{"exp":' + b"9" * 11_000 + b"}"),
    "long fraction": jws_of(HEADER, b'{"exp":0.' + b"9" * 11_000 + b"}"),
    "wide": jws_of(HEADER, b'{"a":[' + b"{}," * 3900 + b"{}]}"),
    "many members": jws_of(HEADER, json.dumps({str(n): n for n in range(800)}).encode()),
    "many surrogates": jws_of(HEADER, b'{"a":"' + b"\\ud800" * 1900 + b'"}'),
    "white space": jws_of(HEADER, b" " * 11_900 + b"x"),
    "quotes": b'"' * 39_000,
    "escaped quotes": b'"' + b'\\"' * 19_500,
    "commas": b"a" + b", a" * 13_000,
    "spaces": b"a" + b" " * 39_000 + b"b",
    "an opaque one that is too long": b"a" * 16_385,
}
LIMIT_SECONDS = 0.25
LIMIT_OCTETS = 3_000_000


@pytest.mark.parametrize("name", MONSTERS)
@pytest.mark.parametrize("scheme", [b"Bearer ", b"Basic ", b""])
def test_no_header_costs_much_time_or_memory(name: str, scheme: bytes) -> None:
    """HTTP-14: whoever sends one has shown nothing yet. Time is that of the thread, so a busy
    machine is no defect; memory is all that was allocated at once."""
    request = Seen(authorization=[scheme + MONSTERS[name]])
    with guarded() as (guard, _):
        before = time.thread_time()
        with pytest.raises(BearerError):
            guard.authenticate(request)
        assert time.thread_time() - before < LIMIT_SECONDS
        tracemalloc.start()
        try:
            with pytest.raises(BearerError):
                guard.authenticate(request)
            assert tracemalloc.get_traced_memory()[1] < LIMIT_OCTETS
        finally:
            tracemalloc.stop()


def test_the_monsters_are_as_large_as_headers_get() -> None:
    sizes = [len(monster) for monster in MONSTERS.values()]
    assert max(sizes) >= 39_000
    assert sum(12_000 < size <= 16_384 for size in sizes) > 8
