"""What is made of Django's settings: once, when it is first needed, and anew when they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from bearer_guard.errors import SettingsError
from bearer_guard.guard import Guard

GUARD = "BEARER_GUARD"
"""The setting that tells of the guard: the options of ``Guard.from_mapping``."""
_NOT_PLAIN_DATA = ("clock", "http_client")
"""Arguments of ``Guard`` that a mapping of plain data cannot hold, and settings in Python can."""

Made = TypeVar("Made")


class FromSettings(Generic[Made]):
    """A value that is made of some settings, for all threads."""

    def __init__(
        self,
        names: tuple[str, ...],
        make: Callable[..., Made],
        forget: Callable[[Made], object] = lambda _: None,
    ) -> None:
        self._names = names
        self._make = make
        self._forget = forget
        # The settings' values are held as well: an id means something for as long as they live.
        self._made: dict[tuple[int, ...], tuple[tuple[Any, ...], Made]] = {}
        setting_changed.connect(self._changed)

    def __call__(self) -> Made:
        """The value. Raises ``ImproperlyConfigured``."""
        values = tuple(getattr(settings, name, None) for name in self._names)
        key = tuple(map(id, values))
        found = self._made.get(key)
        if found is None:
            made = self._make(*values)
            # Of two threads that made one, both take the first; no lock that a fork could keep.
            found = self._made.setdefault(key, (values, made))
            if found[1] is not made:
                self._forget(made)
        return found[1]

    def _changed(self, *, setting: str, **_: object) -> None:
        if setting not in self._names:
            return
        while self._made:
            _, (_, made) = self._made.popitem()
            self._forget(made)


def _guard_of(options: Any) -> Guard:
    """Raises ``ImproperlyConfigured``."""
    more: dict[str, Any] = {}
    if options is None:
        raise ImproperlyConfigured(
            f"{GUARD} is missing: write into the settings {GUARD} = "
            '{"audience": "https://api.example.com", "issuers": ["https://login.example.com/"]}'
        )
    if isinstance(options, Mapping):
        more = {name: options[name] for name in _NOT_PLAIN_DATA if name in options}
        options = {name: value for name, value in options.items() if name not in more}
    try:
        return Guard.from_mapping(options, **more)
    except SettingsError as error:
        raise ImproperlyConfigured(f"{GUARD}: {error}") from error


_guard = FromSettings((GUARD,), _guard_of, Guard.close)


def guard() -> Guard:
    """The guard of ``settings.BEARER_GUARD``: one for the process, and another, the former closed,
    where a test overrides the setting. Raises ``ImproperlyConfigured``."""
    return _guard()
