"""Where the token is in a request (RFC 6750 section 2, RFC 9110 sections 11.1 and 11.4)."""

from __future__ import annotations

import tracemalloc

import pytest

from bearer_guard._core import credentials
from bearer_guard.errors import InvalidRequest, InvalidToken, MissingToken

TOO_MANY = "credentials_repeated"
MALFORMED = "credentials_malformed"


def refusal_of(*values: bytes) -> str:
    """The reason for which these lines are refused, reading and syntax together."""
    with pytest.raises(InvalidRequest) as refused:
        credentials.check_syntax(credentials.from_header(values) or b"")
    return refused.value.reason


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER", b"bEaReR"])
def test_the_scheme_is_read_without_regard_to_case(scheme: bytes) -> None:
    """HTTP-01, RFC 9110 section 11.1."""
    assert credentials.from_header([scheme + b" abc"]) == b"abc"


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer abc",
        b"Bearer  abc",
        b" Bearer abc",
        b"\tBearer abc \t",
        b"Bearer abc ",
        b"bearer   abc  ",
    ],
)
def test_spaces_around_the_credentials_and_several_within_are_no_part_of_the_token(
    value: bytes,
) -> None:
    """HTTP-10, RFC 9110 sections 5.5 and 11.4: 1*SP."""
    assert credentials.from_header([value]) == b"abc"


def test_no_header_is_no_credentials() -> None:
    assert credentials.from_header([]) is None


@pytest.mark.parametrize(
    "value",
    [
        b"Basic YTpi",
        b"basic",
        b"DPoP abc",
        b"Bearerabc",
        b"Bearer-Token abc",
        b"XBearer abc",
        b"Bearer_ abc",
        b'Digest username="a", realm="b", nc=00000001',
        b'Digest realm = "b", qop = auth',
        b'Digest username="Doe, John X", realm="b"',
        b'Digest username="a \\", Bearer b", realm="c"',
        b'Digest username="a, Bearer b',
        b'Digest username="a, Bearer b\\',
        b"Negotiate YTpi==",
        b"",
        b" ",
        b"abc",
        b"\xff",
    ],
)
def test_another_scheme_is_no_credentials_of_ours(value: bytes) -> None:
    """HTTP-09, RFC 9110 section 11.6.1: the answer is a challenge, not an error."""
    assert credentials.from_header([value]) is None


@pytest.mark.parametrize(
    "values",
    [
        (b"Bearer abc", b"Bearer def"),
        (b"Bearer abc", b"Bearer abc"),
        (b"Bearer abc", b"Basic YTpi"),
        (b"Basic YTpi", b"Basic YTpi"),
        (b"Bearer abc", b""),
        (b"", b""),
        (b"Basic YTpi, Bearer abc",),
        (b"Basic YTpi,Bearer abc",),
        (b"Basic YTpi,\t bEARER abc",),
        (b"Basic YTpi, Bearer",),
        (b"Basic YTpi, Bearer,x",),
        (b"Basic YTpi, Negotiate YTpi",),
        (b'Digest realm="b", Bearer abc',),
        (b'Digest realm="a, b", Bearer abc',),
        (b'Digest realm="a\\\\", Bearer abc',),
        (b"Bearer a,b",),
        (b"Bearer a, Bearer b",),
        (b"Bearer a.b.c, Basic YTpi",),
    ],
)
def test_two_sets_of_credentials_are_a_bad_request_and_the_first_is_never_taken(
    values: tuple[bytes, ...],
) -> None:
    """HTTP-02, RFC 9110 sections 5.3 and 11.6.2: ``Authorization`` is no list."""
    assert refusal_of(*values) == TOO_MANY


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer",
        b"Bearer ",
        b"bearer\t",
        b"Bearer\tabc",
        b"Bearer \tabc",
        b"Bearer,abc",
        b"Bearer=abc",
        b'Bearer"abc"',
        b"Bearer a b",
        b"Bearer ab=c",
        b"Bearer =",
        b"Bearer =abc",
        b'Bearer "abc"',
        b"Bearer a\x00b",
        b"Bearer \x00",
        b"Bearer a\r\nb",
        b"Bearer a\n",
        b"Bearer \x7f",
        b"Bearer ab\xe9",
        "Bearer tök".encode(),
        b"Bearer a%20b",
        b'Bearer {"a":1}',
        b"Bearer a:b",
    ],
)
def test_what_follows_the_scheme_is_one_b64token_or_a_bad_request(value: bytes) -> None:
    """B-02, HTTP-10, HTTP-12, BCP-16: RFC 6750 section 2.1."""
    assert refusal_of(value) == MALFORMED


