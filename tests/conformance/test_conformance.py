"""The run."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from conformance import table
from conformance.rows import Row
from conformance.run import Run


def _all_rows() -> list[Row]:
    modules = sorted(found.name for found in pkgutil.iter_modules(table.__path__))
    return [
        row for name in modules for row in importlib.import_module(f"conformance.table.{name}").ROWS
    ]


TABLE = _all_rows()


def test_the_table_is_large_and_says_each_sentence_once() -> None:
    sentences = [row.sentence for row in TABLE]
    assert sorted(sentences) == sorted(set(sentences))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.theme}: {row.sentence}")
def test_row(row: Row, run: Run, selected: list[Row]) -> None:
    if problems := run.problems(row, selected):
        pytest.fail("\n".join([row.sentence, *problems]), pytrace=False)
