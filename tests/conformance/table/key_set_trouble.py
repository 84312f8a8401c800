"""Key sets that hang, come late, come back, or are lost after they were good."""

from __future__ import annotations

import gzip

from bearer_guard import UpstreamPolicy
from conformance.rows import Row, Step, bearer, one, rows
from conformance.table.key_sets import _TEXT, GOOD, body
from conformance.tokens import jwk
from conformance.verdicts import LET_IN, UNAVAILABLE, Verdict
from conformance.world import Setting
from faults import ways
from faults.answers import Answer, document

QUICK = UpstreamPolicy(timeout=0.5, connect_timeout=0.4)

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
    _TEXT
)
HANGING: dict[str, Answer] = {
    "no answer at all": ways.silence(),
    "half a status line": ways.then_silence(b"HTTP/1.1 2"),
    "headers without end": ways.then_silence(b"HTTP/1.1 200 OK\r\nX-A: b\r\n"),
    "a head and no body": ways.then_silence(_HEAD),
    "half a body": ways.then_silence(_HEAD + _TEXT[:30]),
    "an octet now and then": ways.drip(_HEAD + _TEXT, 0.05),
    "a head and then an octet now and then": ways.drip(_HEAD + _TEXT, 0.03),
    "chunks for ever": ways.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header fields for ever": ways.endless(b"HTTP/1.1 200 OK\r\n", b"X-Again: and again\r\n"),
    "one header field for ever": ways.endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000),
    "a body for ever": ways.endless(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" " * 10_000),
    "100 Continue for ever": ways.endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "empty lines for ever": ways.endless(b"", b"\r\n"),
    "a chunk and silence": ways.then_silence(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
    "a gzip stream and silence": ways.then_silence(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + gzip.compress(_TEXT)[:10] + b"\r\n"),
}  # fmt: skip
SLOW = [
    body(f"{name} is 503 within the policy's half second", UNAVAILABLE, answer, slow=True, within=2.5,
         issuer={"upstream": QUICK})
    for name, answer in HANGING.items()
] + [
    body(f"{name} is 503 within five seconds by default", UNAVAILABLE, HANGING[name], slow=True, where=where)
    for name in ("no answer at all", "half a body", "an octet now and then", "chunks for ever")
    for where in (("guard", "guard_async", "uvicorn_h11", "gunicorn"),)
] + [
    body("an answer just in time is let in", LET_IN,
         Answer(200, _TEXT, delay=0.5), slow=True, issuer={"upstream": UpstreamPolicy(timeout=4)}),
    body("first silence and a retry that answers is 503 within the whole time", UNAVAILABLE,
         lambda world: ways.silence(), slow=True, within=2.5, issuer={"upstream": UpstreamPolicy(timeout=0.6, retries=3)}),
]  # fmt: skip


def after_trouble(sentence: str, *answers: Answer, verdict: Verdict, at_most: int) -> Row:
    setting = Setting(
        act=lambda world: (world.publish(), world.at("/jwks", *answers))[0], fresh=True,
    )  # fmt: skip
    return one(
        f"key set: {sentence}",
        lambda world: bearer(world.jwt()),
        verdict,
        setting=setting,
        at_most=at_most,
    )


_OK = document({"keys": GOOD})
RETRIED = [
    after_trouble(f"{name}, and good on the retry, is let in", trouble, _OK, verdict=LET_IN, at_most=3)
    for name, trouble in (("a reset", ways.reset()), ("a hang-up", ways.hang_up()), ("502", document({}, status=502)),
                          ("503", document({}, status=503)), ("504", document({}, status=504)))
] + [
    after_trouble(f"{name} twice is 503 after one retry", trouble, trouble, _OK, verdict=UNAVAILABLE, at_most=3)
    for name, trouble in (("a reset", ways.reset()), ("503", document({}, status=503)))
] + [
    after_trouble(f"{name} is 503 without a retry", trouble, _OK, verdict=UNAVAILABLE, at_most=2)
    for name, trouble in (("500", document({}, status=500)), ("404", document({}, status=404)), ("{}", document({})),
                          ("429", document({}, status=429)))
]  # fmt: skip


def kept(sentence: str, *later: Answer) -> list[Row]:
    """Good keys are never lost to a bad answer."""
    return [
        Row(f"good keys outlive {sentence}", (
            Step(lambda world: bearer(world.jwt()), LET_IN),
            Step(lambda world: bearer(world.jwt()), LET_IN,
                 before=lambda world: (world.at("/jwks", *later), world.clock.turn(700))[0]),
            Step(lambda world: bearer(world.jwt(None, {"kid": "new"}, key="p256-2")), UNAVAILABLE),
            Step(lambda world: bearer(world.jwt()), LET_IN,
                 before=lambda world: world.clock.turn(1000)),
        ), Setting(fresh=True, issuer={"upstream": UpstreamPolicy(back_off=5, back_off_at_most=5), "leeway": 300}),
        ("guard", "uvicorn_httptools"))
    ]  # fmt: skip


LOST = [
    row for sentence, answer in {
        "an empty set": document({"keys": []}), "an empty object": document({}), "HTML": document(b"<html>"),
        "500": document({}, status=500), "404": document({}, status=404), "a reset": ways.reset(),
        "only unfit keys": document({"keys": [jwk("rsa1024-1")]}), "a redirect": Answer(302, b"", (("Location", "/x"),)),
        "a gzip bomb": ways.bomb(5), "null": document(b"null"), "a symmetric key": document(
            {"keys": [{"kty": "oct", "k": "AAAA", "kid": "p256-1"}]}),
    }.items() for row in kept(sentence, answer)
]  # fmt: skip


ROWS = rows("key set", SLOW, RETRIED, LOST)
