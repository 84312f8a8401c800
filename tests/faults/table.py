"""Each fault against each document that a guard asks for: why it fails, and after how many calls.

A row says the least: the reason, and the calls that one try takes (a server that breaks off, or
that says it is only a gateway, is asked once more; metadata has another place, asked as well
where its server is not in the way). What a client sees follows from it, cold and warm, and is
the same for every fault: see ``test_faults``. Faults that do no harm say what comes of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance import tokens
from faults import ways
from faults.answers import Answer, document
from faults.stand import Fault

DOCUMENTS = ("keys", "metadata", "introspection")
LET_IN = "let in"
Fails = tuple[str, int]
"""The reason of the 503, and the calls of one try."""


@dataclass(frozen=True)
class Row:
    """A fault, and what comes of it by document."""

    fault: str
    does: Fault | None
    """``None``: the whole server refuses connections."""
    fails: Mapping[str, Fails] = field(default_factory=dict)
    harmless: Mapping[str, str] = field(default_factory=dict)
    """The verdict, where the document is taken as it is."""
    hangs: bool = False
    suspends: bool = False
    """Introspection is left alone from then on, since the server asks for time."""


def in_all(reason: str, calls: int = 1, other_place: bool = True) -> dict[str, Fails]:
    """A failure of the wire: the same reason, whichever document it befalls."""
    return {
        "keys": (reason, calls),
        "metadata": (reason, calls + other_place),
        "introspection": (reason, calls),
    }


def of_each(calls: int = 1, other_place: bool = True, **reasons: str) -> dict[str, Fails]:
    """An answer that is not the document."""
    named = {
        "keys": "key_set_unusable",
        "metadata": "metadata_unusable",
        "introspection": "introspection_unusable",
        **reasons,
    }
    return {
        name: (reason, in_all("", calls, other_place)[name][1]) for name, reason in named.items()
    }


def status(code: int, **headers: str) -> Fault:
    return lambda _: document({}, status=code, **headers)


def head(body: bytes) -> bytes:
    lines = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return lines % len(body)


WIRE = [
    Row("refuses connections", None, in_all("upstream_unreachable", 0, other_place=False)),
    Row("hangs up unasked", lambda _: ways.hang_up(), in_all("upstream_unreachable", 2)),
    Row("resets", lambda _: ways.reset(), in_all("upstream_broken", 2)),
    Row("resets in mid-body", lambda good: ways.reset(head(good) + good[:20]), in_all("upstream_broken", 2)),
    Row("promises more than comes", ways.truncated, in_all("upstream_unreachable", 2)),
]  # fmt: skip
HANGING = [
    Row(f"hangs {where}", does, in_all("upstream_timeout", other_place=False), hangs=True)
    for where, does in {
        "before the headers": lambda _: ways.silence(),
        "in the headers": lambda _: ways.then_silence(b"HTTP/1.1 200 OK\r\nDate"),
        "after the headers": lambda good: ways.then_silence(head(good)),
        "in mid-body": lambda good: ways.then_silence(head(good) + good[:20]),
    }.items()
] + [
    Row(f"drips {what}", does, in_all("upstream_timeout", other_place=False), hangs=True)
    for what, does in {
        "an octet a second": lambda good: ways.drip(head(good) + good, 1.0),
        "octets quicker than any timeout of a single read": lambda good: ways.drip(head(good) + good, 0.02),
        "a body without end": lambda _: ways.endless(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    }.items()
]  # fmt: skip
STATUSES = [
    Row("redirects within itself", lambda _: Answer(302, b"", (("Location", "/elsewhere"),)), of_each()),
    Row("redirects for good", lambda _: Answer(308, b"", (("Location", "https://other.example.com/"),)), of_each()),
    Row("204", lambda _: Answer(204, b"", ()), of_each()),
    Row("400", status(400), of_each()),
    Row("401", status(401), of_each(introspection="introspection_credentials_refused")),
    Row("403", status(403), of_each(introspection="introspection_credentials_refused")),
    Row("404", status(404), of_each()),
    Row("429", status(429), of_each()),
    Row("429 with Retry-After", status(429, retry_after="20"), of_each(other_place=False), suspends=True),
    Row("500", status(500), of_each()),
    Row("502", status(502), of_each(2)),
    Row("503", status(503), of_each(2)),
    Row("503 with Retry-After", status(503, retry_after="20"), of_each(other_place=False), suspends=True),
    Row("304 to nobody's question", lambda _: Answer(304, b"", (("ETag", '"1"'),)), of_each()),
]  # fmt: skip
BODIES = [
    Row(f"answers {what}", does, of_each())
    for what, does in {
        "nothing": lambda _: document(b""),
        "HTML": lambda _: document(b"<!doctype html><title>Sign in</title>", content_type="text/html"),
        "truncated JSON": lambda good: document(good[:-1]),
        "JSON 50,000 deep": lambda _: document(b'{"keys":' * 50_000),
        "a list": lambda good: document(b"[" + good + b"]"),
        "null": lambda _: document(b"null"),
        "UTF-16": lambda good: document(good.decode().encode("utf-16")),
    }.items()
] + [
    Row("answers 50 MB", lambda _: document(b'{"pad":"' + b"x" * 50_000_000), in_all("upstream_answer_too_large")),
    Row("answers a gzip bomb", lambda _: ways.bomb(50), in_all("upstream_answer_too_large")),
    Row("answers an encoding of nobody's", lambda good: ways.encoded(good, "br", packed=good), in_all("upstream_broken")),
    Row("answers for another issuer", lambda _: document({"issuer": "https://other.example.com/", "jwks_uri": "https://other.example.com/keys"}),
        {"metadata": ("metadata_issuer_mismatch", 2)}),
    Row("names keys inside another network", lambda good: document({**json.loads(good), "jwks_uri": "ftp://10.0.0.1/"}),
        {"metadata": ("metadata_unusable", 2)}),
    Row("answers in a wrong content type", lambda good: document(good, content_type="text/plain"),
        {"introspection": ("introspection_unusable", 1)}, {"keys": LET_IN, "metadata": LET_IN}),
    Row("has a clock hours off", lambda good: document(good, date="Thu, 01 Jan 1998 00:00:00 GMT", age="7200"),
        harmless=dict.fromkeys(DOCUMENTS, LET_IN)),
]  # fmt: skip


def keys(*more: Any, first: Mapping[str, Any] | None = None) -> Fault:
    """The good set with other entries before its own, and changes in its first."""

    def answer(good: bytes) -> Answer:
        published = json.loads(good)["keys"]
        return document({"keys": [*more, {**published[0], **(first or {})}, *published[1:]]})

    return answer


P, OTHER = tokens.jwk("p256-1"), tokens.jwk("p256-3", kid="p256-1")
KEYS = [
    Row("publishes no key", lambda _: document({"keys": []}), {"keys": ("key_set_unusable", 1)}),
    Row("publishes no list of keys", lambda good: document({"keys": json.loads(good)["keys"][0]}), {"keys": ("key_set_unusable", 1)}),
    Row("publishes nothing but nonsense", lambda _: document({"keys": [{}, 7, None]}), {"keys": ("key_set_unusable", 1)}),
] + [
    Row(f"publishes {what}", does, harmless={"keys": LET_IN})
    for what, does in {
        "two keys under one kid": keys(OTHER),
        "one key twice": keys(P),
        "a key without its type": keys({"kid": "x", "x": P["x"], "y": P["y"]}),
        "a key without a coordinate": keys({name: P[name] for name in ("kty", "crv", "x")}),
        "a key whose coordinate is a number": keys({**P, "kid": "x", "x": 5}),
        "a key off its curve": keys({**P, "kid": "x", "y": P["x"]}),
        "a secret": keys({"kty": "oct", "k": "c2VjcmV0", "kid": "x"}),
        "entries that are no objects": keys(None, 7, "key", []),
    }.items()
]  # fmt: skip
ROWS = [*WIRE, *HANGING, *STATUSES, *BODIES, *KEYS]
