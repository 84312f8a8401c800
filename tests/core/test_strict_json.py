"""JSON read strictly (RFC 8259, RFC 7515 section 4, RFC 7519 section 4, RFC 8725 section 3.7)."""

from __future__ import annotations

import codecs
import itertools
import time
import tracemalloc
from typing import Any

import pytest

from bearer_guard._core import strict_json
from bearer_guard._core.strict_json import MAX_DEPTH, Members, read_document, read_object

BOTH = pytest.mark.parametrize("read", [read_object, read_document])


def nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_an_object_comes_with_its_own_text() -> None:
    text = ' \t\r\n{"a": [1, 2.5, "é\\n", true, null, {}]}\n '
    members, own = read_object(text.encode())
    assert members == {"a": [1, 2.5, "é\n", True, None, {}]}
    assert own == text


@BOTH
@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b" \n",
        b"[]",
        b'"x"',
        b"1",
        b"true",
        b"null",
        b"{",
        b'{"a":1',
        b'{"a":1,}',
        b'{"a" 1}',
        b"{'a':1}",
        b"{a:1}",
        b'{"a":1} {}',
        b'{"a":1}x',
        b'x{"a":1}',
        b'{"a":1}//',
        b'{"a":1}\x00',
        b'\x0b{"a":1}',
        b'{"a":1}\x0c',
        '\u2003{"a":1}'.encode(),
        '{"a":1}\xa0'.encode(),
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":0x1}',
        b'{"a":"\n"}',
        b'{"a":"\x00"}',
        b'{"a":"\\x41"}',
        b'{"a":"\\u12"}',
    ],
)
def test_what_is_not_one_object_of_json_is_refused(read: Any, octets: bytes) -> None:
    """J19-10, RFC 7519 section 7.2: a claims set is a JSON object, and RFC 8259 says what is."""
    with pytest.raises(ValueError):
        read(octets)


@BOTH
@pytest.mark.parametrize(
    "octets",
    [
        codecs.BOM_UTF8 + b"{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-16-le"),
        '{"a":1}'.encode("utf-16-be"),
        "{}".encode("utf-32"),
        b'{"a":"\xe9"}',
        b'{"a":"\xc0\xaf"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"\xff":1}',
    ],
)
def test_only_utf_8_without_a_byte_order_mark_is_read(read: Any, octets: bytes) -> None:
    """BCP-07, RFC 8725 section 3.7. Python's own ``json.loads`` takes most of these."""
    with pytest.raises(ValueError):
        read(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"b":2,"a":3}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":[[{"b":1,"b":2}]]}',
    ],
)
def test_a_member_that_stands_twice_is_refused_at_every_depth(octets: bytes) -> None:
    """J15-02, J19-01: RFC 7515 section 4 and RFC 7519 section 4 let a reader refuse."""
    with pytest.raises(ValueError, match="twice"):
        read_object(octets)


@BOTH
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 5000])
def test_numbers_are_finite_and_of_a_length_that_can_be_read(read: Any, number: str) -> None:
    """J19-06: none of them is a number to every reader."""
    with pytest.raises(ValueError):
        read(f'{{"exp":{number}}}'.encode())


def test_large_and_small_finite_numbers_are_read_as_they_are() -> None:
    members, _ = read_object(b'{"a":1e308,"b":-0,"c":5e-324,"d":123456789012345678901234567890}')
    assert members == {"a": 1e308, "b": 0, "c": 5e-324, "d": 123456789012345678901234567890}


@pytest.mark.parametrize(
    "octets",
    [
        b'{"a":"\\ud800"}',
        b'{"a":"\\uDFFF"}',
        b'{"a":"x\\udc00\\ud800"}',
        b'{"a":[{"b":"\\ud83d"}]}',
        b'{"\\ud800":1}',
        b'{"a":"\\\\\\ud800"}',
    ],
)
def test_half_a_character_is_refused_wherever_it_stands(octets: bytes) -> None:
    """J19-10: it passes Python's reader, and breaks whoever encodes the string later."""
    with pytest.raises(ValueError):
        read_object(octets)


