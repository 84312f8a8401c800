"""The rules that tests name by their ids stand in one list."""

from __future__ import annotations

import csv
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ID = re.compile(r"\b(?:HTTP|[JO]\d\d|AT|B|BCP|CA|CNF|FA|INT|MCP|O|PRM|TSL)-\d\d\b")


def named() -> set[str]:
    here = Path(__file__)
    texts = (path.read_text("utf-8") for path in TESTS.rglob("*.py") if path != here)
    return {name for text in texts for name in ID.findall(text)}


def test_each_rule_that_a_test_names_is_listed_and_each_that_is_listed_is_named() -> None:
    with (TESTS / "rules.csv").open(encoding="utf-8") as file:
        listed = [row["id"] for row in csv.DictReader(file)]
    assert len(listed) == len(set(listed))
    assert set(listed) == named()
