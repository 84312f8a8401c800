"""Facts as people read them. Values that a token or a server wrote are shortened and escaped, so
that nobody writes lines of their own into a log or into a terminal."""

from __future__ import annotations

from collections.abc import Mapping

_LONGEST = 200


def in_a_line(details: Mapping[str, object]) -> str:
    """What is to stand behind a reason."""
    return "".join(f" {name}={value}" for name, value in shown(details).items())


def shown(details: Mapping[str, object]) -> dict[str, str]:
    """Each value in ASCII, on one line, and no longer than can be read."""
    return {name: one(value) for name, value in details.items()}


def one(value: object) -> str:
    """One of them."""
    text = ascii(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
