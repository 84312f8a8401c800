"""What the site does with links that lead out of it, to the source beside the documents."""

from __future__ import annotations

import re
from typing import Any

_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A file that is not on the site is named, and a folder's page is its list in the index."""
    depth = page.file.src_uri.count("/")

    def replaced(found: re.Match[str]) -> str:
        text, target = found.groups()
        if target.startswith("../" * (depth + 1)):
            return f"`{text}`" if "`" not in text else text
        if target == "frameworks":
            return f"[{text}](index.md)"
        return found[0]

    # Not within blocks of code.
    parts = _FENCE.split(markdown)
    return "".join(part if part.startswith("```") else _LINK.sub(replaced, part) for part in parts)
