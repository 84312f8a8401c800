"""Links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import DOCUMENTS, README, ROOT, anchors, prose


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(path)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_the_readme_and_the_index_lead_to_every_document() -> None:
    """The README to those beside it; ``docs/index.md``, which it leads to, to those in docs."""
    leading = (README, ROOT / "docs" / "index.md")
    linked = {
        (source.parent / target.partition("#")[0]).resolve()
        for source in leading
        for target in re.findall(r"\]\(([^)]+)\)", prose(source))
    }
    unlinked = [path for path in DOCUMENTS if path not in linked and path not in leading]
    assert unlinked == []
    assert ROOT / "docs" / "index.md" in linked
