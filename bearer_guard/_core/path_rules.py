"""Public paths and the scopes that paths need.

A rule sees what the application sees: the decoded path below the mount point, in whole
segments. Every path needs a token unless it is public. What two readers could read in two
ways is never public, and needs the scopes of every reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from bearer_guard.errors import SettingsError
from bearer_guard.request import RequestView
from bearer_guard.settings import GuardSettings
from bearer_guard.settings.rule import Rule

# An escaped slash, backslash or dot: in what was sent, or (escaped twice) still after decoding.
_HIDDEN = re.compile(r"%(?:2f|5c|2e)", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")
_ODD = re.compile(r"//|/\.{1,2}(?:/|\Z)|[\\\x00-\x1f\x7f\ufffd]")


class Requirement(NamedTuple):
    """The scopes that a request needs: all of ``scopes``, and one of each of ``any_scopes``.
    And how old what its authorization server said of it may be, where that matters."""

    scopes: tuple[str, ...]
    any_scopes: tuple[tuple[str, ...], ...]
    introspect_every: float | None = None

    def named(self) -> tuple[str, ...]:
        """Every scope for the challenge, in the order of the settings, each once."""
        alternatives = [scope for choice in self.any_scopes for scope in choice]
        return tuple(dict.fromkeys((*self.scopes, *alternatives)))

    def is_met_by(self, granted: frozenset[str]) -> bool:
        """Whether these scopes suffice."""
        if not granted.issuperset(self.scopes):
            return False
        # Most requests have no choice to make, and a generator would cost them too.
        choices = self.any_scopes
        return not choices or all(not granted.isdisjoint(choice) for choice in choices)


class PathRules:
    """A guard's ``public``, ``rules`` and ``required_scopes``, prepared once.

    Raises ``SettingsError`` for a rule that can never decide anything: whoever wrote it
    believes in a protection that is not there.
    """

    def __init__(self, settings: GuardSettings) -> None:
        _check_order(settings.public, settings.rules)
        self._public = tuple(_compiled(pattern, "") for pattern in settings.public)
        self._rules = tuple((_compiled(rule.path, "/?"), rule) for rule in settings.rules)
        self._always = Requirement(tuple(settings.required_scopes), ())
        self._preflight = settings.preflight

    def needed(self, request: RequestView) -> Requirement | None:
        """What the request needs beside a good token; ``None`` where it needs no token at all."""
        if self._preflight and request.method == "OPTIONS" and _is_preflight(request):
            return None
        if self._public and self._is_public(request):
            return None
        return self.requirement(request) if self._rules else self._always

    def _is_public(self, request: RequestView) -> bool:
        path = request.path or "/"
        if _is_ambiguous(path, request.raw_path):
            return False
        if self._deciding_rule(path, request.method) is not None:
            return False
        return any(pattern.fullmatch(path) for pattern in self._public)

    def requirement(self, request: RequestView) -> Requirement:
        """What a request that is not public needs, beside a good token."""
        path = request.path or "/"
        readings = {path}
        if _is_ambiguous(path, request.raw_path):
            readings.update(_other_readings(path))
        deciding = [self._deciding_rule(reading, request.method) for reading in sorted(readings)]
        rules = [rule for rule in deciding if rule is not None]
        scopes = [*self._always.scopes, *(scope for rule in rules for scope in rule.scopes)]
        choices = dict.fromkeys(tuple(rule.any_scope) for rule in rules if rule.any_scope)
        ages = [rule.introspect_every for rule in rules if rule.introspect_every is not None]
        return Requirement(tuple(dict.fromkeys(scopes)), tuple(choices), min(ages, default=None))

    def _deciding_rule(self, path: str, method: str) -> Rule | None:
        for pattern, rule in self._rules:
            if _covers_method(rule, method) and pattern.fullmatch(path):
                return rule
        return None


def _is_preflight(request: RequestView) -> bool:
    """The Fetch standard's CORS preflight: browsers send it without credentials."""
    return bool(
        request.header_values(b"origin") and request.header_values(b"access-control-request-method")
    )


def _covers_method(rule: Rule, method: str) -> bool:
    """RFC 9110 section 9.3.2: HEAD is GET without a body, hence needs what GET needs."""
    return (
        not rule.methods or method in rule.methods or (method == "HEAD" and "GET" in rule.methods)
    )


def _compiled(pattern: str, end: str) -> re.Pattern[str]:
    """``end`` lets a rule cover a trailing slash, which many frameworks do not tell apart."""
    segments = pattern.split("/")[1:]
    below = segments[-1] == "**"
    plain = segments[:-1] if below else segments
    found = "".join("/" + ("[^/]+" if part == "*" else re.escape(part)) for part in plain)
    return re.compile(found + ("(?:/.*)?" if below else end), re.DOTALL)


def _is_ambiguous(path: str, raw_path: str) -> bool:
    # A server may cut its mount point off in the middle of a segment: "/apiadmin" below "/api".
    # Some frameworks then add the slash that is missing.
    return bool(
        not path.startswith("/")
        or _ODD.search(path)
        or _HIDDEN.search(path)
        or _HIDDEN.search(raw_path)
    )


def _other_readings(path: str) -> Iterable[str]:
    """How servers and frameworks that tidy a path would read it: those that resolve dot segments,
    those that join slashes, and those that do both, in either order; and those that overlook
    control characters, as "$" at the end of a route's regular expression does a line feed."""
    plain = _HIDDEN.sub(lambda found: {"2f": "/", "5c": "/", "2e": "."}[found[0][1:].lower()], path)
    plain = plain.replace("\\", "/")
    plain = plain if plain.startswith("/") else f"/{plain}"
    for base in dict.fromkeys((plain, _UNSEEN.sub("", plain))):
        for reading in (base, _joined(base)):
            yield reading
            yield _resolved(reading)
            yield _joined(_resolved(reading))


def _joined(path: str) -> str:
    return re.sub(r"/{2,}", "/", path)


def _resolved(path: str) -> str:
    """RFC 3986 section 5.2.4: ``..`` takes one segment with it, be it empty."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    ends_open = segments[-1:] in ([".."], ["."])
    return "/" + "/".join(kept) + ("/" if ends_open and kept else "")


def _check_order(public: Iterable[str], rules: Iterable[Rule]) -> None:
    earlier: list[Rule] = []
    for rule in rules:
        for before in earlier:
            if _covers_methods(before, rule) and _covers_path(before.path, rule.path):
                raise SettingsError(
                    f"rules: {rule.path!r} never decides, since {before.path!r} stands before it "
                    "and the first match decides: write the narrower rule first, or delete it"
                )
        earlier.append(rule)
    for pattern in public:
        for rule in earlier:
            if not rule.methods and _covers_path(rule.path, pattern):
                raise SettingsError(
                    f"public names {pattern!r}, which the rule for {rule.path!r} covers, and a "
                    "rule is stronger: delete one of the two"
                )


def _covers_methods(before: Rule, rule: Rule) -> bool:
    if not before.methods:
        return True
    return bool(rule.methods) and all(_covers_method(before, name) for name in rule.methods)


def _covers_path(wide: str, narrow: str) -> bool:
    """Whether every path that ``narrow`` matches is matched by ``wide`` too."""
    wide_parts, narrow_parts = wide.split("/")[1:], narrow.split("/")[1:]
    for index, part in enumerate(wide_parts):
        if part == "**":
            return True
        if index == len(narrow_parts):
            return False
        if narrow_parts[index] == "**" or part not in ("*", narrow_parts[index]):
            return False
    return len(wide_parts) == len(narrow_parts)