def test_whole_characters_and_what_only_looks_like_half_of_one_are_read() -> None:
    members, _ = read_object(b'{"a":"\\ud83d\\ude00","b":"\\\\ud800","c":"\\u00e9"}')
    assert members == {"a": "😀", "b": "\\ud800", "c": "é"}


@BOTH
def test_depth_is_bounded(read: Any) -> None:
    read(nested(MAX_DEPTH))
    with pytest.raises(ValueError, match="deep"):
        read(nested(MAX_DEPTH + 1))
    with pytest.raises(ValueError, match="deep"):
        read(b'{"a":' * 100_000)


@BOTH
def test_what_is_as_deep_as_allowed_is_read_however_wide_it_is(read: Any) -> None:
    deepest = nested(MAX_DEPTH - 1)
    read(b'{"a":' + deepest + b',"b":[' + b",".join([b"{}"] * 1000) + b"]}")
    with pytest.raises(ValueError, match="deep"):
        read(b'{"a":' + nested(MAX_DEPTH) + b',"b":[' + b",".join([b"{}"] * 1000) + b"]}")


@BOTH
def test_breadth_and_brackets_within_strings_are_not_depth(read: Any) -> None:
    wide = b'{"a":[' + b",".join([b"{}"] * 1000) + b'],"b":"' + b'[{\\"' * 1000 + b'"}'
    read(wide)


@BOTH
@pytest.mark.parametrize("odd", ['\\"', '"', "\\", '\\\\"', "a"])
def test_the_depth_of_a_broken_document_is_found_in_linear_time(read: Any, odd: str) -> None:
    """HTTP-14: 12 KB fit into a token that anybody can send, and nobody has signed."""
    octets = ('{"a":' + "[" * (MAX_DEPTH + 1) + '"' + odd * (12_000 // len(odd))).encode()
    before = time.thread_time()
    with pytest.raises(ValueError):
        read(octets)
    assert time.thread_time() - before < 0.1


@BOTH
@pytest.mark.parametrize("text", ["a", "é", "[", '\\"', "\\\\", "a\\n", '"", "b": "'])
@pytest.mark.parametrize("end", ['"', "", "\\"])
def test_the_depth_of_a_large_document_is_found_in_little_memory(
    read: Any, text: str, end: str
) -> None:
    """A mebibyte is what an issuer may send us. More than it was read as is not needed."""
    octets = ('{"b": "' + text * (2**20 // len(text)) + end).encode()
    deep = b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"," + octets
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):
            read(deep)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(deep)


def is_deep(text: str) -> bool:
    """By a reader that looks at one character after the other."""
    depth, within, escaped = 0, False, False
    for character in text:
        if within and not escaped and character == "\\":
            escaped = True
            continue
        if character == '"' and not escaped:
            within = not within
        elif not within:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0)
        escaped = False
        if depth > MAX_DEPTH:
            return True
    return False


def test_strings_are_told_from_brackets_in_any_text() -> None:
    for length in range(7):
        for characters in itertools.product('"\\[]a', repeat=length):
            text = "[" * (MAX_DEPTH - 1) + "".join(characters)
            try:
                strict_json._check_depth(text)
            except ValueError:
                assert is_deep(text), text
            else:
                assert not is_deep(text), text


def test_a_doubled_member_spoils_one_entry_of_a_document_and_not_the_others() -> None:
    """J17-01, J17-07: one bad apple leaves the basket good."""
    document = read_document(b'{"keys":[{"n":"1","n":"2"},{"n":"3"}]}')
    first, second = document["keys"]
    assert type(first) is Members
    assert type(second) is dict


def test_a_doubled_member_of_the_document_itself_spoils_it_all() -> None:
    with pytest.raises(ValueError, match="one JSON object"):
        read_document(b'{"keys":[],"keys":[]}')


def test_the_reader_keeps_no_memory_of_what_it_read() -> None:
    """A decoder is shared by all threads: what one document says must not be in the next."""
    assert strict_json.read_object(b'{"a":{"b":1}}') == ({"a": {"b": 1}}, '{"a":{"b":1}}')
    assert strict_json.read_object(b'{"c":2}') == ({"c": 2}, '{"c":2}')
