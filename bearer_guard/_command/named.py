"""A guard of the user's own program, by its name: ``shop.main:guard``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from bearer_guard.errors import SettingsError
from bearer_guard.guard import Guard

_EXTENSION = "bearer_guard"


def guard_named(name: str) -> Guard:
    """The guard that a module holds, or that of its Flask or Quart application.

    Raises ``SettingsError``; and whatever the module raises when it is imported.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise SettingsError(f"--guard is {name!r}: write MODULE:NAME, as shop.main:guard")
    # As `python -m` does, and servers do: the program need not be installed.
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise SettingsError(
            f"--guard names the module {module}, which is not there: run this where your server "
            "is started from"
        ) from None
    held: object = found
    for part in attribute.split("."):
        held = getattr(held, part, None)
    extensions = getattr(held, "extensions", None)
    if isinstance(extensions, dict):
        held = extensions.get(_EXTENSION)
    if not isinstance(held, Guard):
        raise SettingsError(
            f"--guard: {module} has no guard named {attribute}: name a Guard, or a Flask or Quart "
            "application that has one"
        )
    return held
