"""A token among the subprotocols of a WebSocket handshake: the guard reads it, no one else."""

from __future__ import annotations

from starlette.types import Scope

from bearer_guard._core.credentials import offered, token_prefix

_NAME = b"sec-websocket-protocol"
_ASIDE = "bearer_guard.aside"


class _Aside:
    """The field's lines as they were sent, for another middleware further in.

    An object of its own, so that whoever prints a scope prints no token.
    """

    __slots__ = ("lines",)

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines


def set_aside(scope: Scope, marker: str) -> Scope:
    """The scope as it was sent, for the guard. ``scope`` itself tells of no token any more: an
    application can neither answer with it as its subprotocol nor log it with the headers."""
    prefix = token_prefix(marker)
    names = list(scope.get("subprotocols") or ())
    scope["subprotocols"] = [name for name in names if not name.startswith(prefix)]
    lines = [value for name, value in scope["headers"] if name == _NAME]
    others = [(name, value) for name, value in scope["headers"] if name != _NAME]
    octets = prefix.encode("ascii")
    told = [name for name in offered(lines) if not name.startswith(octets)]
    scope["headers"] = [*others, *([(_NAME, b", ".join(told))] if told else [])]
    # uvicorn over wsproto tells of subprotocols in their own place alone.
    sent = scope.setdefault(_ASIDE, _Aside(lines or [", ".join(names).encode("latin-1")])).lines
    return {**scope, "headers": [*others, *((_NAME, line) for line in sent)]}
