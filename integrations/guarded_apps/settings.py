"""The guard of both applications, from plain data."""

from __future__ import annotations

import json
from pathlib import Path

from bearer_guard import Guard, SettingsError


def read_guard(settings: Path | None) -> Guard:
    """From a TOML or a JSON file; without one, from the variables ``BEARER_GUARD_*``."""
    if settings is None:
        return Guard.from_environment()
    if settings.suffix == ".toml":
        return Guard.from_toml(settings)
    if settings.suffix == ".json":
        return Guard.from_mapping(json.loads(settings.read_text("utf-8")))
    raise SettingsError(f"{settings.name} is neither a .toml nor a .json file")
