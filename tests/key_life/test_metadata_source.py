"""What is known of an issuer's metadata, and when to read it again: time turned by hand."""

from __future__ import annotations

import pytest

from bearer_guard._core.metadata import Metadata
from bearer_guard._core.metadata_source import MetadataSource
from bearer_guard.exchange import UpstreamFailure
from key_life.sources import DOWN, POLICY, UPSTREAM

KEYS = Metadata("https://h/keys", None, 600)
FRESH, GONE = 600, 4200


@pytest.fixture
def source() -> MetadataSource:
    """Read at moment 0."""
    source = MetadataSource()
    source.land(KEYS, 0)
    return source


def test_a_new_source_knows_nothing_and_is_to_be_read() -> None:
    source = MetadataSource()
    assert source.known(0, POLICY) is None
    assert source.is_to_be_read(0)


def test_metadata_is_fresh_then_read_again_then_gone(source: MetadataSource) -> None:
    life = {
        now: (source.known(now, POLICY), source.is_to_be_read(now))
        for now in (0, FRESH - 1, FRESH, GONE - 1, GONE)
    }
    assert life == {
        0: (KEYS, False),
        FRESH - 1: (KEYS, False),
        FRESH: (KEYS, True),
        GONE - 1: (KEYS, True),
        GONE: (None, True),
    }


def test_it_lives_from_its_own_answer_on(source: MetadataSource) -> None:
    source.land(Metadata("https://h/keys", None, 100), 700)
    assert [source.is_to_be_read(now) for now in (799, 800)] == [False, True]


def test_it_is_told_when_the_keys_have_moved() -> None:
    source = MetadataSource()
    assert not source.land(KEYS, 0), "the first place is not another one"
    assert not source.land(KEYS._replace(fresh_for=900), 0)
    assert source.land(KEYS._replace(jwks_uri="https://elsewhere/keys"), 0)


def test_doubted_it_is_read_though_it_is_fresh_until_it_was(source: MetadataSource) -> None:
    source.doubt()
    assert source.is_to_be_read(1)
    assert source.known(1, POLICY) is KEYS, "and serves meanwhile"
    source.land(KEYS, 1)
    assert not source.is_to_be_read(1)


def test_strangers_cannot_have_it_read_more_than_once_a_minute(source: MetadataSource) -> None:
    MetadataSource().doubt_unless_new(0, POLICY)
    read = []
    for now in (0, 59, 60, 61, 119, 120):
        source.doubt_unless_new(now, POLICY)
        if source.is_to_be_read(now):
            source.land(KEYS, now)
            read.append(now)
    assert read == [60, 120]


def test_what_could_not_be_read_is_left_alone_for_twice_as_long_as_the_keys(
    source: MetadataSource,
) -> None:
    """Where its server is slow, every other fetch of keys has all the time to itself."""
    waits = []
    for _ in range(7):
        source.fail(DOWN, 1000, UPSTREAM)
        waits.append(next(wait for wait in range(100) if source.is_to_be_read(1000 + wait)))
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    source.land(KEYS, 2000)
    source.fail(DOWN, 2600, UPSTREAM)
    assert [source.is_to_be_read(now) for now in (2601, 2602)] == [False, True]


def test_a_server_that_asks_to_be_left_alone_is(source: MetadataSource) -> None:
    busy = UpstreamFailure("metadata_unusable")
    busy.retry_after = 20
    source.fail(busy, 1000, UPSTREAM)
    assert [source.is_to_be_read(now) for now in (1039, 1040)] == [False, True]
