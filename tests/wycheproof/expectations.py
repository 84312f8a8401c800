"""The vectors, and what the library must make of each."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

FILES: Final = ("json_web_signature", "json_web_key", "json_web_crypto")
_HERE: Final = Path(__file__).parent

_OTHER_ALGORITHM: Final = (
    "the key's alg is PS256 and the token's PS384: RFC 7517 section 4.4 ties a key to its alg"
)
_NO_ALGORITHM: Final = (
    "the key's alg is ES521, which is none: RFC 7518 section 3.1 has ES512 for P-521"
)
_NOT_BASE64URL: Final = "a question mark is no character of base64url: RFC 7515 section 2"

NOT_AS_LABELLED: Final[Mapping[tuple[str, int], str]] = {
    ("json_web_signature", 346): _OTHER_ALGORITHM,
    ("json_web_signature", 350): _OTHER_ALGORITHM,
    ("json_web_signature", 347): _NO_ALGORITHM,
    ("json_web_signature", 351): _NO_ALGORITHM,
    ("json_web_signature", 372): _NOT_BASE64URL,
    ("json_web_signature", 373): _NOT_BASE64URL,
}
"""Vectors that are labelled valid and refused here, and why."""


class Vector(NamedTuple):
    """One test case with the keys that go with it."""

    file: str
    number: int
    comment: str
    label: str
    kind: str
    """``jws`` or ``jwe``."""
    text: bytes
    keys: bytes
    """The group's public keys as a JWK Set document; where it has none, its private ones."""

    @property
    def is_symmetric(self) -> bool:
        """Whether its header names an HMAC."""
        header = self.text.partition(b".")[0].replace(b"?", b"")
        try:
            alg = json.loads(base64.urlsafe_b64decode(header + b"==")).get("alg", "")
        except (ValueError, AttributeError):
            return False
        return str(alg).startswith("HS")

    @property
    def is_good(self) -> bool:
        """Whether the library must accept it."""
        labelled = self.label == "valid" and (self.file, self.number) not in NOT_AS_LABELLED
        return labelled and self.kind == "jws" and not self.is_symmetric

    def __str__(self) -> str:
        return f"{self.file}-{self.number}-{self.comment}"


def document(file: str) -> dict[str, Any]:
    """One file, as it is."""
    found: dict[str, Any] = json.loads((_HERE / f"{file}_test.json").read_text("utf-8"))
    return found


def vectors() -> Iterator[Vector]:
    """Every vector of every file."""
    for file in FILES:
        for group in document(file)["testGroups"]:
            keys = group.get("public") or group["private"]
            key_set = keys if "keys" in keys else {"keys": [keys]}
            for case in group["tests"]:
                kind = "jws" if "jws" in case else "jwe"
                yield Vector(
                    file,
                    case["tcId"],
                    case["comment"],
                    case["result"],
                    kind,
                    _octets(case[kind]),
                    json.dumps(key_set).encode(),
                )


def _octets(case: object) -> bytes:
    """A JSON serialisation stands in a file as text or as the object itself."""
    return (case if isinstance(case, str) else json.dumps(case)).encode()
