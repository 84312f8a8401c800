"""``Request``: a request made by hand."""

from __future__ import annotations

import pytest

from bearer_guard import Guard, MissingToken, Request, RequestView


def test_everything_has_a_default() -> None:
    view: RequestView = Request()
    assert (view.method, view.url, view.path, view.raw_path) == ("GET", "/", "/", "/")
    assert (view.query, view.form, view.client_certificate) == (b"", b"", None)
    assert list(view.header_values(b"authorization")) == []


@pytest.mark.parametrize(
    ("url", "path", "raw_path", "query"),
    [
        ("/a/b?c=d", "/a/b", "/a/b", b"c=d"),
        ("https://api.example.com/a%20b?x=%20", "/a b", "/a%20b", b"x=%20"),
        ("https://api.example.com", "", "", b""),
        ("https://api.example.com//a//b?c", "//a//b", "//a//b", b"c"),
        ("/caf%C3%A9?q=é#f", "/café", "/caf%C3%A9", "q=é".encode()),
    ],
)
def test_the_url_is_taken_apart(url: str, path: str, raw_path: str, query: bytes) -> None:
    request = Request("post", url)
    assert (request.method, request.url) == ("POST", url)
    assert (request.path, request.raw_path, request.query) == (path, raw_path, query)


@pytest.mark.parametrize("target", ["//orders/health", "//orders//7?a=b", "///", "//", "//a@b:1/c"])
def test_two_slashes_at_the_beginning_are_a_path_and_no_host(target: str) -> None:
    """A request's target begins with one slash (RFC 9112 section 3.2.1). Taken as a URL's host,
    the first segment would be lost, and ``//orders/health`` be as public as ``/health``."""
    request = Request(url=target)
    assert request.raw_path == request.path == target.partition("?")[0]
    assert request.query == target.partition("?")[2].encode()


def test_such_a_path_is_never_public(guard: Guard) -> None:
    with pytest.raises(MissingToken):
        guard.check(Request(url="//orders/health"))


def test_headers_are_a_mapping_or_pairs() -> None:
    for headers in ({"X-A": "é"}, [("X-A", "é")], iter([("x-a", "é")])):
        assert Request(headers=headers).header_values(b"x-a") == ["é".encode()]
    twice = Request(headers=[("A", "1"), ("b", "2"), ("a", "3")])
    assert twice.header_values(b"a") == [b"1", b"3"]


def test_form_and_certificate_are_as_given() -> None:
    request = Request(form=b"a=b", client_certificate=b"DER")
    assert (request.form, request.client_certificate) == (b"a=b", b"DER")


def test_it_holds_nothing_else() -> None:
    with pytest.raises(AttributeError):
        Request().user = "x"  # type: ignore[attr-defined]


def test_a_guard_judges_it_as_the_middlewares_do(guard: Guard, bearer: dict[str, str]) -> None:
    assert guard.check(Request(url="/health")) is None
    token = guard.check(Request(url="/orders", headers=bearer))
    assert token is not None
    assert token.subject == "alice"
    with pytest.raises(MissingToken) as missing:
        guard.check(Request(url="/orders"))
    assert missing.value.scopes == ("orders:read",)
