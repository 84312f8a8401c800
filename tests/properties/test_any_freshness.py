"""Any caching header: never an exception, never out of bounds, never long to read."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bearer_guard._core.freshness import fresh_for
from bearer_guard.settings.policies import KeySetPolicy
from properties.searching import examples, mostly

POLICY = KeySetPolicy()
NARROW = KeySetPolicy(fresh_at_least=5, fresh_for=7, fresh_at_most=9)

PIECES = st.sampled_from(
    [
        *("max-age", "s-maxage", "no-store", "no-cache", "public", "stale-if-error", "Max-Age"),
        *(
            "=",
            "=",
            "=",
            ",",
            ", ",
            " ",
            '"',
            "\\",
            ";",
            "\t",
            "\x00",
            "ä",
            "\u017f",
            "\u0663",
            "-",
            "+",
        ),
        *("0", "1", "60", "600", "86400", "99999999999", "9" * 5000, "1.5", "0x1", "1e3"),
    ]
)
WHOLE = st.builds(
    "{}{}{}".format,
    st.sampled_from(["max-age", "Max-Age", "no-cache", "s-maxage", "private", " max-age "]),
    st.sampled_from(["=", "=", "", " = ", "=\t", '="']),
    st.sampled_from(["0", "1", "8", '600"', '"600"', "3600", "86401", "9999999999", "-1", ""]),
)
DIRECTIVES = mostly(
    st.lists(WHOLE, max_size=3).map(", ".join),
    st.lists(PIECES, max_size=12).map("".join),
    st.text(max_size=30),
)
DATES = st.one_of(
    st.builds(
        "{}{} {} {} {} {}".format,
        st.sampled_from(["Mon, ", "", "Monday, ", ","]),
        st.sampled_from(["01", "31", "0", "-1", "99", "9" * 25, ""]),
        st.sampled_from(["Jan", "Feb", "Xxx", "1"]),
        st.sampled_from(["2027", "0001", "9999", "0", "-5", "27", "9" * 25]),
        st.sampled_from(
            ["08:00:00", "23:59:60", "::", "99:99:99", "8", "0" * 30, f"{'9' * 25}:1:1"]
        ),
        st.sampled_from(["GMT", "", "+0000", "-0000", "+9999", "-2359", "EST", "+" + "9" * 25]),
    ),
    st.text(max_size=20),
)
AGES = st.one_of(DIRECTIVES, st.integers(-5, 10**12).map(str))
HEADERS = st.fixed_dictionaries(
    {}, optional={"cache-control": DIRECTIVES, "expires": DATES, "date": DATES, "age": AGES}
)


def test_any_headers_give_a_time_within_the_bounds() -> None:
    """CA-01, CA-02, CA-04."""
    times: set[float] = set()

    @examples(200)
    @example({"expires": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "date": ""})
    @example({"expires": "Mon, 01 Jan 2027 00:00:00 +99999999999999", "date": ""})
    @given(HEADERS)
    def search(headers: dict[str, str]) -> None:
        for policy in (POLICY, NARROW):
            found = fresh_for(headers, policy)
            assert policy.fresh_at_least <= found <= policy.fresh_at_most
            times.add(found)

    search()
    bounds = {policy.fresh_at_least for policy in (POLICY, NARROW)}
    bounds |= {policy.fresh_at_most for policy in (POLICY, NARROW)}
    assert bounds < times


@pytest.mark.parametrize(
    "piece", ["a", " ", "a ", ",", "a=", 'a="', '"', "=", "a=b", "-", "no-store,"]
)
@pytest.mark.parametrize("end", ["", "!", '"'])
def test_no_header_takes_long_to_read(piece: str, end: str) -> None:
    """CA-14: a server that is not what it was must not hold all requests up."""
    header = (piece * 2000)[:2000] + end
    before = time.thread_time()
    fresh_for({"cache-control": header, "age": header, "expires": header, "date": header}, POLICY)
    assert time.thread_time() - before < 0.1
