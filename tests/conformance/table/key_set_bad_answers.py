"""What may come in place of a key set: 503, and never a redirect followed."""

from __future__ import annotations

import gzip
import json

from conformance.rows import rows
from conformance.table.key_sets import _TEXT, GOOD, R, body
from conformance.verdicts import UNAVAILABLE
from faults import ways
from faults.answers import Answer, document

BAD_ANSWERS = [
    body(f"{name} is 503", UNAVAILABLE, answer)
    for name, answer in {
        "an empty body": document(b""),
        "an empty object": document({}),
        "no keys member": document({"key": GOOD}),
        "Keys in upper case": document({"Keys": GOOD}),
        "keys null": document({"keys": None}),
        "keys an object": document({"keys": {"p256-1": GOOD[0]}}),
        "keys a string": document({"keys": "x"}),
        "keys a number": document({"keys": 1}),
        "keys true": document({"keys": True}),
        "keys empty": document({"keys": []}),
        "keys of nothing usable": document({"keys": [{}, None, 1, "x", []]}),
        "a bare list": document(GOOD),
        "a single JWK": document(GOOD[0]),
        "null": document(b"null"),
        "a number": document(b"1"),
        "a string": document(b'"keys"'),
        "true": document(b"true"),
        "HTML": document(b"<html><body>Login</body></html>", content_type="text/html"),
        "a PEM": document(b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"),
        "XML": document(b"<?xml version='1.0'?><keys/>", content_type="application/xml"),
        "JavaScript": document(b"callback(" + _TEXT + b")"),
        "a JWS": document(b"eyJhbGciOiJub25lIn0.e30."),
        "cut short": document(_TEXT[:-1]),
        "cut in the middle": document(_TEXT[:40]),
        "followed by more": document(_TEXT + b"{}"),
        "a NUL behind": document(_TEXT + b"\0"),
        "a byte order mark": document(b"\xef\xbb\xbf" + _TEXT),
        "UTF-16": document(_TEXT.decode().encode("utf-16")),
        "UTF-32": document(_TEXT.decode().encode("utf-32")),
        "latin-1": document(b'{"a":"\xe4",' + _TEXT[1:]),
        "NaN inside": document(b'{"a":NaN,' + _TEXT[1:]),
        "a number beyond all": document(b'{"a":1e999,' + _TEXT[1:]),
        "5000 digits": document(b'{"a":' + b"1" * 5000 + b"," + _TEXT[1:]),
        "a trailing comma": document(_TEXT[:-1] + b",}"),
        "nested 100 deep": document(b'{"a":' + b"[" * 100 + b"]" * 100 + b"," + _TEXT[1:]),
        "nested 100,000 deep": document(b"[" * 100_000),
        "objects 50,000 deep": document(b'{"keys":' * 50_000),
        "random octets": document(bytes(range(256)) * 4),
        "a mebibyte and one octet": document({"keys": GOOD, "pad": "x" * 1_048_576}),
        "50 MB": document(b'{"pad":"' + b"x" * 50_000_000),
        "a gzip bomb": ways.bomb(50),
        "a deflate bomb": ways.bomb(50, "deflate"),
        "a gzip bomb of 1 GB": ways.bomb(1000),
        "gzip cut short": ways.encoded(b"", "gzip", packed=gzip.compress(_TEXT)[:-9]),
        "gzip that is none": ways.encoded(b"", "gzip", packed=_TEXT),
        "deflate that is none": ways.encoded(b"", "deflate", packed=_TEXT),
        "brotli": ways.encoded(b"", "br", packed=b"\x0b\x02\x80abc\x03"),
        "zstd": ways.encoded(b"", "zstd", packed=b"\x28\xb5\x2f\xfd"),
        "an encoding of nobody": ways.encoded(b"", "x-secret", packed=_TEXT),
        "gzip twice": ways.encoded(b"", "gzip, gzip", packed=gzip.compress(gzip.compress(_TEXT))),
        "a Content-Length too long": ways.truncated(_TEXT),
        "a Content-Length too short": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + _TEXT),
        "a Content-Length of nothing": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        "a negative Content-Length": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + _TEXT),
        "a Content-Length that is no number": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n" + _TEXT),
        "two Content-Lengths": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + _TEXT),
        "a Content-Length beyond all": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n" + _TEXT),
        "chunks that are no numbers": ways.chunked(end=b"xyz\r\n"),
        "chunks without end": ways.chunked(_TEXT, end=b""),
        "a chunk shorter than it says": Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + _TEXT),
        "a chunk size beyond all": Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n" + _TEXT),
        "an unknown Transfer-Encoding": Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n" + _TEXT),
        "HTTP/0.9": Answer(raw=_TEXT),
        "HTTP/2 in the clear": Answer(raw=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        "SSH": Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
        "SMTP": Answer(raw=b"220 mail.example.com ESMTP\r\n"),
        "TLS": Answer(raw=b"\x15\x03\x01\x00\x02\x02\x46"),
        "an empty line": Answer(raw=b"\r\n\r\n"),
        "octets of zero": Answer(raw=bytes(5000)),
        "a status line alone": Answer(raw=b"HTTP/1.1 200 OK\r\n"),
        "a status that is no number": Answer(raw=b"HTTP/1.1 abc OK\r\n\r\n"),
        "status 999": Answer(raw=b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"),
        "a header without colon": Answer(raw=b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n" + _TEXT),
        "a header with a NUL": Answer(raw=b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
        "200 header fields of 1 kB": document({"keys": GOOD}, **{f"x_{n}": "y" * 1000 for n in range(200)}),
        "one header field of 300 kB": document({"keys": GOOD}, x_long="y" * 300_000),
        "a hang-up": ways.hang_up(),
        "a reset": ways.reset(),
        "101 Switching Protocols": Answer(raw=b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    }.items()
]  # fmt: skip
BAD_ANSWERS += [
    body(f"status {status} with a good body is 503", UNAVAILABLE, document({"keys": GOOD}, status=status), at_most=4)
    for status in (201, 202, 203, 206, 226, 300, 304, 400, 401, 402, 403, 404, 405, 406, 410, 418, 429, 451, 500, 501,
                   502, 503, 504, 505, 511, 520, 599)
] + [
    body(f"a redirect {status} to {name} is 503 and not followed", UNAVAILABLE,
         lambda world, status=status, there=there: Answer(status, b"", (("Location", there(world)),)))
    for status in (301, 302, 303, 307, 308)
    for name, there in (
        ("a stranger", lambda world: world.tripwire + "/jwks"),
        ("itself", lambda world: world.root + "/jwks"),
        ("a good set", lambda world: world.root + "/introspect"),
        ("a file", lambda world: "file:///etc/passwd"),
    )
    if status == 302 or name == "a stranger"
] + [
    body("status 204 is 503", UNAVAILABLE, Answer(204, b"", ())),
    body("keys twice is 503", UNAVAILABLE,
         document(b'{"keys":' + json.dumps(GOOD).encode() + b',"keys":' + json.dumps([R]).encode() + b"}")),
    body("brackets and a string without end, 24 kB, is 503 at once", UNAVAILABLE,
         document(b'{"keys":' + b"[" * 40 + b'"' + b'\\"' * 12_000), within=1.0, where=("guard",)),
]  # fmt: skip


ROWS = rows("key set", BAD_ANSWERS)
