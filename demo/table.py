"""What the demo prints."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.walk import Heading, Step, Verdict

WIDTH = 114
COLUMNS = (
    *(("", 3), ("What was sent", 36), ("ASGI", 4), ("WSGI", 4), ("Challenge", 27)),
    *(("Reason in the log", 21), ("Calls", 5)),
)


@dataclass
class Row:
    """A step and what each API did, in the order in which the APIs are shown."""

    step: Step
    got: list[Verdict] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return all(verdict == self.step.expected for verdict in self.got)


def console() -> Console:
    return Console(width=WIDTH, highlight=False)


def table(rows: list[Row | Heading]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, width in COLUMNS:
        shown.add_column(name, min_width=width, no_wrap=not name.endswith("log"))
    shown.columns[-1].justify = "right"
    for row in rows:
        if isinstance(row, Heading):
            shown.add_section()
            shown.add_row("", Text(row.text, "bold"))
        else:
            shown.add_row(*_cells(row))
    return shown


def _cells(row: Row) -> list[Text]:
    mark = Text("ok", "green") if row.is_right else Text("BAD", "bold red")
    statuses = [Text(str(verdict.status), _colour(verdict.status)) for verdict in row.got]
    facts = [
        _agreed([verdict.challenge.replace(", ", ",\n") for verdict in row.got]),
        _agreed([verdict.reason for verdict in row.got]),
        _agreed([str(verdict.calls) for verdict in row.got]),
    ]
    return [mark, Text(row.step.sent), *statuses, *map(Text, facts)]


def _agreed(values: list[str]) -> str:
    """One value where both APIs say the same, else both."""
    return values[0] if len(set(values)) == 1 else " / ".join(value or "-" for value in values)


def _colour(status: int) -> str:
    return "green" if status == 200 else "yellow" if status < 500 else "magenta"


def wrong(row: Row) -> str:
    lines = [f"BAD: {row.step.sent.strip()}", f"  expected  {row.step.expected}"]
    for name, verdict in zip(("ASGI", "WSGI"), row.got, strict=True):
        lines.append(f"  {name} gave {verdict}")
    return "\n".join(lines)