@pytest.mark.parametrize(
    "token", [b"a", b"AZaz09-._~+/", b"abc=", b"abc==========", b"a.b.c", b"." * 5, b"a" * 40_000]
)
def test_every_b64token_has_good_syntax(token: bytes) -> None:
    """B-02: which of them is a token is not for the syntax to say."""
    credentials.check_syntax(token)
    assert credentials.from_header([b"Bearer " + token]) == token


@pytest.mark.parametrize(
    ("encoded", "found"),
    [
        (b"", []),
        (b"a=b", []),
        (b"access_token=abc", [b"abc"]),
        (b"a=b&access_token=abc&c=d", [b"abc"]),
        (b"access_token=a&access_token=b", [b"a", b"b"]),
        (b"access_token=a&access_token=a", [b"a", b"a"]),
        (b"access%5Ftoken=a%2Eb", [b"a.b"]),
        (b"access_token=a+b", [b"a b"]),
        (b"access_token=%e9%00", [b"\xe9\x00"]),
        (b"access_token=", [b""]),
        (b"access_token", [b""]),
        (b"Access_Token=abc&access_token2=abc&xaccess_token=abc", []),
        (b"a=b;access_token=abc", []),
        (b"access_token=%zz%2", [b"%zz%2"]),
    ],
)
def test_every_access_token_among_parameters_is_found(encoded: bytes, found: list[bytes]) -> None:
    """RFC 6750 sections 2.2 and 2.3; all of them, so that two are seen to be two."""
    assert credentials.from_parameters(encoded) == found


def test_parameters_that_are_not_ascii_carry_no_token() -> None:
    """B-04, RFC 6750 section 2.2: the body consists entirely of ASCII characters."""
    assert credentials.from_parameters("access_token=abc&name=ä".encode()) == []


def test_one_token_by_one_method_is_taken() -> None:
    assert credentials.only_one([b"abc"]) == b"abc"


def test_no_token_by_any_method_is_a_missing_token() -> None:
    with pytest.raises(MissingToken) as refused:
        credentials.only_one([])
    assert refused.value.reason == "token_missing"


@pytest.mark.parametrize("found", [(b"a", b"b"), (b"a", b"a"), (b"", b"a")])
def test_two_methods_in_one_request_are_a_bad_request(found: tuple[bytes, ...]) -> None:
    """B-03, B-14: RFC 6750 section 2 lets a client use one method only."""
    with pytest.raises(InvalidRequest) as refused:
        credentials.only_one(found)
    assert refused.value.reason == TOO_MANY


def test_a_token_that_is_too_long_is_an_invalid_token_and_none_at_all_a_bad_request() -> None:
    """HTTP-14, RFC 9110 section 5.4."""
    with pytest.raises(InvalidToken) as too_long:
        credentials.refuse_size(b"a" * 300, 256)
    assert (too_long.value.reason, too_long.value.details) == ("token_too_large", {"limit": 256})
    with pytest.raises(InvalidRequest) as empty:
        credentials.refuse_size(b"", 256)
    assert empty.value.reason == MALFORMED


FORM = b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "content_type", [FORM, FORM + b"; charset=utf-8", b"Application/X-WWW-Form-Urlencoded ;x"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_urlencoded_body_may_hold_a_token(method: str, content_type: bytes) -> None:
    assert credentials.may_hold_form_token(method, [content_type])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"])
def test_a_body_without_meaning_holds_no_token(method: str) -> None:
    """B-04, RFC 6750 section 2.2: in particular, not with GET."""
    assert not credentials.may_hold_form_token(method, [FORM])


@pytest.mark.parametrize(
    "content_types",
    [
        [],
        [b""],
        [FORM, FORM],
        [FORM, b"text/plain"],
        [b"multipart/form-data; boundary=x"],
        [b"application/json"],
        [b"text/plain; " + FORM],
        [FORM + b"2"],
    ],
)
def test_a_body_of_another_type_or_of_two_holds_no_token(content_types: list[bytes]) -> None:
    """B-04: single-part and urlencoded."""
    assert not credentials.may_hold_form_token("POST", content_types)


@pytest.mark.parametrize("text", [b"a", b'\\"', b"\\\\", b"a\\b"])
@pytest.mark.parametrize("end", [b'"', b"", b"\\"])
def test_a_long_quoted_string_takes_little_memory(text: bytes, end: bytes) -> None:
    """HTTP-14: servers differ in how long a line may be."""
    value = b'Digest realm="' + text * (60_000 // len(text)) + end
    tracemalloc.start()
    try:
        assert credentials.from_header([value]) is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(value)
