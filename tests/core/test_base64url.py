"""base64url in one spelling (RFC 7515 section 2, RFC 4648 sections 3.5 and 5)."""

from __future__ import annotations

import base64
import string

import pytest

from bearer_guard._core import base64url

ALPHABET = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_").encode()


def decode(segment: bytes) -> bytes:
    return base64url.decode(segment.translate(base64url.TO_BASE64))


def is_refused(segment: bytes) -> bool:
    try:
        decode(segment)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("length", range(70))
def test_what_was_encoded_is_decoded_whatever_its_length(length: int) -> None:
    octets = bytes(range(255, 255 - length, -1))
    assert decode(base64.urlsafe_b64encode(octets).rstrip(b"=")) == octets


def test_each_one_and_two_octet_string_has_exactly_one_spelling() -> None:
    """J15-12, RFC 4648 section 3.5: non-zero trailing bits would make several."""
    two = [bytes((a, b)) for a in ALPHABET for b in ALPHABET]
    good = [segment for segment in two if not is_refused(segment)]
    assert len(good) == 256
    assert len({decode(segment) for segment in good}) == 256
    three = [b"AB" + bytes((last,)) for last in ALPHABET]
    assert sum(not is_refused(segment) for segment in three) == 16


@pytest.mark.parametrize("length", [1, 5, 9, 257])
def test_a_length_that_no_octets_have_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="canonical"):
        decode(b"A" * length)


@pytest.mark.parametrize(
    "segment",
    [
        b"QQ==",
        b"QUI=",
        b"QUJD=",
        b"=",
        b"====",
        b"QUJDQQ==",
        b"+w8A",
        b"-w/A",
        b"QUJ\n",
        b"QUJD\n",
        b"\nQUJD",
        b"QU JD",
        b" ",
        b"QUJ!",
        b"QU\x00D",
        b"QUJ\xc3",
        "QUJÄ".encode(),
        b"Q.JD",
    ],
)
def test_padding_white_space_and_other_alphabets_are_refused(segment: bytes) -> None:
    """J15-01, RFC 7515 section 2: no padding, no line breaks, no other characters."""
    assert is_refused(segment)


def test_the_empty_string_is_spelt_by_nothing() -> None:
    assert decode(b"") == b""


def test_every_octet_outside_the_alphabet_is_refused_at_every_place() -> None:
    for octet in set(range(256)) - set(ALPHABET):
        odd = bytes((octet,))
        assert is_refused(odd + b"UJD")
        assert is_refused(b"QUJ" + odd)
        assert is_refused(b"QUJDQ" + odd)
        assert is_refused(b"QUJDQU" + odd)


def test_dots_stay_where_they_are() -> None:
    assert b"a-_.b+/=.".translate(base64url.TO_BASE64) == b"a+/.b!!!."
