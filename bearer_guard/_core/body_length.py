"""How long a response's body is to be: one that ends early must not look whole."""

from __future__ import annotations

from collections.abc import Sequence


def promised_octets(method: str, status: int, content_lengths: Sequence[bytes]) -> int | None:
    """The octets that the client waits for; ``None`` where the body tells its own end.

    RFC 9112 section 6.3. Raises ``ValueError`` for a length that is no number.
    """
    if method == "HEAD" or status in (204, 304):
        return 0
    return int(content_lengths[0]) if content_lengths else None
