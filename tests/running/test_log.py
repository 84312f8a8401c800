"""What the operator reads."""

from __future__ import annotations

import logging

import pytest

from bearer_guard import (
    AuthorizationServerUnavailable,
    BearerError,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    MissingToken,
)
from bearer_guard._running.log import Log
from bearer_guard._running.record_limits import RecordLimits
from bearer_guard.testing import HandClock


@pytest.fixture(autouse=True)
def every_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bearer_guard")


@pytest.fixture
def log() -> Log:
    return Log(RecordLimits(10, 10, HandClock()))


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (MissingToken(), logging.DEBUG),
        (MissingToken("path_is_public"), logging.INFO),
        (InvalidRequest("credentials_repeated"), logging.INFO),
        (InvalidToken("expired"), logging.INFO),
        (InsufficientScope(("a",)), logging.INFO),
        (AuthorizationServerUnavailable("upstream_timeout"), logging.WARNING),
    ],
)
def test_a_refusal_is_one_record_at_the_level_of_its_kind(
    log: Log, caplog: pytest.LogCaptureFixture, error: BearerError, level: int
) -> None:
    log.refusal(error)
    (record,) = caplog.records
    assert (record.name, record.levelno, record.reason) == ("bearer_guard", level, error.reason)
    assert record.getMessage() == f"refused: {error.reason}"


def test_details_stand_in_the_message_and_beside_it(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    log.upstream_failure("metadata_unusable", {"issuer": "https://h/", "status": 404}, "h")
    (record,) = caplog.records
    message = "authorization server: metadata_unusable issuer='https://h/' status=404"
    assert record.getMessage() == message
    assert record.levelno == logging.WARNING
    assert record.details == {"issuer": "'https://h/'", "status": "404"}
    assert record.issuer_alias == "h"


def test_nobody_writes_lines_of_their_own(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    log.refusal(InvalidToken("issuer_untrusted", named="a\nERROR forged\x1b[2J\u2028ü%s"))
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert record.getMessage().isascii()
    assert r"a\nERROR forged\x1b[2J\u2028\xfc%s" in record.getMessage()


def test_what_is_long_is_cut(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    log.refusal(InvalidToken("issuer_untrusted", named="x" * 100_000, other="y" * 198))
    (record,) = caplog.records
    assert record.details["named"] == "'" + "x" * 199 + "…"
    assert record.details["other"] == "'" + "y" * 198 + "'"


def test_what_is_not_wanted_is_not_written(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "bearer_guard")

    class Unwritable:
        def __repr__(self) -> str:
            raise AssertionError("nobody asked")

    log.refusal(InvalidToken("expired", named=Unwritable()))
    assert caplog.records == []
