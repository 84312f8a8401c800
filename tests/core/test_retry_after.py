"""For how long a server asks to be left alone (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearer_guard._core.retry_after import retry_after

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", None),
        ("9999999999", 9_999_999_999),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60),
        (DATE, None),
        ("Fri, 15 Jan 2027 07:00:00 GMT", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("99999999999", None),
        ("\u0663", None),
        ("soon", None),
        ("5, 7", None),
        ("Fri, 15 Jan 2027 08:01:00 -0000", None),
        ("Fri, 99 Jan 2027 08:01:00 GMT", None),
        ("Fri, 15 Jan 99999999999 08:01:00 GMT", None),
    ],
)
def test_it_is_seconds_or_a_moment_and_else_nothing(said: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": said, "date": DATE}) == seconds


def test_it_may_be_absent() -> None:
    assert retry_after({"date": DATE}) is None


@pytest.mark.parametrize("date", [{}, {"date": "yesterday"}])
def test_a_moment_without_the_answers_own_date_says_nothing(date: dict[str, str]) -> None:
    """The server's clock may be hours off ours."""
    assert retry_after({"retry-after": DATE, **date}) is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_said_it_is_a_time_to_come(said: str, date: str) -> None:
    seconds = retry_after({"retry-after": said, "date": date})
    assert seconds is None or seconds > 0
