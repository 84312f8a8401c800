"""The checks that several settings share. Each returns the value in its settled form."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from bearer_guard.errors import SettingsError

SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749 section 3.3."""
BEARER_CREDENTIALS = re.compile(r"[\x21-\x7e]+")
"""What can stand in a header behind ``Bearer`` (RFC 9110 section 5.5, less white space)."""
_SUBPROTOCOL = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")

Choice = TypeVar("Choice", bound=str)


def text(option: str, value: object, example: str) -> str:
    """A string of printable ASCII characters, not empty."""
    if not isinstance(value, str) or not _PRINTABLE.fullmatch(value):
        raise SettingsError(
            f"{option} must be a string of printable ASCII characters: write for example {example}"
        )
    return value


def secret(option: str, value: object) -> str:
    """A string, not empty; never shown in a message."""
    if not isinstance(value, str) or not value:
        raise SettingsError(f"{option} must be a string that is not empty")
    return value


def names(option: str, value: object, example: str) -> tuple[str, ...]:
    """One string or several, as a tuple without repetition."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, Iterable) or isinstance(value, (bytes, Mapping)):
        raise SettingsError(f"{option} must be a list of strings: write for example {example}")
    return tuple(dict.fromkeys(text(f"each of {option}", name, example) for name in value))


def scopes(option: str, value: object) -> tuple[str, ...]:
    """Scope names in the characters that RFC 6749 section 3.3 allows."""
    found = names(option, value, '["orders:read"]')
    for scope in found:
        if not SCOPE_TOKEN.fullmatch(scope):
            raise SettingsError(
                f"{option} names {scope!r}, and a scope holds no space, quote or backslash "
                '(RFC 6749 section 3.3): write each scope as a string of its own, ["a", "b"]'
            )
    return found


def subprotocol(option: str, value: object) -> str:
    """A WebSocket subprotocol's name: a token (RFC 6455 section 4.1, RFC 9110 section 5.6.2)."""
    if not isinstance(value, str) or not _SUBPROTOCOL.fullmatch(value):
        raise SettingsError(
            f"{option} must be the name of a subprotocol, letters and digits without a space: "
            'write for example "bearer"'
        )
    return value


def flag(option: str, value: object) -> bool:
    """True or False and nothing that merely looks like it."""
    if not isinstance(value, bool):
        raise SettingsError(f"{option} must be true or false")
    return value


def number(
    option: str, value: object, *, low: float, high: float, unit: str = "seconds"
) -> int | float:
    """A finite number within bounds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise SettingsError(f"{option} must be a number of {unit} from {low:g} to {high:g}")
    return value


def count(option: str, value: object, *, low: int, high: int) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{option} must be a whole number from {low} to {high}")
    return value


def one_of(option: str, value: object, choices: tuple[Choice, ...]) -> Choice:
    """One of a few words."""
    for choice in choices:
        if value == choice:
            return choice
    raise SettingsError(f"{option} must be one of {', '.join(choices)}")


def is_loopback(host: str | None) -> bool:
    """Whether a host is this very machine, by name or by address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def split_url(url: str) -> SplitResult | None:
    """The parts of an absolute http(s) URL, or ``None`` when it is none or carries oddities."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    odd = "@" in parts.netloc or port == 0 or not _PRINTABLE.fullmatch(url) or " " in url
    if parts.scheme not in ("http", "https") or not parts.hostname or odd:
        return None
    return parts


def may_be_asked(parts: SplitResult) -> bool:
    """TLS everywhere (RFC 6750 section 5.3), save on loopback, where it protects nothing."""
    return parts.scheme == "https" or is_loopback(parts.hostname)


def url(option: str, value: object) -> str:
    """An https URL (or http on loopback) that can be asked, without fragment or user."""
    parts = split_url(value) if isinstance(value, str) else None
    if parts is None or parts.fragment or "#" in str(value):
        raise SettingsError(
            f'{option} must be an absolute URL: write for example "https://login.example.com/keys"'
        )
    if not may_be_asked(parts):
        raise SettingsError(
            f"{option} is plain http, and tokens and keys travel only under TLS "
            "(RFC 6750 section 5.3): write https:// (http is taken on loopback alone)"
        )
    return str(value)


def text_mapping(option: str, value: object, example: str) -> dict[str, tuple[str, ...]]:
    """A mapping from a name to the one or the several values that it may have."""
    if not isinstance(value, Mapping):
        raise SettingsError(f"{option} must be a mapping: write for example {example}")
    return {
        text(f"each name in {option}", name, example): names(f"{option}[{name!r}]", allowed, "a")
        for name, allowed in value.items()
    }


def instance(option: str, value: object, kinds: type | tuple[type, ...], example: str) -> None:
    """A value of the library's own types."""
    if not isinstance(value, kinds):
        raise SettingsError(f"{option} must be made like this: {example}")
