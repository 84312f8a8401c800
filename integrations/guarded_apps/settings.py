"""The guard of both applications, from plain data."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bearer_guard import Guard, SettingsError


def read_guard() -> Guard:
    """From the TOML or JSON file that ``API_SETTINGS`` names; without one, from the
    variables ``BEARER_GUARD_*``."""
    named = os.environ.get("API_SETTINGS")
    if not named:
        return Guard.from_environment()
    settings = Path(named)
    if settings.suffix == ".toml":
        return Guard.from_toml(settings)
    if settings.suffix == ".json":
        return Guard.from_mapping(json.loads(settings.read_text("utf-8")))
    raise SettingsError(f"{settings.name} is neither a .toml nor a .json file")
