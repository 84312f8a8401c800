"""docs/frameworks/django-checks.md has every check that the code can tell of, and no other."""

from __future__ import annotations

import re

from documents import ROOT, rows

PAGE = ROOT / "docs" / "frameworks" / "django-checks.md"
NUMBER = re.compile(r'"(?:bearer_guard\.)?([EW]\d{3})"')


def test_the_page_has_each_check_once() -> None:
    rooms = (ROOT / "bearer_guard" / name for name in ("django", "rest_framework"))
    code = "".join(path.read_text("utf-8") for room in rooms for path in room.glob("*.py"))
    documented = [cells[0].strip("`") for cells in rows(PAGE.read_text("utf-8"))]
    assert sorted(documented) == sorted(
        {f"bearer_guard.{number}" for number in NUMBER.findall(code)}
    )
    assert len(documented) > 10


def test_each_check_says_what_to_do() -> None:
    assert [cells for cells in rows(PAGE.read_text("utf-8")) if not all(cells)] == []
