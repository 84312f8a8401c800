"""Where an issuer's keys are: good metadata, and all that may come in its place (RFC 8414)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bearer_guard import UpstreamPolicy
from conformance.rows import Row, bearer, one, rows
from conformance.tokens import ABSENT, jwk
from conformance.verdicts import LET_IN, UNAVAILABLE, Verdict
from conformance.world import Setting, World
from faults import ways
from faults.answers import Answer, document

QUICK = UpstreamPolicy(timeout=0.5, connect_timeout=0.4)
PLACE = "/.well-known/openid-configuration"
Make = Callable[[World], Answer]


def _made(answer: Answer | Make, world: World) -> Answer:
    return answer if isinstance(answer, Answer) else answer(world)


def at_openid(answer: Answer | Make, **options: Any) -> Setting:
    """Only the OpenID place has anything: this."""
    return Setting(act=lambda w: w.publish(metadata=_made(answer, w)), fresh=True, **options)


def meta(
    sentence: str, verdict: Verdict, answer: Answer | Make, *, at_most: int = 4, **options: Any
) -> Row:
    return one(f"metadata: {sentence}", lambda world: bearer(world.jwt()), verdict,
               setting=at_openid(answer, issuer=options.pop("issuer", {})), at_most=at_most, **options)  # fmt: skip


def members(sentence: str, verdict: Verdict, at_most: int = 4, **changes: Any) -> Row:
    """The true metadata with these members instead; functions are given the world."""

    def answer(world: World) -> Answer:
        given = {
            name: value(world) if callable(value) else value for name, value in changes.items()
        }
        return document(world.metadata(**given))

    return meta(sentence, verdict, answer, at_most=at_most)


def raw(make: Callable[[bytes], bytes], **headers: str) -> Make:
    return lambda world: document(make(json.dumps(world.metadata()).encode()), **headers)


GOOD = [
    meta(f"{name} is let in", LET_IN, answer, at_most=2)
    for name, answer in {
        "plain": lambda w: document(w.metadata()),
        "with a charset": lambda w: document(w.metadata(), content_type="application/json; charset=UTF-8"),
        "as text/plain": lambda w: document(w.metadata(), content_type="text/plain"),
        "without a content type": lambda w: document(w.metadata(), content_type=""),
        "indented": lambda w: document(json.dumps(w.metadata(), indent=2).encode()),
        "gzipped unasked": lambda w: ways.encoded(json.dumps(w.metadata()).encode(), "gzip"),
        "chunked": lambda w: ways.chunked(json.dumps(w.metadata()).encode()),
        "with no-store": lambda w: document(w.metadata(), cache_control="no-store"),
        "with a Cache-Control of junk": lambda w: document(w.metadata(), cache_control=";;=\"'"),
        "with fifty algorithms": lambda w: document(w.metadata(id_token_signing_alg_values_supported=["X"] * 50)),
        "with umlauts": raw(lambda text: text[:-1] + ', "name": "Köln 😀"}'.encode()),
        "with escaped slashes": raw(lambda text: text.replace(b"/", b"\\/")),
        "with white space around": raw(lambda text: b"\n\n " + text + b"\r\n"),
    }.items()
] + [
    members("only issuer and jwks_uri is let in", LET_IN, introspection_endpoint=ABSENT, token_endpoint=ABSENT,
            response_types_supported=ABSENT),
    members("signed_metadata, unread, is let in", LET_IN, signed_metadata="eyJhbGciOiJub25lIn0.e30."),
    members("unknown members are let in", LET_IN, foo={"bar": [None]}, **{"": 1}),
    members("id_token_signing_alg_values_supported of HS256 is let in for ES256", LET_IN,
            id_token_signing_alg_values_supported=["HS256", "none"]),
    members("introspection_endpoint of a number is let in where nobody introspects", LET_IN, introspection_endpoint=42),
    members("introspection_endpoint in plain http elsewhere is let in where nobody introspects", LET_IN,
            introspection_endpoint="http://hydra-admin.internal:4445/admin/oauth2/introspect"),
    members("introspection_endpoint that is relative is let in where nobody introspects", LET_IN,
            introspection_endpoint="/introspect"),
    members("introspection_endpoint null is let in", LET_IN, introspection_endpoint=None),
    members("nulls are let in", LET_IN, registration_endpoint=None, scopes_supported=None),
    members("jwks_uri with a query is let in", LET_IN, jwks_uri=lambda w: w.root + "/jwks?p=B2C_1&v=2"),
    members("jwks_uri by the name localhost is let in", LET_IN,
            jwks_uri=lambda w: w.root.replace("127.0.0.1", "localhost") + "/jwks"),
    members("jwks_uri in upper-case scheme is let in", LET_IN, jwks_uri=lambda w: w.root.replace("http", "HTTP") + "/jwks"),
]  # fmt: skip

OTHER_ISSUERS = [
    members(f"issuer {name} is 503", UNAVAILABLE, issuer=value)
    for name, value in {
        "with a slash more": lambda w: w.issuer + "/",
        "in upper case": lambda w: w.issuer.upper(),
        "of somebody else": "https://evil.example",
        "by the name localhost": lambda w: w.issuer.replace("127.0.0.1", "localhost"),
        "with https": lambda w: w.issuer.replace("http:", "https:"),
        "empty": "",
        "missing": ABSENT,
        "null": None,
        "a number": 1,
        "a list": lambda w: [w.issuer],
        "an object": lambda w: {"url": w.issuer},
        "true": True,
        "with a space": lambda w: w.issuer + " ",
        "a template": "https://login.microsoftonline.com/{tenantid}/v2.0",
        "with a fragment": lambda w: w.issuer + "#",
        "of the parent": lambda w: w.base,
    }.items()
]  # fmt: skip
BAD_URIS = [
    members(f"jwks_uri {value if isinstance(value, str) else type(value).__name__!r} is 503", UNAVAILABLE, jwks_uri=value)
    for value in (
        ABSENT, None, 1, True, ["https://x.example/jwks"], {"url": "x"}, "", " ", "/jwks", "jwks", "//x.example/jwks",
        "http://x.example/jwks", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/jwks", "http://192.168.1.1/",
        "file:///etc/passwd", "ftp://x.example/jwks", "data:application/json,{}", "javascript:alert(1)", "gopher://x/",
        "https://", "https:///jwks", "https://x.example:99999/jwks", "https://x.example:abc/jwks", "https://x.example:0/",
        "https://user:secret@x.example/jwks", "https://x.example/jwks#a", "https://[::1/jwks", "https://x.example/a b",
        "https://x.example/\r\nHost: y", "https://x.example/\u00e4", "https://\u00e4.example/", "unix:///run/x.sock",
        "http://[::ffff:169.254.169.254]/", "http://0/", "http://0x7f.1/", "ws://127.0.0.1/", "https:x.example",
        "https://x.example\\@127.0.0.1/", "HTTPS//x", "https://x.example/\x00", "https://127.0.0.1:1", "http://127.0.0.1:1/x",
    )
]  # fmt: skip
# https to a name that does not exist, or an odd one: 503 as well, whatever the resolver says
ODD_HOSTS = [
    members(f"jwks_uri at {value} is 503", UNAVAILABLE, jwks_uri=value)
    for value in ("https://a..b/jwks", f"https://{'a' * 64}.example/jwks", "https://.invalid/jwks",
                  "https://xn--zzzzzz--.invalid/", "https://-/x", "https://%31.invalid/", "https://*.invalid/jwks",
                  "https://_x.invalid/jwks")
]  # fmt: skip
BAD = [
    meta(f"{name} is 503", UNAVAILABLE, answer)
    for name, answer in {
        "empty": document(b""),
        "an empty object": document({}),
        "a list": lambda w: document([w.metadata()]),
        "null": document(b"null"),
        "a string": document(b'"x"'),
        "HTML": document(b"<!doctype html><html></html>", content_type="text/html"),
        "cut short": raw(lambda text: text[:-1]),
        "followed by more": raw(lambda text: text + b"x"),
        "with a byte order mark": raw(lambda text: b"\xef\xbb\xbf" + text),
        "in UTF-16": raw(lambda text: text.decode().encode("utf-16")),
        "with jwks_uri twice": raw(lambda text: text[:-1] + b',"jwks_uri":"https://evil.example/"}'),
        "with issuer twice": raw(lambda text: b'{"issuer":"x",' + text[1:]),
        "with NaN": raw(lambda text: text[:-1] + b',"x":NaN}'),
        "nested 200 deep": raw(lambda text: text[:-1] + b',"x":' + b"[" * 200 + b"]" * 200 + b"}"),
        "nested 100,000 deep": document(b'{"a":' * 100_000),
        "half a surrogate": raw(lambda text: text[:-1] + b',"x":"\\ud800"}'),
        "beyond a mebibyte": lambda w: document(w.metadata(pad="x" * 1_048_576)),
        "a gzip bomb": ways.bomb(50),
        "gzip that is none": ways.encoded(b"", "gzip", packed=b"x"),
        "brotli": ways.encoded(b"", "br", packed=b"x"),
        "HTTP/0.9": Answer(raw=b"{}"),
        "SSH": Answer(raw=b"SSH-2.0-x\r\n"),
        "a Content-Length too long": ways.truncated(b"{}"),
        "a hang-up": ways.hang_up(),
        "a reset": ways.reset(),
        "random octets": document(bytes(range(256))),
        "a key set": document({"keys": [jwk("p256-1")]}),
        "an OAuth error": document({"error": "server_error"}, status=400),
    }.items()
] + [
    meta(f"status {status} with a good body is 503", UNAVAILABLE, lambda w, status=status: document(w.metadata(), status=status))
    for status in (201, 203, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 406, 410, 429, 500, 502, 503, 504)
] + [
    meta(f"a redirect {status} to a stranger is 503", UNAVAILABLE,
         lambda w, status=status: Answer(status, b"", (("Location", w.tripwire + PLACE),)))
    for status in (301, 302, 303, 307, 308)
] + [
    meta("a redirect to itself is 503", UNAVAILABLE, lambda w: Answer(302, b"", (("Location", w.root + PLACE),))),
    meta("Refresh and Link headers to a stranger are not followed", LET_IN, lambda w: document(
        w.metadata(), refresh=f"0; url={w.tripwire}", link=f"<{w.tripwire}>; rel=preload", location=w.tripwire), at_most=2),
    members("every endpoint but jwks_uri at a stranger's is not asked", LET_IN,
            introspection_endpoint=lambda w: w.tripwire + "/i", token_endpoint=lambda w: w.tripwire + "/t",
            authorization_endpoint=lambda w: w.tripwire, registration_endpoint=lambda w: w.tripwire,
            op_policy_uri=lambda w: w.tripwire, signed_metadata=lambda w: w.tripwire),
    meta("of escaped quotes, 24 kB, is 503 at once", UNAVAILABLE,
         document(b'{"a":' + b"[" * 40 + b'"' + b'\\"' * 12_000), within=1.0, where=("guard",)),
    meta("with a Cache-Control of 8000 letters is let in at once", LET_IN,
         lambda w: document(w.metadata(), cache_control="a" * 8000 + "!"), within=1.0, where=("guard",)),
    meta("with Expires beyond all time zones is let in", LET_IN, lambda w: document(
        w.metadata(), expires="Thu, 01 Jan 2026 00:00:00 +99999999999999999999", date="Thu, 01 Jan 2026 00:00:00 GMT")),
]  # fmt: skip

HANGING = [
    meta(f"{name} is 503 within the policy's half second", UNAVAILABLE, answer, slow=True, within=2.5,
         issuer={"upstream": QUICK})
    for name, answer in {
        "no answer": ways.silence(),
        "half a head": ways.then_silence(b"HTTP/1.1 200 OK\r\n"),
        "half a body": ways.then_silence(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        "an octet now and then": ways.drip(b"HTTP/1.1 200 OK\r\n" * 20, 0.04),
        "chunks for ever": ways.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        "headers for ever": ways.endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    }.items()
] + [
    meta("no answer is 503 within five seconds by default", UNAVAILABLE, ways.silence(), slow=True,
         where=("guard", "uvicorn_httptools", "waitress")),
    one("metadata: metadata and key set that each take their time are 503 within the whole", lambda w: bearer(w.jwt()),
        UNAVAILABLE, slow=True, within=2.0, setting=Setting(
            act=lambda w: w.publish(metadata=Answer(200, json.dumps(w.metadata()).encode(), delay=0.35),
                                    jwks=Answer(200, b"{}", delay=0.35)), issuer={"upstream": QUICK}, fresh=True)),
]  # fmt: skip


ROWS = rows(
    "discovery", GOOD, OTHER_ISSUERS, BAD_URIS, ODD_HOSTS, BAD, HANGING,
)  # fmt: skip
