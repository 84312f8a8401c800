"""docs/frameworks/differences.md has the differences that the table has, and no other."""

from __future__ import annotations

from pathlib import Path

from applications.differences import DIFFERENCES

PAGE = Path(__file__).parents[2] / "docs" / "frameworks" / "differences.md"


def test_the_page_has_each_difference_with_its_reason() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in lines
        if line.startswith("| ")
    ]
    told = rows[2:]
    assert told == [(one.who, one.sentence, one.reason) for one in DIFFERENCES]
