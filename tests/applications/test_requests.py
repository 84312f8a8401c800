"""The table, against every application on every server."""

from __future__ import annotations

import pytest

from applications.differences import DIFFERENCES, rows_for
from applications.rows import ROWS, Row, document, octets_of
from applications.ways import WAYS, prefix_of
from conformance.wire import Outcome, exchange
from end_to_end.expectations import Verdict, body_of
from integrations.serving.applications import APPLICATIONS
from integrations.serving.launch import GuardedApp, Way


def test_each_row_is_in_the_table_once() -> None:
    sentences = [row.sentence for row in ROWS]
    assert len(set(sentences)) == len(sentences) > 60


def test_each_difference_is_one_of_the_table() -> None:
    known = set(APPLICATIONS)
    for each in APPLICATIONS.values():
        known |= {*each.servers, *(f"{server} over {each.interface}" for server in each.servers)}
    for difference in DIFFERENCES:
        assert difference.sentence in {row.sentence for row in ROWS}
        assert difference.who in known


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_request_is_answered_as_the_table_says(
    way: Way, apps: dict[Way, GuardedApp], tokens: dict[str, str]
) -> None:
    port, prefix = int(apps[way].address.rpartition(":")[2]), prefix_of(way)
    wrong = []
    for row in rows_for(way):
        outcome = exchange(port, octets_of(row, prefix, tokens))
        wrong += [f"{row.sentence}: {problem}" for problem in problems_of(row, outcome)]
    if wrong:
        pytest.fail("\n".join([str(way), *wrong]), pytrace=False)


def problems_of(row: Row, outcome: Outcome) -> list[str]:
    if isinstance(row.answer, Verdict):
        expected = refusal(row.answer, row.method == "HEAD")
        found = {name: outcome.all(name) for name in expected if name not in ("status", "body")}
        found = {"status": outcome.status, **found, "body": outcome.body}
        if row.answer.status == 503:
            retry_after = outcome.one("retry-after")
            expected["retry-after"] = [retry_after] if retry_after.isdigit() else ["a number"]
    else:
        status = row.answer
        if status is None:
            status = 0 if outcome.status in (400, 401, 403, 503) else outcome.status
        expected = {"status": status, "www-authenticate": []}
        found = {"status": outcome.status, "www-authenticate": outcome.all("www-authenticate")}
        if row.says is not None:
            said = document(outcome.body) if outcome.status == status else {}
            expected["says"] = row.says
            found["says"] = {name: said.get(name) for name in row.says}
    return [
        f"{name}: {found[name]!r}, not {expected[name]!r}"
        for name in expected
        if found[name] != expected[name]
    ]


def refusal(verdict: Verdict, is_head: bool) -> dict[str, object]:
    body = body_of(verdict)
    return {
        "status": verdict.status,
        "www-authenticate": [] if verdict.challenge is None else [verdict.challenge],
        "retry-after": [],
        "content-type": ["application/problem+json"],
        "content-length": [str(len(body))],
        "cache-control": ["no-store"],
        "body": b"" if is_head else body,
    }


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_stream_comes_whole_and_the_handler_sees_who_calls(
    way: Way, apps: dict[Way, GuardedApp], tokens: dict[str, str]
) -> None:
    port, prefix = int(apps[way].address.rpartition(":")[2]), prefix_of(way)
    rows = {row.sentence: row for row in ROWS}
    stream = exchange(port, octets_of(rows["a stream"], prefix, tokens))
    assert stream.body == b"tea\ncoffee\nsugar\n"
    assert stream.one("content-type").partition(";")[0] == "text/csv"
    told = document(exchange(port, octets_of(rows["a good token"], prefix, tokens)).body)["caller"]
    assert (told["subject"], told["scopes"]) == ("alice", ["orders:read"])
