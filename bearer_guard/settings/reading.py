"""Settings as plain data: a mapping, a TOML file, environment variables. One schema for all.

The names are those of the classes. An issuer may be a mere string, a nested class is a
mapping, and any string may be ``{"env": "NAME"}``, to keep a secret out of a file.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from bearer_guard.errors import SettingsError
from bearer_guard.settings import presets
from bearer_guard.settings.guard import GuardSettings
from bearer_guard.settings.introspection import Introspection
from bearer_guard.settings.issuer import Issuer
from bearer_guard.settings.policies import KeySetPolicy, UpstreamPolicy
from bearer_guard.settings.rule import Rule
from bearer_guard.settings.shared import Shared

_PREFIX = "BEARER_GUARD_"
_NESTED: Mapping[str, type] = {
    "introspection": Introspection,
    "key_set": KeySetPolicy,
    "upstream": UpstreamPolicy,
}
_OF_CLAIMS = (".required_claims", ".claims_if_present", ".parts")
"""Options whose names are the issuer's, and may be ``env``."""

Made = TypeVar("Made")


def guard_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for ``Guard``. Raises ``SettingsError`` with the place of what is wrong."""
    if not isinstance(options, Mapping):
        raise SettingsError('the settings must be a mapping: {"audience": …, "issuers": […]}')
    found = _known(_names(GuardSettings), _resolved(options, ""), "")
    for needed in ("audience", "issuers"):
        if needed not in found:
            raise SettingsError(f"{needed} is missing: write it into the settings")
    issuers = _listed("issuers", found["issuers"], '["https://login.example.com/"]')
    found["issuers"] = [_issuer(entry, f"issuers[{at}]") for at, entry in enumerate(issuers)]
    if found.get("shared") is not None:
        found["shared"] = _made(Shared, found["shared"], "shared")
    if "rules" in found:
        example = '[{"path": "/orders/**", "scopes": ["orders:read"]}]'
        rules = _listed("rules", found["rules"], example)
        found["rules"] = [_made(Rule, entry, f"rules[{at}]") for at, entry in enumerate(rules)]
    return found


def _resolved(value: Any, where: str) -> Any:
    """``value`` with every ``{"env": "NAME"}`` in it replaced by the variable's value."""
    if isinstance(value, (list, tuple)):
        return [_resolved(inner, f"{where}[{at}]") for at, inner in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"env"} and not where.endswith(_OF_CLAIMS):
        name = value["env"]
        if not isinstance(name, str) or name not in os.environ:
            raise SettingsError(
                f"{where} is read from the variable {name}, which is not set: set it"
            )
        return os.environ[name]
    dot = "." if where else ""
    return {name: _resolved(inner, f"{where}{dot}{name}") for name, inner in value.items()}


def _listed(option: str, value: object, example: str) -> list[Any]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise SettingsError(f"{option} must be a list: write {example}")
    return value


def _issuer(entry: object, where: str) -> Issuer:
    if isinstance(entry, str):
        entry = {"issuer": entry}
    if isinstance(entry, Mapping) and "preset" in entry:
        return _preset(entry, where)
    return _made(Issuer, entry, where)


def _preset(entry: Mapping[str, Any], where: str) -> Issuer:
    name = entry["preset"]
    make = presets.BY_NAME.get(name) if isinstance(name, str) else None
    if make is None:
        known = ", ".join(presets.BY_NAME)
        raise SettingsError(f"{where}.preset is {name!r}: write one of {known}")
    own = [one for one in signature(make).parameters.values() if one.kind is not one.VAR_KEYWORD]
    names = [one.name for one in own]
    names += [option for option in _names(Issuer) if option not in presets.SET_BY_PRESETS]
    given = {option: value for option, value in entry.items() if option != "preset"}
    options = _known(names, given, f"{where}.")
    for one in own:
        if one.default is one.empty and one.name not in options:
            raise SettingsError(f"{where}.{one.name} is missing: write it")
    return _called(make, options, where)


def _made(cls: type[Made], entry: object, where: str) -> Made:
    if isinstance(entry, cls):
        return entry
    if not isinstance(entry, Mapping):
        raise SettingsError(f"{where} must be a mapping with the options of {cls.__name__}")
    options = _known(_names(cls), entry, f"{where}.")
    first = dataclasses.fields(cls)[0]  # type: ignore[arg-type]
    if first.default is dataclasses.MISSING and first.name not in options:
        raise SettingsError(f"{where}.{first.name} is missing: write it")
    return _called(cls, options, where)


def _called(make: Callable[..., Made], options: dict[str, Any], where: str) -> Made:
    for name, nested in _NESTED.items():
        if name in options:
            options[name] = _made(nested, options[name], f"{where}.{name}")
    try:
        return make(**options)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None


def _names(cls: type) -> list[str]:
    return [field.name for field in dataclasses.fields(cls)]


def _known(names: list[str], entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The entry's values, every name of which is an option."""
    for name in entry:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, 1)
            advice = f"did you mean {near[0]}?" if near else f"the options are {', '.join(names)}"
            raise SettingsError(f"{where}{name} is not an option: {advice}")
    return dict(entry)


def toml_options(path: Path) -> Mapping[str, Any]:
    """The options in a TOML file. Raises ``SettingsError`` when it cannot be read."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}") from None
    table = document.get("bearer_guard", document)
    if not isinstance(table, Mapping):
        raise SettingsError(f"{path}: bearer_guard must be a table, [bearer_guard]")
    return table


def json_options(path: Path) -> Mapping[str, Any]:
    """The options in a JSON file, an object. Raises ``SettingsError`` when it cannot be read."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise SettingsError(f'{path}: write an object, {{"audience": …, "issuers": […]}}')
    return document


def environment_options(environ: Mapping[str, str]) -> dict[str, Any]:
    """The options in variables that begin with ``BEARER_GUARD_``.

    Two underscores lead into a nested option, a number into a list:
    ``BEARER_GUARD_ISSUERS__0__INTROSPECTION__CLIENT_ID``. A value that is JSON is read as JSON,
    so ``["a", "b"]`` is a list and ``30`` a number; write a string that looks like JSON in
    quotes, ``"30"``.
    """
    tree: dict[str, Any] = {}
    for name in sorted(environ):
        if name.startswith(_PREFIX):
            _plant(tree, _steps(name), _from_json(environ[name]), name)
    return {name: _lists(value) for name, value in tree.items()}


def _steps(name: str) -> list[str]:
    """The options are in small letters; what an issuer names itself keeps its own."""
    steps: list[str] = []
    for step in name.removeprefix(_PREFIX).split("__"):
        is_the_issuers = any(f".{option}" in _OF_CLAIMS for option in steps)
        steps.append(step if is_the_issuers else step.lower())
    return steps


def _plant(tree: dict[str, Any], steps: list[str], value: Any, name: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
        if not isinstance(tree, dict):
            raise SettingsError(f"{name} goes into an option that another variable gives whole")
    tree[steps[-1]] = value


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _lists(value: Any) -> Any:
    """Mappings whose names are all numbers are lists."""
    if not isinstance(value, dict):
        return value
    if value and all(name.isascii() and name.isdecimal() for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(inner) for name, inner in value.items()}
