"""How long an answer says that it is fresh (RFC 9111)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearer_guard import KeySetPolicy
from bearer_guard._core.freshness import fresh_for, said_fresh_for

POLICY = KeySetPolicy()
FLOOR, SILENT, CEILING = 60, 600, 86_400
DATE = "Mon, 01 Jan 2027 00:00:00 GMT"


def fresh(**headers: str) -> float:
    return fresh_for({name.replace("_", "-"): value for name, value in headers.items()}, POLICY)


def test_an_answer_that_says_nothing_is_fresh_for_ten_minutes() -> None:
    assert fresh() == SILENT
    assert fresh(cache_control="public, must-revalidate") == SILENT


@pytest.mark.parametrize(
    ("said", "kept"), [(61, 61), (300, 300), (59, FLOOR), (0, FLOOR), (86_401, CEILING)]
)
def test_max_age_counts_between_a_minute_and_a_day(said: int, kept: float) -> None:
    assert fresh(cache_control=f"max-age={said}") == kept


@pytest.mark.parametrize(
    "text",
    [
        "MAX-AGE=300",
        'max-age="300"',
        "public, max-age = 300 ,must-revalidate",
        'private="a, no-store, b", max-age=300',
        "stale-if-error=900,max-age=300",
    ],
)
def test_max_age_is_read_however_it_is_written(text: str) -> None:
    assert fresh(cache_control=text) == 300


@pytest.mark.parametrize(
    "text",
    [
        "no-store",
        "no-cache",
        "No-Store, max-age=900",
        'no-cache="set-cookie"',
        "max-age=900, no-cache",
    ],
)
def test_what_must_not_be_kept_is_kept_for_the_shortest_time(text: str) -> None:
    """Documented deviation from section 5.2.2.5: a fetch for each request is worse for all."""
    assert fresh(cache_control=text) == FLOOR


@pytest.mark.parametrize(
    "text", ["max-age=-1", "max-age=ten", "max-age=", "max-age", "max-age=1e3"]
)
def test_a_max_age_that_cannot_be_read_is_stale(text: str) -> None:
    assert fresh(cache_control=text) == FLOOR


def test_the_age_of_an_answer_is_taken_off_its_freshness() -> None:
    assert fresh(cache_control="max-age=900", age="400") == 500
    assert fresh(cache_control="max-age=900", age=" 400 ") == 500
    assert fresh(cache_control="max-age=900", age="1000") == FLOOR


@pytest.mark.parametrize("age", ["", "-400", "old", "4e2", "99999999999"])
def test_an_age_that_cannot_be_read_counts_nothing(age: str) -> None:
    assert fresh(cache_control="max-age=900", age=age) == 900


def test_expires_counts_from_date() -> None:
    assert fresh(date=DATE, expires="Mon, 01 Jan 2027 00:05:00 GMT") == 300
    assert fresh(date=DATE, expires="Mon, 01 Jan 2027 00:05:00 GMT", age="100") == 200
    assert fresh(date=DATE, expires="Sun, 31 Dec 2026 00:00:00 GMT") == FLOOR
    assert fresh(date=DATE, expires="Mon, 01 Jan 2029 00:00:00 GMT") == CEILING


def test_max_age_goes_over_expires() -> None:
    assert (
        fresh(date=DATE, expires="Mon, 01 Jan 2027 00:05:00 GMT", cache_control="max-age=90") == 90
    )


def test_of_a_directive_that_stands_there_twice_the_first_counts() -> None:
    assert fresh(cache_control="max-age=90, max-age=900") == 90
    assert fresh(cache_control="max-age=900, MAX-AGE=90") == 900


def test_an_answer_that_does_not_say_is_told_from_one_that_says_the_same() -> None:
    assert said_fresh_for({}, POLICY) is None
    assert said_fresh_for({"cache-control": "max-age=600"}, POLICY) == 600
    assert said_fresh_for({"cache-control": "max-age=1"}, POLICY) == FLOOR


def test_expires_without_date_says_nothing() -> None:
    assert fresh(expires="Mon, 01 Jan 2027 00:05:00 GMT") == SILENT


@pytest.mark.parametrize("expires", ["0", "-1", "", "soon", "Mon, 01 Jan 2027 00:05:00 -0000"])
def test_an_expires_that_cannot_be_read_is_past(expires: str) -> None:
    assert fresh(date=DATE, expires=expires) == FLOOR


@pytest.mark.parametrize(
    "expires",
    ["Mon, 01 Jan 99999999999 00:00:00 GMT", f"Mon, 01 Jan 2027 00:00:00 +{'9' * 20}"],
)
def test_an_expires_beyond_all_calendars_breaks_nothing(expires: str) -> None:
    assert FLOOR <= fresh(date=DATE, expires=expires) <= CEILING


def test_a_long_cache_control_is_read_in_no_time() -> None:
    """Up to 100 KiB of header reach us: a reader that is not linear stops the whole process."""
    before = time.perf_counter()
    fresh(cache_control="a" * 4000 + "!")
    assert time.perf_counter() - before < 0.5


@given(st.text(max_size=40), st.text(max_size=12), st.text(max_size=40), st.text(max_size=40))
def test_whatever_an_answer_says_it_is_kept_within_bounds(
    cache_control: str, age: str, expires: str, date: str
) -> None:
    said = {"cache-control": cache_control, "age": age, "expires": expires, "date": date}
    assert FLOOR <= fresh_for(said, POLICY) <= CEILING
