"""One HTTP call, within bounds of time and size. The only place that calls an HTTP client.

No redirects, no cookies, no decompression that is not bounded, no proxy of the environment's
choosing: a call goes where the settings or the issuer's own metadata say, and nowhere else.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from functools import partial

from bearer_guard._upstream.deadline import Deadline
from bearer_guard._upstream.http_client import GivenClient, HttpClient, HttpResponse
from bearer_guard._upstream.http_clients import clients
from bearer_guard.exchange import (
    Call,
    Calling,
    Ended,
    Errand,
    Reply,
    Result_co,
    Send,
    Through,
    UpstreamFailure,
)
from bearer_guard.settings.policies import UpstreamPolicy

_RETRIED = frozenset({502, 503, 504})
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def unheard(_call: Call) -> Ended:
    """Nobody hears of a call."""
    return _went


def _went(_reason: str, _status: int) -> None: ...


def directly(_call: Call, send: Send) -> Reply:
    """A call is made."""
    return send()


class HttpCaller:
    """Carries calls. Made at once, its client only when it is needed (hence after a fork). It has
    as many ``connections`` at once, of which it keeps ``kept`` when they are idle."""

    def __init__(self, given: GivenClient | None, connections: int, kept: int) -> None:
        self._deadline = Deadline()
        self._clients = clients(given, connections, kept, self._deadline)

    def close(self) -> None:
        """Close the connections, unless the client is the user's own."""
        self._clients.close()

    def let_go(self) -> None:
        """The same, when the last call is over. Waits for nothing."""
        self._clients.let_go()

    def run(
        self,
        errand: Errand[Result_co],
        policy: UpstreamPolicy,
        until: float,
        calling: Calling = unheard,
        may_repeat: Callable[[], bool] = lambda: True,
        through: Through = directly,
    ) -> Result_co:
        """Make all calls of ``errand`` and return its result. Over by ``until``. A failed call
        is repeated as ``policy`` says, while ``may_repeat``.

        ``calling`` hears of each; ``through`` may know an answer without it. Raises what the
        errand raises, ``UpstreamFailure`` among it.
        """
        self._deadline.until = until
        with self._clients.use() as client:
            try:
                call = next(errand)
                while True:
                    # partial: a function made in a loop would see the call of a later turn.
                    send = partial(self._call, client, call, policy, until, calling, may_repeat)
                    try:
                        reply = through(call, send)
                    except UpstreamFailure as failure:
                        call = errand.throw(failure)
                    else:
                        call = errand.send(reply)
            except StopIteration as done:
                result: Result_co = done.value
                return result

    def _call(
        self,
        client: HttpClient,
        call: Call,
        policy: UpstreamPolicy,
        until: float,
        calling: Calling,
        may_repeat: Callable[[], bool],
    ) -> Reply:
        """One call, repeated where nothing was answered or a gateway says try again."""
        for _ in range(policy.retries):
            try:
                reply = self._call_heard(client, call, policy, until, calling)
            except UpstreamFailure as failure:
                if failure.details.get("error") not in _REPEATED or not may_repeat():
                    raise
            else:
                # RFC 9110 section 10.2.3: who says when to come back is not asked before.
                is_final = reply.status not in _RETRIED or "retry-after" in reply.headers
                if is_final or not may_repeat():
                    return reply
        return self._call_heard(client, call, policy, until, calling)

    def _call_heard(
        self, client: HttpClient, call: Call, policy: UpstreamPolicy, until: float, calling: Calling
    ) -> Reply:
        if time.monotonic() >= until:
            raise UpstreamFailure("upstream_timeout")
        ended = calling(call)
        try:
            reply = self._call_once(client, call, policy, until)
        except UpstreamFailure as failure:
            ended(failure.reason, 0)
            raise
        ended("", reply.status)
        return reply

    def _call_once(
        self, client: HttpClient, call: Call, policy: UpstreamPolicy, until: float
    ) -> Reply:
        left = max(0.001, until - time.monotonic())
        headers = {"accept-encoding": "identity", "user-agent": "bearer_guard", **call.headers}
        # connect, read, write and pool, in the form that both httpx and httpx2 take.
        timeout = (min(policy.connect_timeout, left), left, left, left)
        try:
            with client.stream(
                call.method,
                call.url,
                headers=headers,
                content=call.body,
                timeout=timeout,
                follow_redirects=False,
            ) as response:
                body = _read_body(response, policy.max_answer, until)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status_code, names, body)
        except UpstreamFailure:
            raise
        except Exception as error:  # noqa: BLE001 - of httpx, httpx2, a client of the user's own
            failure = _failure(error)
        raise failure


_UNREACHABLE = frozenset({"ConnectError", "ConnectTimeout", "RemoteProtocolError"})
# A kept connection that the server had closed, or lost before it answered, says no more of the
# server than one that could not be made. All calls of ours may be repeated (RFC 9110 §9.2.2).
_REPEATED = _UNREACHABLE | {"ReadError", "WriteError"}


def _failure(error: Exception) -> UpstreamFailure:
    """By name, since the client may be one of httpx or of httpx2. Only the name is told: a
    library's message may hold an address with credentials."""
    name = type(error).__name__
    if name in _UNREACHABLE:
        return UpstreamFailure("upstream_unreachable", error=name)
    if name.endswith("Timeout"):
        return UpstreamFailure("upstream_timeout", error=name)
    return UpstreamFailure("upstream_broken", error=name)


def _read_body(response: HttpResponse, limit: int, until: float) -> bytes:
    """At most ``limit`` octets, before and after decompression."""
    if getattr(response, "is_stream_consumed", False):
        # A hook of the user's client, or a mock, has read it: httpx keeps it, decompressed.
        if len(response.content) > limit:
            raise UpstreamFailure("upstream_answer_too_large", limit=limit)
        return response.content
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > limit:
            raise UpstreamFailure("upstream_answer_too_large", limit=limit)
        if time.monotonic() > until:
            raise UpstreamFailure("upstream_timeout")
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return bytes(body)
    return _decompressed(bytes(body), encoding, limit)


def _decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """What was sent compressed although nobody asked for it, and never more than ``limit``."""
    if encoding not in _WBITS:
        raise UpstreamFailure("upstream_broken", problem="an encoding that was not asked for")
    decompressor = zlib.decompressobj(_WBITS[encoding])
    try:
        plain = decompressor.decompress(body, limit + 1)
    except zlib.error:
        raise UpstreamFailure("upstream_broken", problem="not decompressible") from None
    if len(plain) > limit:
        raise UpstreamFailure("upstream_answer_too_large", limit=limit)
    if not decompressor.eof:
        raise UpstreamFailure("upstream_broken", problem="cut short")
    return plain
