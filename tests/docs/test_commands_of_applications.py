"""The READMEs beside the applications name commands, modules and files that are there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from documents import ROOT, prose

READMES = sorted(
    path
    for path in (ROOT / "integrations").rglob("README.md")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
COMMAND = re.compile(r"python -m (integrations[\w.]*)")
IMPORT = re.compile(r"^from (integrations[\w.]*) import", re.MULTILINE)
FILE = re.compile(r"^\| ((?:`[\w./]+\.\w+`(?:, )?)+) \|", re.MULTILINE)


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_what_it_names_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    for module in COMMAND.findall(text):
        assert importlib.util.find_spec(f"{module}.__main__"), f"python -m {module}"
    for module in IMPORT.findall(text):
        assert importlib.util.find_spec(module), f"from {module} import"
    for cell in FILE.findall(prose(path)):
        for name in re.findall(r"`([^`]+)`", cell):
            assert (path.parent / name).exists() or (ROOT / name).exists(), name


def test_there_are_commands_to_look_at() -> None:
    assert len(READMES) >= 10
    assert sum(len(COMMAND.findall(path.read_text("utf-8"))) for path in READMES) >= 10
