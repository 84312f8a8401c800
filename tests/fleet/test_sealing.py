"""What lies in a store that others may write to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bearer_guard._core.sealing import Sealer

SECRET = "s" * 32
NAME = "keys:a"
OURS = Sealer(SECRET)
SEALED = OURS.seal(NAME, {"a": [1, "é"], "until": 5}, until=100)


def test_what_was_sealed_is_opened_by_every_worker() -> None:
    assert Sealer(SECRET).opened(NAME, SEALED, now=99.9) == {"a": [1, "é"], "until": 5}


def test_it_is_over_at_its_end() -> None:
    assert OURS.opened(NAME, SEALED, now=100) is None


def test_it_is_nothing_under_another_name() -> None:
    assert OURS.opened("keys:b", SEALED, now=0) is None


def test_it_is_nothing_to_those_with_another_secret() -> None:
    assert Sealer("t" * 32).opened(NAME, SEALED, now=0) is None


def test_the_same_is_never_sealed_alike() -> None:
    assert OURS.seal(NAME, {}, 1) != OURS.seal(NAME, {}, 1)


def test_nothing_of_it_can_be_read() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9"
    assert token.encode() not in OURS.seal(NAME, {"token": token}, 1)
    assert token not in OURS.name("answer", token)


@pytest.mark.parametrize("bit", range(0, len(SEALED) * 8, 7))
def test_one_bit_that_was_changed_spoils_it(bit: int) -> None:
    changed = bytearray(SEALED)
    changed[bit // 8] ^= 1 << bit % 8
    assert OURS.opened(NAME, bytes(changed), now=0) is None


@given(some.binary(max_size=80) | some.just(None))
def test_whatever_else_lies_there_is_nothing(octets: bytes | None) -> None:
    assert OURS.opened(NAME, octets, now=0) is None


@given(some.lists(some.text(), max_size=3), some.lists(some.text(), max_size=3))
def test_parts_are_not_joined_into_the_same_name(ones: list[str], others: list[str]) -> None:
    assert (OURS.name("k", *ones) == OURS.name("k", *others)) == (ones == others)


def test_keys_for_digests_are_the_fleets_own() -> None:
    assert OURS.digest_key() == Sealer(SECRET).digest_key()
    assert OURS.digest_key() != Sealer("t" * 32).digest_key()
    assert len(OURS.digest_key()) == 32
