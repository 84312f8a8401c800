"""Which scopes a path needs, and how lately the token must have been asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks

_NOT_DECODED = re.compile(r"%[0-9A-Fa-f]{2}|[?#]")


def check_pattern(option: str, value: object) -> str:
    """A path pattern: ``/a/b``, ``/a/*`` (one segment), ``/a/**`` (that and all below)."""
    pattern = checks.text(option, value, '"/orders/**"')
    segments = pattern.split("/")[1:]
    if not pattern.startswith("/"):
        raise SettingsError(f'{option} is {pattern!r}: begin it with a slash, "/orders"')
    if "**" in segments[:-1]:
        raise SettingsError(f'{option} is {pattern!r}: "**" stands only at the end, "/orders/**"')
    for segment in segments:
        if "*" in segment and segment not in ("*", "**"):
            raise SettingsError(
                f"{option} is {pattern!r}: a star stands for a whole segment, "
                'write "/orders/*" for one segment or "/orders/**" for all below'
            )
    if _NOT_DECODED.search(pattern):
        raise SettingsError(
            f"{option} is {pattern!r}: write the path decoded and without a query, "
            '"/my files/**" for "/my%20files/**"'
        )
    if any(segment in ("", ".", "..") for segment in segments[:-1]) or segments[-1] in (".", ".."):
        raise SettingsError(f"{option} is {pattern!r}: write it without //, . and ..")
    return pattern


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests to ``path`` with one of ``methods`` need ``scopes`` (all), or ``any_scope``.

    ``methods`` empty means every method; GET covers HEAD. The first rule that matches decides.
    With ``introspect_every`` the authorization server must have been asked about the token, be
    it a JWT, so many seconds ago at most; 0 asks for each request.
    """

    path: str
    methods: Sequence[str] = field(default=(), kw_only=True)
    scopes: Sequence[str] = field(default=(), kw_only=True)
    any_scope: Sequence[str] = field(default=(), kw_only=True)
    introspect_every: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        path = check_pattern("path", self.path)
        # A trailing slash makes no difference to a rule: neither in a request nor here.
        object.__setattr__(self, "path", path.rstrip("/") or "/")
        methods = checks.names("methods", self.methods, '["POST"]')
        for method in methods:
            if not method.isalpha() or method != method.upper():
                raise SettingsError(f'methods names {method!r}: write upper case, ["GET", "POST"]')
        object.__setattr__(self, "methods", methods)
        object.__setattr__(self, "scopes", checks.scopes("scopes", self.scopes))
        object.__setattr__(self, "any_scope", checks.scopes("any_scope", self.any_scope))
        if self.introspect_every is not None:
            checks.number("introspect_every", self.introspect_every, low=0, high=86_400)
        demands_none = not self.scopes and not self.any_scope
        if (self.scopes and self.any_scope) or (demands_none and self.introspect_every is None):
            raise SettingsError(
                "a rule needs either scopes (all of them) or any_scope (one of them), or else "
                "introspect_every; a path that needs a token and no scope needs no rule"
            )
