"""One line of the table, and the options that all benchmarks share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from typing import Self

TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Options:
    """How thoroughly to measure."""

    quick: bool = False

    def rounds(self, full: int) -> int:
        """So many rounds, or a few."""
        return max(5, full // 5) if self.quick else full


class Verdict(Enum):
    """Whether a target was reached."""

    YES = "yes"
    NO = "NO"
    UNCLEAR = "unclear"
    """By one figure and not by the other: the machine was too busy to tell. Run it again."""

    @classmethod
    def of(cls, *by_each_figure: bool) -> Self:
        """From what each figure says."""
        if all(by_each_figure):
            return cls("yes")
        return cls("unclear") if any(by_each_figure) else cls("NO")


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, what came out, and what was to be reached."""

    what: str
    figure: str
    target: str = ""
    """Empty where a rival or a circumstance is shown for comparison."""
    reached: Verdict | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """In one word; empty where nothing was to be reached."""
        return "" if self.reached is None else self.reached.value


def missing(what: str, *packages: str) -> Row | None:
    """The row that says which of the packages are not installed; ``None`` when all are."""
    absent = [package for package in packages if find_spec(package) is None]
    return Row(what, "not run", note=f"not installed: {', '.join(absent)}") if absent else None
