"""How a claims set is written: strict JSON, at no more cost than its length."""

from __future__ import annotations

import json
from typing import Any

from conformance.rows import Row, Step, bearer, one, rows
from conformance.table.claims import AT, UNREADABLE
from conformance.verdicts import INVALID, LET_IN, Verdict
from conformance.world import Setting


def payload(sentence: str, make: Any, verdict: Verdict) -> Row:
    return one(sentence, lambda world: bearer(world.jwt(
        make(world.claims()) if callable(make) else make)), verdict, at_most=1)  # fmt: skip


def dumped(claims: dict[str, Any], **how: Any) -> bytes:
    return json.dumps(claims, **how).encode()


TEXTS = [
    payload(f"a payload {name} is let in", make, LET_IN)
    for name, make in {
        "indented": lambda c: dumped(c, indent=4),
        "without spaces": lambda c: dumped(c, separators=(",", ":")),
        "sorted": lambda c: dumped(c, sort_keys=True),
        "led and followed by white space": lambda c: b" \r\n\t" + dumped(c) + b"\n\t ",
        "with Windows line breaks": lambda c: dumped(c, indent=1).replace(b"\n", b"\r\n"),
        "in UTF-8 without escapes": lambda c: json.dumps({**c, "n": "Müller 😀"}, ensure_ascii=False).encode(),
        "with every character escaped": lambda c: dumped(c).replace(b"exp", b"\\u0065\\u0078\\u0070"),
        "with escaped slashes": lambda c: dumped(c).replace(b"/", b"\\/"),
        "with the longest depth that is taken": lambda c: dumped(c)[:-1] + b',"x":' + b"[" * 30 + b"]" * 30 + b"}",
        "with many flat lists": lambda c: dumped({**c, "a": [[1]] * 500}),
        "with brackets inside of strings": lambda c: dumped({**c, "a": "[" * 500 + "{" * 500}),
        "with quotes and backslashes in strings": lambda c: dumped({**c, "a": '"\\' * 500, "b": ["x"] * 50}),
    }.items()
] + [
    payload(f"a payload {name} is refused", make, UNREADABLE)
    for name, make in {
        "that is empty": b"",
        "that is an array": lambda c: b"[" + dumped(c) + b"]",
        "that is an empty array": b"[]",
        "that is a string": b'"x"',
        "that is a string of JSON": lambda c: json.dumps(dumped(c).decode()).encode(),
        "that is a number": b"42",
        "that is null": b"null",
        "that is true": b"true",
        "that is no JSON": b"\x00\x01\x02",
        "that is XML": b"<claims/>",
        "that is form data": b"iss=x&aud=y",
        "cut short": lambda c: dumped(c)[:-1],
        "cut shorter": lambda c: dumped(c)[:20],
        "followed by an object": lambda c: dumped(c) + b"{}",
        "followed by a NUL": lambda c: dumped(c) + b"\x00",
        "with a trailing comma": lambda c: dumped(c)[:-1] + b",}",
        "with exp twice": lambda c: dumped(c)[:-1] + b',"exp":9999999999}',
        "with exp twice, the same": lambda c: dumped(c)[:-1] + b',"exp":%d}' % (AT + 300),
        "with iss twice": lambda c: b'{"iss":"https://x.example",' + dumped(c)[1:],
        "with aud twice": lambda c: dumped(c)[:-1] + b',"aud":"https://api.example.com"}',
        "with scope twice": lambda c: dumped(c)[:-1] + b',"scope":"admin"}',
        "with cnf twice": lambda c: dumped(c)[:-1] + b',"x":{"a":1,"a":2}}',
        "with an escaped second aud": lambda c: dumped(c)[:-1] + b',"\\u0061ud":"x"}',
        "with an unknown claim twice": lambda c: dumped(c)[:-1] + b',"x":1,"x":1}',
        "led by a byte order mark": lambda c: b"\xef\xbb\xbf" + dumped(c),
        "in UTF-16": lambda c: dumped(c).decode().encode("utf-16"),
        "in UTF-16 without mark": lambda c: dumped(c).decode().encode("utf-16-be"),
        "in UTF-32": lambda c: dumped(c).decode().encode("utf-32-le"),
        "in latin-1": lambda c: json.dumps({**c, "n": "Müller"}, ensure_ascii=False).encode("latin-1"),
        "with an overlong slash": lambda c: dumped(c)[:-1] + b',"x":"\xc0\xaf"}',
        "with half a surrogate pair": lambda c: dumped(c)[:-1] + b',"x":"\\ud83d"}',
        "with a surrogate in UTF-8": lambda c: dumped(c)[:-1] + b',"x":"\xed\xa0\xbd"}',
        "with half a pair as sub": lambda c: dumped({**c, "sub": "\ud800"}),
        "with a raw control character": lambda c: dumped(c)[:-1] + b',"x":"\x07"}',
        "with NaN": lambda c: dumped({**c, "x": float("nan")}),
        "with Infinity": lambda c: dumped({**c, "x": float("inf")}),
        "nested 33 deep": lambda c: dumped(c)[:-1] + b',"x":' + b"[" * 33 + b"]" * 33 + b"}",
        "nested 3000 deep": lambda c: dumped(c)[:-1] + b',"x":' + b"[" * 3000 + b"]" * 3000 + b"}",
        "of 5000 open brackets": b"[" * 5000,
        "of 2000 open objects": b'{"a":' * 2000,
        "with single quotes": b"{'iss': 'x'}",
        "with a comment": lambda c: dumped(c)[:-1] + b"/* */}",
        "compressed": lambda c: __import__("zlib").compress(dumped(c)),
    }.items()
]  # fmt: skip


def hostile(length: int) -> bytes:
    """Brackets beyond the depth, and a string that never ends, of escaped quotes."""
    return b'{"a":' + b"[" * 40 + b'"' + b'\\"' * length


COSTLY = [
    one("a payload of escaped quotes costs no more than its length (16 KiB token)",
        lambda world: bearer(world.jwt(hostile(5900))), INVALID, within=0.25, at_most=0),
    one("a header of escaped quotes costs no more than its length (16 KiB token)",
        lambda world: bearer(world.jwt(None, hostile(5800))), INVALID, within=0.25, at_most=0),
    Row("a payload of escaped quotes costs no more than its length where tokens may be long",
        (Step(lambda world: bearer(world.jwt(hostile(12_000))), INVALID),),
        Setting(guard={"max_token_size": 65_536}), ("guard",), within=0.5),
]  # fmt: skip


ROWS = rows("claims", TEXTS, COSTLY)
