"""What no check in Python can go without: floors, to hold the guard's figures against.

They check nothing but the signature, and are no way to guard anything. What a guard takes beyond
them is its checks; what they take beyond the bare thing, nobody who writes Python can save.
"""

from __future__ import annotations

import json
from binascii import a2b_base64
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from benchmarks.material import SignedWith

_FROM_URL = bytes.maketrans(b"-_", b"+/")
_START = b"Bearer "


class Memory:
    """Tokens by their digest, and no question asked of any."""

    def __init__(self) -> None:
        self._known: dict[bytes, object] = {}

    def token(self, value: bytes) -> object | None:
        """What is remembered of the token in an Authorization header; ``None`` without one."""
        if not value.startswith(_START):
            return None
        digest = sha256(value[len(_START) :]).digest()
        return self._known.get(digest) or self._known.setdefault(digest, object())


def check(signed: SignedWith) -> Callable[[bytes], dict[str, Any]]:
    """Of a token: its digest, by which it would be remembered; its parts, decoded; its claims,
    read; its signature, verified by one key with arguments made beforehand."""
    verify = signed.bare()
    *_, padding, chosen_hash = signed.bare_arguments("e30.e30.e30")

    def checked(token: bytes) -> dict[str, Any]:
        sha256(token).digest()
        _, payload, signature = token.translate(_FROM_URL).split(b".")
        claims: dict[str, Any] = json.loads(a2b_base64(payload + b"=="))
        octets = a2b_base64(signature + b"==")
        verify(octets, token[: -len(signature) - 1], padding, chosen_hash)
        return claims

    return checked


def around(app: ASGIApp) -> ASGIApp:
    """A middleware that finds the token, digests it, looks the digest up, and hears whether an
    answer has begun, so as to know whether it could still refuse."""
    memory = Memory()

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        def started(message: Message) -> Any:
            nonlocal begun
            begun = True
            return send(message)

        for name, value in scope["headers"]:
            if name == b"authorization":
                scope["token"] = memory.token(value)
        await app(scope, receive, started)

    return guarded
