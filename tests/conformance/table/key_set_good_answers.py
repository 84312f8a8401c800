"""What a key set may be wrapped in and must still be let in (RFC 9110, RFC 9111)."""

from __future__ import annotations

import json

from conformance.rows import rows
from conformance.table.key_sets import _TEXT, GOOD, body
from conformance.verdicts import LET_IN
from faults import ways
from faults.answers import Answer, document

GOOD_ANSWERS = [
    body(f"{name} is let in", LET_IN, answer)
    for name, answer in {
        "plain": document({"keys": GOOD}),
        "application/jwk-set+json": document({"keys": GOOD}, content_type="application/jwk-set+json"),
        "with a charset": document({"keys": GOOD}, content_type="application/json; charset=utf-8"),
        "text/plain": document({"keys": GOOD}, content_type="text/plain"),
        "application/octet-stream": document({"keys": GOOD}, content_type="application/octet-stream"),
        "without a content type": document({"keys": GOOD}, content_type=""),
        "indented": document(json.dumps({"keys": GOOD}, indent=4).encode()),
        "with white space around": document(b"\r\n\t " + _TEXT + b" \n"),
        "with unknown members": document({"keys": GOOD, "version": 1, "x": {"y": []}}),
        "with keys last": document({"a": 1, "b": None, "keys": GOOD}),
        "with escapes": document(_TEXT.replace(b"keys", b"\\u006beys")),
        "with an ETag": document({"keys": GOOD}, etag='"abc"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT"),
        "of half a megabyte": document({"keys": GOOD, "pad": "x" * 500_000}),
        "of just under a mebibyte": document({"keys": GOOD, "pad": "x" * (1_048_576 - len(_TEXT) - 12)}),
        "gzipped unasked": ways.encoded(_TEXT, "gzip"),
        "x-gzipped unasked": ways.encoded(_TEXT, "x-gzip"),
        "deflated unasked": ways.encoded(_TEXT, "deflate"),
        "with Content-Encoding identity": ways.encoded(b"", "identity", packed=_TEXT),
        "gzipped, in upper case": ways.encoded(_TEXT, "GZIP"),
        "chunked": ways.chunked(_TEXT[:10], _TEXT[10:50], _TEXT[50:]),
        "chunked octet by octet": ways.chunked(*(bytes([octet]) for octet in _TEXT)),
        "chunked with extensions": Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(_TEXT), _TEXT)),
        "chunked with trailers": ways.chunked(_TEXT, end=b"0\r\nX-Trailer: y\r\n\r\n"),
        "until the connection closes": Answer(raw=b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + _TEXT),
        "by HTTP/1.0": Answer(raw=b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + _TEXT),
        "after 100 Continue": Answer(raw=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT)),
        "after 103 Early Hints": Answer(raw=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT)),
        "with bare line feeds": Answer(raw=b"HTTP/1.1 200 OK\nContent-Length: %d\n\n%s" % (len(_TEXT), _TEXT)),
        "without a reason phrase": Answer(raw=b"HTTP/1.1 200 \r\nContent-Length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT)),
        "with a reason in latin-1": Answer(raw=b"HTTP/1.1 200 Sch\xf6n\r\nContent-Length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT)),
        "with sixty header fields": document({"keys": GOOD}, **{f"x_{n}": "y" for n in range(60)}),
        "with cookies": document({"keys": GOOD}, set_cookie="a=b; Secure"),
        "with a header in latin-1": Answer(raw=b"HTTP/1.1 200 OK\r\nX-Ort: K\xf6ln\r\nContent-Length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT)),
        "followed by junk on the connection": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%sJUNK" % (len(_TEXT), _TEXT)),
    }.items()
]  # fmt: skip
GOOD_ANSWERS += [
    body(f"Cache-Control {value!r} is let in", LET_IN, document({"keys": GOOD}, cache_control=value))
    for value in (
        "no-store", "no-cache", "max-age=0", "max-age=600", "public, max-age=3600, must-revalidate", "max-age=-1",
        "max-age=x", "max-age=", "max-age", 'max-age="600"', "max-age=99999999999999999999", "s-maxage=1", ",,,",
        "=", "max-age=1.5", 'private="x, y", max-age=5', "MAX-AGE=60", "no-store, max-age=600", '"', 'a="', "\\",
        "max-age=600 max-age=5", "max-age=1e9", "max-age=\u00b2",
    )
] + [
    body(f"{name} {value!r} is let in", LET_IN, document({"keys": GOOD}, **{name: value}))
    for name, value in (
        ("expires", "0"), ("expires", "-1"), ("expires", "Thu, 01 Jan 2099 00:00:00 GMT"), ("expires", "x"),
        ("age", "x"), ("age", "-5"), ("age", "99999999999999999999"), ("age", "1, 2"), ("etag", "x"), ("etag", '""'),
        ("etag", 'W/"x"'), ("vary", "*"), ("content_language", "de"), ("etag", "\xe4"), ("pragma", "no-cache"),
    )
] + [
    body(f"Expires {expires!r} with a Date is let in", LET_IN,
         document({"keys": GOOD}, expires=expires, date="Thu, 01 Jan 2026 00:00:00 GMT"))
    for expires in (
        "Thu, 01 Jan 2026 01:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "0", "", "Thu, 99 Foo 2026 25:61:61 GMT",
        "Thu, 01 Jan 99999 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 +9999", "Thursday, 01-Jan-26 00:00:00 GMT",
        "Thu, 01 Jan 2026 00:00:00 +99999999999999999999", "Thu, 01 Jan 2026 00:00:00 -0000", "Thu Jan  1 00:00:00 2026",
        "Thu, 01 Jan 2026 00:00:00 -99999999999", "Thu, 01 Jan 0000 00:00:00 GMT", "1 2 3 4 5 6 7 8",
        "Thu, 01 Jan 2026 " + "9" * 5000 + ":00:00 GMT",
    ) if expires
] + [
    body(f"Date {date!r} with an Expires is let in", LET_IN,
         document({"keys": GOOD}, date=date, expires="Thu, 01 Jan 2026 01:00:00 GMT"))
    for date in ("x", "0", "Thu, 01 Jan 2026 00:00:00 +99999999999999999999", "Thu, 01 Jan 9999 00:00:00 -9999")
]  # fmt: skip

GOOD_ANSWERS += [
    body(f"a Cache-Control of 8000 {name} is read at once", LET_IN, document({"keys": GOOD}, cache_control=value),
         within=1.0, where=("guard",))
    for name, value in (("letters", "a" * 8000 + "!"), ("spaces", "x" + " " * 8000 + "!"), ("commas", "," * 8000),
                        ("hyphens", "-" * 8000 + "="), ("quotes", '"' * 8000), ("words", "a " * 4000))
]  # fmt: skip


ROWS = rows("key set", GOOD_ANSWERS)
