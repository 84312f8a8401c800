"""How many octets a client waits for (RFC 9112 section 6.3)."""

from __future__ import annotations

import pytest

from bearer_guard._core.body_length import promised_octets


@pytest.mark.parametrize(
    ("method", "status", "lengths", "promised"),
    [
        ("GET", 200, [b"5"], 5),
        ("GET", 200, [b"0"], 0),
        ("POST", 404, [b"12"], 12),
        ("GET", 200, [], None),
        ("HEAD", 200, [b"5"], 0),
        ("HEAD", 200, [], 0),
        ("GET", 204, [], 0),
        ("GET", 304, [b"5"], 0),
    ],
)
def test_the_octets_of_a_body(
    method: str, status: int, lengths: list[bytes], promised: int | None
) -> None:
    assert promised_octets(method, status, lengths) == promised


def test_a_length_that_is_no_number_is_the_applications_error() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        promised_octets("GET", 200, [b"five"])
