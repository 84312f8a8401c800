"""What a soak found: counts, waits and memory, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

from soak.faults import Api, Span
from soak.judging import Answered, Judge

_SHOWN = 10


@dataclass(frozen=True)
class Memory:
    """Bytes that the workers of a server hold: the smallest and the largest of them."""

    server: str
    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least / 2**20:.0f} to {self.most / 2**20:.0f} MiB"


@dataclass(frozen=True)
class Found:
    """All that was seen."""

    answered: Sequence[Answered]
    spans: Sequence[Span]
    apis: Sequence[Api]
    asked: Mapping[str, Counter[str]]
    """What each authorization server was asked for."""
    seconds: float
    at_start: Sequence[Memory]
    at_end: Sequence[Memory]

    def wrong(self) -> list[Answered]:
        """Every answer, and every missing one, that was not right."""
        judge = Judge(self.answered, {api.name: api.killed for api in self.apis})
        return [each for each in self.answered if not judge.is_right(each)]

    def is_good(self) -> bool:
        """Nothing was wrong, and every kind of thing was seen at all."""
        statuses = {each.status for each in self.answered}
        return not self.wrong() and 500 not in statuses and {200, 401, 503} <= statuses


def lines(found: Found) -> list[str]:
    """The report."""
    wrong = found.wrong()
    statuses = Counter(each.status for each in found.answered)
    unanswered = statuses.pop(None, 0)
    told = ", ".join(f"{count:,} were {status}" for status, count in sorted(statuses.items()))
    return [
        f"{len(found.answered):,} requests in {found.seconds:.0f} s: {told}",
        f"wrong verdicts: {len(wrong)}",
        f"500s: {statuses[500]}",
        f"without an answer, since their worker was killed: {unanswered}",
        *(_shown(each) for each in wrong[:_SHOWN]),
        "",
        *_upstream(found),
        "",
        *_waits(found),
        "",
        *_memory(found),
    ]


def _shown(answered: Answered) -> str:
    token, began = answered.token, answered.began
    said = f"{answered.status} after {answered.ended - began:.2f} s {answered.says or ''}"
    if token.authority is None:
        return f"  {answered.server}: {said} to {token.kind}"
    outages = [
        f"{outage.began - began:+.1f}…{outage.ended and outage.ended - began:+.1f}"
        for outage in token.authority.outages
        if outage.ended is not None
    ]
    key = token.key
    withdrawn = key and key.withdrawn_at and f"{key.withdrawn_at - began:+.1f}"
    published = key and f"{key.published_at - began:+.1f}"
    return (
        f"  {answered.server}: {said} to {token.kind} of {token.authority.name}; in seconds from "
        f"the request: key {published}…{withdrawn}, outages {', '.join(outages)}"
    )


def _upstream(found: Found) -> list[str]:
    """Of all six workers together."""
    rows: list[tuple[str, ...]] = [("asked in a minute", "metadata", "key set", "introspection")]
    for name, asked in found.asked.items():
        per_minute = [
            f"{asked[document] * 60 / found.seconds:.0f}"
            for document in ("openid-configuration", "jwks", "introspect")
        ]
        rows.append((name, *per_minute))
    return _table(rows)


def _waits(found: Found) -> list[str]:
    rows: list[tuple[str, ...]] = [("waits (p50 / p99, ms)", "before", "during", "after")]
    for fault in dict.fromkeys(span.fault for span in found.spans):
        spans = [span for span in found.spans if span.fault == fault]
        windows = (
            [(span.quiet_from, span.began) for span in spans],
            [(span.began, span.ended) for span in spans],
            [(span.ended, span.quiet_until) for span in spans],
        )
        rows.append((fault, *(_percentiles(found.answered, window) for window in windows)))
    longest = max(each.ended - each.began for each in found.answered)
    return [*_table(rows), f"the longest: {longest * 1e3:.0f} ms"]


def _percentiles(answered: Iterable[Answered], windows: list[tuple[float, float]]) -> str:
    waits = [
        (each.ended - each.began) * 1e3
        for each in answered
        if any(began <= each.began < ended for began, ended in windows)
    ]
    if len(waits) < 2:
        return "-"
    hundredths = quantiles(waits, n=100)
    return f"{hundredths[49]:.0f} / {hundredths[98]:.0f}"


def _memory(found: Found) -> list[str]:
    rows = [("memory of a worker", "at the start", "at the end")]
    rows += [
        (start.server, str(start), str(end))
        for start, end in zip(found.at_start, found.at_end, strict=True)
    ]
    return _table(rows)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
