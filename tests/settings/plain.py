"""The three ways to write settings as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bearer_guard.settings import reading


def through_mapping(options: Mapping[str, Any], _room: Path) -> dict[str, Any]:
    return reading.guard_options(options)


def through_toml(options: Mapping[str, Any], room: Path) -> dict[str, Any]:
    path = room / "settings.toml"
    lines = [f"{json.dumps(name)} = {_toml(value)}" for name, value in options.items()]
    path.write_text("\n".join(lines))
    return reading.guard_options(reading.toml_options(path))


def through_environment(options: Mapping[str, Any], _room: Path) -> dict[str, Any]:
    """Each issuer, rule and policy of its own variables, each value as JSON."""
    environ = {"PATH": "/bin", "BEARER_GUARDIAN": "another", "bearer_guard_realm": "small"}
    _spread("BEARER_GUARD", options, environ)
    return reading.guard_options(reading.environment_options(environ))


Way = Callable[[Mapping[str, Any], Path], dict[str, Any]]
WAYS: Mapping[str, Way] = {
    "mapping": through_mapping,
    "TOML": through_toml,
    "environment": through_environment,
}
_PLACES = frozenset({"issuers", "rules", "introspection", "key_set", "shared", "upstream"})


def _spread(prefix: str, options: Mapping[str, Any], environ: dict[str, str]) -> None:
    for name, value in options.items():
        variable = (
            f"{prefix}_{name.upper()}" if prefix == "BEARER_GUARD" else f"{prefix}__{name.upper()}"
        )
        entries = [value] if name in _PLACES else []
        if isinstance(value, list) and name in _PLACES and value:
            for at, entry in enumerate(value):
                _one(f"{variable}__{at}", entry, environ)
        elif entries and isinstance(value, dict) and value:
            _spread(variable, value, environ)
        else:
            environ[variable] = json.dumps(value)


def _one(variable: str, entry: Any, environ: dict[str, str]) -> None:
    if isinstance(entry, dict) and entry:
        _spread(variable, entry, environ)
    else:
        environ[variable] = json.dumps(entry)


def _toml(value: Any) -> str:
    """TOML's strings, numbers and truth values are JSON's, arrays too; tables are not."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items())
        return f"{{{pairs}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float):
        return {"nan": "nan", "inf": "inf"}.get(str(value), repr(value))
    return json.dumps(value)


def is_plain(value: Any, *, with_none: bool) -> bool:
    """Whether a value can be written at all: TOML has no null."""
    if isinstance(value, Mapping):
        return all(is_plain(inner, with_none=with_none) for inner in value.values())
    if isinstance(value, list):
        return all(is_plain(inner, with_none=with_none) for inner in value)
    return isinstance(value, str | int | float) or (value is None and with_none)
