"""A streaming response that ends when its token does, where ``end_streams_at_expiry`` asks so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from django.http.response import HttpResponseBase

from bearer_guard._core.body_length import promised_octets
from bearer_guard._expiry import ENDED
from bearer_guard._wsgi_stream import Stream
from bearer_guard.access_token import AccessToken
from bearer_guard.guard import Guard

SecondsLeft = Callable[[], float]


def end_at_expiry(answer: HttpResponseBase, guard: Guard, token: AccessToken, method: str) -> None:
    """Have a streaming ``answer`` end in time; all others are there as a whole."""
    if not answer.streaming or guard.seconds_left(token) is None:
        return
    streaming: Any = answer

    def seconds_left() -> float:
        return guard.seconds_left(token) or 0.0

    length = [value.encode() for name, value in answer.items() if name.lower() == "content-length"]
    if streaming.is_async:
        missing = promised_octets(method, answer.status_code, length)
        streaming.streaming_content = _in_time(streaming.streaming_content, seconds_left, missing)
        return
    stream = Stream(method, lambda: seconds_left() == 0)
    stream.started(str(answer.status_code), list(answer.items()), _write_nothing)
    streaming.streaming_content = stream.of(streaming.streaming_content)


def _write_nothing(_: bytes) -> object: ...


async def _in_time(
    chunks: AsyncIterator[bytes], seconds_left: SecondsLeft, missing: int | None
) -> AsyncIterator[bytes]:
    """Under ASGI, a chunk that does not come is waited for no longer than the token lives.

    ``missing`` are the octets that a Content-Length promises.
    """
    # A body of unknown length may be a stream, and the client waits from now on.
    streams = missing is None
    while not streams or seconds_left() > 0:
        waiting = asyncio.timeout(seconds_left() if streams else None)
        try:
            async with waiting:
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if not waiting.expired():
                raise
            break
        yield chunk
        streams = True
        missing = missing and missing - len(chunk)
    if missing:
        # To end it properly would say that half of it is all of it.
        raise OSError(ENDED)
