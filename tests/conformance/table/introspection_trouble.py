"""Introspection that answers nothing of use, or nothing at all (RFC 7662 section 2.3)."""

from __future__ import annotations

from bearer_guard import UpstreamPolicy
from conformance.rows import rows
from conformance.table.introspection_answers import raw, said
from conformance.tokens import b64
from conformance.verdicts import (
    UNAVAILABLE,
)  # fmt: skip
from conformance.world import Setting
from faults import ways
from faults.answers import Answer, document

QUICK = UpstreamPolicy(timeout=0.5, connect_timeout=0.4)

USELESS = [
    said(f"status {status} is trouble of ours", UNAVAILABLE, lambda w, status=status: document(w.active(), status=status), at_most=2)
    for status in (201, 202, 203, 206, 300, 302, 304, 400, 401, 402, 403, 404, 405, 410, 415, 418, 429, 500, 501, 502, 503, 504, 599)
] + [
    said(f"400 {error} is trouble of ours", UNAVAILABLE, document({"error": error}, status=400))
    for error in ("invalid_request", "invalid_client", "invalid_token", "unauthorized_client", "server_error", "", None, 1, [])
] + [
    said("401 with active true is trouble of ours", UNAVAILABLE, lambda w: document(w.active(), status=401)),
    said("401 unsupported_token_type is trouble of ours", UNAVAILABLE, document({"error": "unsupported_token_type"}, status=401)),
    said("400 of no JSON is trouble of ours", UNAVAILABLE, document(b"x", status=400)),
    said("204 is trouble of ours", UNAVAILABLE, Answer(204, b"", ())),
    said("a redirect to a stranger is not followed", UNAVAILABLE, lambda w: Answer(302, b"", (("Location", w.tripwire),))),
    said("a redirect 307 to a stranger is not followed", UNAVAILABLE, lambda w: Answer(307, b"", (("Location", w.tripwire),))),
    said("a redirect 308 to itself is not followed", UNAVAILABLE, lambda w: Answer(308, b"", (("Location", w.root + "/introspect"),))),
] + [
    raw(f"an answer {name} is trouble of ours", UNAVAILABLE, make)
    for name, make in {
        "that is empty": lambda text: b"",
        "cut short": lambda text: text[:-1],
        "with more behind": lambda text: text + b"{}",
        "in a list": lambda text: b"[" + text + b"]",
        "that is true": lambda text: b"true",
        "that is null": lambda text: b"null",
        "that is a string": lambda text: b'"active"',
        "of HTML": lambda text: b"<html>",
        "with active twice": lambda text: b'{"active":false,' + text[1:],
        "with active twice, the other way": lambda text: text[:-1] + b',"active":false}',
        "with aud twice": lambda text: text[:-1] + b',"aud":"x"}',
        "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
        "in UTF-16": lambda text: text.decode().encode("utf-16"),
        "in latin-1": lambda text: text[:-1] + b',"n":"\xe4"}',
        "with NaN": lambda text: text[:-1] + b',"n":NaN}',
        "with Infinity as exp": lambda text: text[:-1].replace(b'"exp": 1800000300', b'"exp": Infinity') + b"}",
        "with 1e999": lambda text: text[:-1] + b',"n":1e999}',
        "with half a surrogate": lambda text: text[:-1] + b',"n":"\\ud800"}',
        "with 5000 digits": lambda text: text[:-1] + b',"n":' + b"1" * 5000 + b"}",
        "nested 100 deep": lambda text: text[:-1] + b',"n":' + b"[" * 100 + b"]" * 100 + b"}",
        "nested 100,000 deep": lambda text: b"[" * 100_000,
        "beyond a mebibyte": lambda text: text[:-1] + b',"n":"' + b"x" * 1_048_576 + b'"}',
        "that is a JWT": lambda text: b"eyJhbGciOiJub25lIn0." + b64(text).encode() + b".",
        "that is a form": lambda text: b"active=true&scope=x",
    }.items()
] + [
    raw(f"an answer of type {kind} is trouble of ours", UNAVAILABLE, lambda text: text, content_type=kind)
    for kind in ("text/html", "text/plain", "application/jwt", "application/token-introspection+jwt", "application/xml",
                 "application/octet-stream", "image/png", "application/jsonx", "multipart/form-data", ";", "json")
] + [
    said(f"{name} is trouble of ours", UNAVAILABLE, answer, at_most=2)
    for name, answer in {
        "a reset": ways.reset(), "a hang-up": ways.hang_up(), "HTTP/0.9": Answer(raw=b'{"active":true}'),
        "a gzip bomb": ways.bomb(50), "gzip that is none": ways.encoded(b"", "gzip", packed=b"x"),
        "brotli": ways.encoded(b"", "br", packed=b"x"), "a Content-Length too long": ways.truncated(b'{"active":true}'),
        "a Content-Length too short": Answer(raw=b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{"active":true}'),
        "SSH": Answer(raw=b"SSH-2.0-x\r\n"), "two Content-Lengths": Answer(
            raw=b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 15\r\n\r\n{"active":true}'),
        "50 MB": document(b'{"active":true,"pad":"' + b"x" * 50_000_000),
        "random octets": document(bytes(range(256))),
    }.items()
] + [
    said("escaped quotes, 24 kB, are trouble of ours at once", UNAVAILABLE,
         document(b'{"active":' + b"[" * 40 + b'"' + b'\\"' * 12_000), within=1.0, where=("guard",)),
]  # fmt: skip

IMPATIENT = Setting(introspection={}, issuer={"upstream": QUICK})
HANGING = [
    said(f"{name} is 503 within the policy's half second", UNAVAILABLE, answer, setting=IMPATIENT, slow=True, within=2.5)
    for name, answer in {
        "no answer": ways.silence(),
        "half a head": ways.then_silence(b"HTTP/1.1 200 OK\r\n"),
        "half a body": ways.then_silence(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        "an octet now and then": ways.drip(b"HTTP/1.1 200 OK\r\n" * 20, 0.04),
        "chunks for ever": ways.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    }.items()
] + [
    said("no answer is 503 within five seconds by default", UNAVAILABLE, ways.silence(), slow=True,
         where=("guard", "guard_async", "uvicorn_h11", "gunicorn")),
    said("an octet now and then is 503 within five seconds by default", UNAVAILABLE,
         ways.drip(b"HTTP/1.1 200 OK\r\n" * 20, 0.1), slow=True, where=("uvicorn_httptools", "waitress")),
]  # fmt: skip


ROWS = rows("introspection", USELESS, HANGING)
