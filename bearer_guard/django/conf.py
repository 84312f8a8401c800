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
"""The setting with the guard's options: those of ``Guard.from_mapping``."""
USER = "BEARER_GUARD_USER"
"""The setting that says whose ``request.user`` is."""
_NOT_PLAIN_DATA = ("clock", "http_client")
"""Arguments of ``Guard`` that plain data cannot hold, and settings written in Python can."""

Made = TypeVar("Made")


# What is not there is looked for once: Django says so by an exception, which takes time.
_absent: set[str] = set()


def value_of(name: str) -> Any:
    """A setting's value; ``None`` where there is no such setting."""
    if name in _absent:
        return None
    try:
        return getattr(settings, name)
    except AttributeError:
        _absent.add(name)
        return None


def _look_again(*, setting: str, **_: object) -> None:
    _absent.discard(setting)


setting_changed.connect(_look_again)


class FromSettings(Generic[Made]):
    """A value that is made of some settings, the same one for all threads."""

    def __init__(
        self,
        names: tuple[str, ...],
        make: Callable[..., Made],
        forget: Callable[[Made], object] = lambda _: None,
    ) -> None:
        self._name, self._names = names[0], names
        self._make = make
        self._forget = forget
        # By the first setting's value, which is held too: an id means something for as long as it
        # lives. That another one has changed Django says, and who changes this one may not.
        self._made: dict[int, tuple[Any, Made]] = {}
        setting_changed.connect(self._changed)

    def __call__(self) -> Made:
        """The value. Raises ``ImproperlyConfigured`` for a mistake in the settings."""
        value = getattr(settings, self._name, None)
        found = self._made.get(id(value))
        return self._make_once(value) if found is None else found[1]

    def _make_once(self, value: Any) -> Made:
        others = [getattr(settings, name, None) for name in self._names[1:]]
        try:
            made = self._make(value, *others)
        except SettingsError as error:
            raise _wrong(self._name, error) from error
        # Where two threads make one, both take the first, and the other has opened nothing: no
        # lock, which a fork might copy held.
        return self._made.setdefault(id(value), (value, made))[1]

    def _changed(self, *, setting: str, **_: object) -> None:
        while setting in self._names and self._made:
            self._forget(self._made.popitem()[1][1])


def _wrong(name: str, error: SettingsError) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}: {error}")


def _guard_of(options: Any) -> Guard:
    if options is None:
        raise SettingsError(
            'it is missing: write {"audience": "https://api.example.com", '
            '"issuers": ["https://login.example.com/"]}'
        )
    more: dict[str, Any] = {}
    if isinstance(options, Mapping):
        more = {name: options[name] for name in _NOT_PLAIN_DATA if name in options}
        options = {name: value for name, value in options.items() if name not in more}
    return Guard.from_mapping(options, **more)


guard = FromSettings((GUARD,), _guard_of, Guard.close)
"""Gives the guard of ``settings.BEARER_GUARD``: one for the process.

Where a test overrides the setting, another is made and this one closed. Raises
``ImproperlyConfigured`` for a mistake in the setting.
"""


def new_guard() -> Guard:
    """Another guard of the same setting, for whoever closes it. Raises as ``guard`` does."""
    try:
        return _guard_of(getattr(settings, GUARD, None))
    except SettingsError as error:
        raise _wrong(GUARD, error) from error
