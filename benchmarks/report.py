"""The table: on the terminal, and in ``RESULTS.md``."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks import machine
from benchmarks.row import Row, Verdict

RESULTS = Path(__file__).with_name("RESULTS.md")
_COLUMNS = ("what", "measured", "to reach", "reached", "beside it")
_COLOURS = {Verdict.YES: "green", Verdict.NO: "red", Verdict.UNCLEAR: "yellow"}
_WIDTH = 160
"""Columns, where no terminal tells."""


def show(rows: Sequence[Row]) -> None:
    """Print the table, by rich where it is installed."""
    print()
    if find_spec("rich") is None:
        _show_plainly(rows)
        return
    width = None if sys.stdout.isatty() else _WIDTH
    # By name, so that types are checked the same with and without it.
    table = import_module("rich.table").Table(*_COLUMNS, show_lines=True)
    for row in rows:
        colour = _COLOURS[row.reached] if row.reached else ""
        verdict = f"[{colour}]{row.verdict}[/]" if colour else ""
        table.add_row(row.what, row.figure, row.target, verdict, row.note)
    import_module("rich.console").Console(width=width).print(table)


def _show_plainly(rows: Sequence[Row]) -> None:
    for row in rows:
        verdict = f" | {row.target}: {row.verdict}" if row.target else ""
        print(f"{row.what}\n    {row.figure}{verdict}")
        if row.note:
            print(textwrap.indent(textwrap.fill(row.note, 92), "      "))


def write(sections: Iterable[tuple[str, Sequence[Row]]]) -> None:
    """Keep the table of a whole run, with its date and its machine."""
    lines = [
        "# The last run",
        "",
        "Written by `python -m benchmarks`; `README.md` says how to read it.",
        "",
        *_circumstances(),
    ]
    for name, rows in sections:
        lines += _section(name, rows)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def replace(sections: Iterable[tuple[str, Sequence[Row]]]) -> None:
    """Keep the tables of some parts in place of their last ones, each with its own date and
    machine, since the others are of another run."""
    head, *kept = re.split(r"^(?=## )", RESULTS.read_text("utf-8"), flags=re.MULTILINE)
    parts = {part.split("\n", 1)[0].removeprefix("## "): part.strip() for part in kept}
    for name, rows in sections:
        parts[name] = "\n".join(_section(name, rows, _circumstances())).strip()
    text = "\n\n".join([head.strip(), *parts.values()])
    RESULTS.write_text(text + "\n", encoding="utf-8")


def _circumstances() -> list[str]:
    return [
        f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"- Processor: {machine.processor()}",
        f"- Python: {machine.interpreter()}",
        f"- Libraries: {machine.libraries()}",
    ]


def _section(name: str, rows: Sequence[Row], circumstances: Sequence[str] = ()) -> list[str]:
    lines = ["", f"## {name}", "", *circumstances, *([""] if circumstances else [])]
    lines += [_line(_COLUMNS), _line("---" for _ in _COLUMNS)]
    for row in rows:
        verdict = f"**{row.verdict}**" if row.reached is Verdict.NO else row.verdict
        lines.append(_line((row.what, row.figure, row.target, verdict, row.note)))
    return lines


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
