"""Any path: what is public is literally so, and no spelling of a path sheds its scopes."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from bearer_guard import Rule
from bearer_guard._core.path_rules import PathRules, Requirement
from bearer_guard.settings import GuardSettings, Issuer
from core.seen import Seen
from properties.searching import examples

PUBLIC = ("/", "/health", "/docs/**", "/a/*/c", "/b/")
RULES = (
    Rule("/docs/private/**", scopes=["private"]),
    Rule("/admin/users/*", methods=["GET"], any_scope=["admin:read", "admin"]),
    Rule("/admin/**", scopes=["admin"]),
    Rule("/a/b", scopes=["b"]),
    Rule("/a/*", scopes=["a"]),
)
PATHS = PathRules(
    GuardSettings(audience="x", issuers=[Issuer("https://i.example")], public=PUBLIC, rules=RULES)
)

PIECES = st.sampled_from(
    [
        *("/", "/", "/", "/", "a", "b", "c", "docs", "private", "admin", "users", "health", "x"),
        *(".", "..", "...", "//", "\\", "%2f", "%2F", "%5c", "%2e", "%252f", "%252e%252e", "%255C"),
        *(
            "%00",
            "%0a",
            "%7f",
            "%ff",
            "%61",
            "%c3%a9",
            ";v=1",
            "*",
            "**",
            " ",
            "~",
            "%",
            "?q=/docs/",
        ),
    ]
)
BEGINNINGS = st.sampled_from(
    ["", "/", "/docs", "/docs/", "/a/x", "/a/", "/b/", "/health", "/admin/"]
)
TARGETS = st.builds(
    lambda start, pieces: start + "".join(pieces), BEGINNINGS, st.lists(PIECES, max_size=4)
)


def is_literally_public(path: str) -> bool:
    """The patterns above once more, in plain words."""
    segments = path.split("/")[1:]
    if not path.startswith("/"):
        return False
    return (
        segments in ([""], ["health"], ["docs"], ["b", ""])
        or segments[0] == "docs"
        or (len(segments) == 3 and segments[0] == "a" and segments[2] == "c" and segments[1] != "")
    )


def test_a_path_that_is_public_is_literally_matched_and_unambiguous() -> None:
    """Default deny."""
    public = []

    @examples(250)
    @given(TARGETS)
    def search(target: str) -> None:
        seen = Seen("GET", target)
        if PATHS.needed(seen) is not None:
            return
        public.append(seen.path)
        path = seen.path or "/"
        assert is_literally_public(path)
        assert path.split("/")[1:3] != ["docs", "private"]
        assert "//" not in path
        assert not {".", ".."} & set(path.split("/"))
        assert all(character.isprintable() for character in path)
        for hidden in ("%2f", "%5c", "%2e", "\\"):
            assert hidden not in seen.raw_path.lower()
            assert hidden not in path.lower()

    search()
    assert len(set(public)) > 5


Change = Callable[[str, int], str]
"""Of a path, at the slash of that number."""


def at_slash(put: str) -> Change:
    def change(path: str, number: int) -> str:
        """The first slash stays one: what does not begin with it is no path (RFC 9112 §3.2.1)."""
        places = [at for at, character in enumerate(path) if character == "/"]
        at = places[number % len(places)]
        return path if at == 0 and put[0] != "/" else path[:at] + put + path[at + 1 :]

    return change


def at_end(put: str) -> Change:
    return lambda path, _: path + put


def dots_escaped(escape: str) -> Change:
    return lambda path, _: path.replace("/../", f"/{escape * 2}/").replace("/./", f"/{escape}/")


ESCAPED_SLASHES = ("%2f", "%2F", "%5c", "%5C", "\\", "%252f", "%252F", "%255C")
TIDIED = st.sampled_from(
    [
        *map(
            at_slash,
            ("//", "///", "/./", "/x/../", "/x/y/../../", "/%2e/", "/%252E/", "/x/%2e%2e/"),
        ),
        *map(at_slash, ESCAPED_SLASHES),
        *map(at_end, ("/", "//", "/.", "/x/..", "%2f", "\\", "%252F", "/%2e")),
        *map(at_end, ("%0a", "%0D%0A", "%09", "%00")),
        *map(dots_escaped, ("%2e", "%2E", "%252e")),
    ]
)
"""A reader that decodes, joins slashes, follows dots and overlooks control characters sees the
same path as before."""
BY_RFC_3986 = st.sampled_from([*map(at_slash, ("/./", "/x/../", "//../", "/%2e/", "//%2e%2e/"))])
"""So does one that follows RFC 3986 section 5.2.4, to which an empty segment is one."""

ORIGINALS = st.sampled_from(
    [
        *(
            "/docs/private",
            "/docs/private/x",
            "/admin",
            "/admin/users",
            "/admin/users/7",
            "/admin/x/y",
        ),
        *("/a/b", "/a/c", "/a/x", "/docs/x", "/x"),
    ]
)
METHODS = st.sampled_from(["GET", "HEAD", "POST"])


def needed(target: str, method: str) -> Requirement:
    return PATHS.requirement(Seen(method, target))


def sheds_nothing(original: str, changed: str, method: str) -> None:
    before, after = needed(original, method), needed(changed, method)
    assert set(before.scopes) <= set(after.scopes)
    assert set(before.any_scopes) <= set(after.any_scopes)


def search(changes: st.SearchStrategy[Change], count: int) -> None:
    @examples(count)
    @given(ORIGINALS, METHODS, st.lists(st.tuples(changes, st.integers(0, 9)), max_size=4))
    def over_all(original: str, method: str, found: list[tuple[Change, int]]) -> None:
        changed = original
        for change, number in found:
            changed = change(changed, number)
        sheds_nothing(original, changed, method)
        if changed != original:
            is_public = PATHS.needed(Seen(method, changed)) is None
            assert not is_public or PATHS.needed(Seen(method, original)) is None

    over_all()


def test_no_slash_dot_or_escape_sheds_a_scope() -> None:
    """What two readers could read in two ways needs the scopes of every reading."""
    search(TIDIED, 200)


def test_none_sheds_a_scope_for_a_reader_that_follows_rfc_3986() -> None:
    search(BY_RFC_3986, 80)
