"""``BEARER_GUARD_USER``: which of Django's users a token speaks for."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, TextField, UUIDField
from django.utils.module_loading import import_string

from bearer_guard.access_token import AccessToken
from bearer_guard.errors import SettingsError
from bearer_guard.settings import GuardSettings, checks
from bearer_guard.settings.issuer import part_names

UserFunction = Callable[[AccessToken], Any]
"""From a token to the user that it speaks for, or ``None``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLookup:
    """Users are looked up by what their tokens claim.

    By ``sub``, which an issuer gives to nobody else ever (OpenID Connect Core section 5.7), and
    by ``iss`` where the guard trusts several issuers (RFC 8725 section 3.8). Raises
    ``SettingsError`` for what is wrong or unsafe.
    """

    lookup: Mapping[str, str]
    """From fields of the user model to claims, compared exactly."""
    create: bool = False
    """Make a user that is not there yet: with these fields, without a password, and without any
    of Django's permissions."""
    allow_staff: bool = False
    """Let tokens speak for users with ``is_staff`` or ``is_superuser`` too."""
    trust_other_claims: bool = False
    """DANGER: look up by other claims than ``sub``. Whoever can have such a claim changed at the
    issuer, an e-mail address for one, becomes another user."""

    def __post_init__(self) -> None:
        example = '{"username": "sub"}'
        pairs = checks.text_mapping("lookup", self.lookup, example)
        if not pairs or any(len(claims) != 1 for claims in pairs.values()):
            raise SettingsError(f"lookup must name one claim for each field: write {example}")
        for option in ("create", "allow_staff", "trust_other_claims"):
            checks.flag(option, getattr(self, option))
        object.__setattr__(self, "lookup", {field: claims[0] for field, claims in pairs.items()})
        if not self.trust_other_claims and set(self.lookup.values()) - {"iss"} != {"sub"}:
            raise SettingsError(
                "lookup must go by sub (and iss) and by nothing else: other claims may change, or "
                f"name somebody else one day; write {example}, or trust_other_claims as well"
            )


def read(options: Any, guard: GuardSettings) -> UserLookup | UserFunction:
    """What the setting says. Raises ``SettingsError``."""
    if isinstance(options, Mapping):
        lookup = UserLookup(**_known(options))
        _check_issuers(lookup, guard)
        _check_model(lookup, get_user_model())
        return lookup
    return _function(options)


def _known(options: Mapping[str, Any]) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(UserLookup)]
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, 1)
            advice = f"did you mean {near[0]}?" if near else f"the options are {', '.join(names)}"
            raise SettingsError(f"{name} is not an option: {advice}")
    if "lookup" not in options:
        raise SettingsError('lookup is missing: write "lookup": {"username": "sub"}')
    return dict(options)


def _check_issuers(lookup: UserLookup, guard: GuardSettings) -> None:
    several = len(guard.issuers) > 1 or any(part_names(one.issuer) for one in guard.issuers)
    if several and "iss" not in lookup.lookup.values():
        raise SettingsError(
            "the guard trusts several issuers, and a subject of one may be another person at the "
            'next (RFC 8725 section 3.8): look up by "iss" too, or name a function'
        )


def _check_model(lookup: UserLookup, model: Any) -> None:
    if not issubclass(model, AbstractBaseUser):
        raise SettingsError(f"{model.__name__} is no AbstractBaseUser: name a function")
    for name in lookup.lookup:
        try:
            field: Any = model._meta.get_field(name)
        except FieldDoesNotExist:
            field = None
        if not isinstance(field, (CharField, TextField, UUIDField)) or name == "password":
            raise SettingsError(
                f"lookup names {name!r}, which is no text of {model.__name__}: name a field of "
                "its own that holds text or a UUID; for all else, name a function"
            )
    if lookup.create and not _is_unique(frozenset(lookup.lookup), model._meta):
        raise SettingsError(
            f"create needs fields that are unique, for {', '.join(lookup.lookup)} may be those "
            "of several users: add a UniqueConstraint to the model"
        )


def _is_unique(names: frozenset[str], meta: Any) -> bool:
    together = [*meta.unique_together, *(each.fields for each in meta.total_unique_constraints)]
    return any(meta.get_field(name).unique for name in names) or any(
        names.issuperset(fields) for fields in together
    )


def _function(value: Any) -> UserFunction:
    try:
        function = import_string(value) if isinstance(value, str) else value
    except ImportError as error:
        raise SettingsError(f"{value!r} cannot be imported: {error}") from None
    if not callable(function) or iscoroutinefunction(function):
        raise SettingsError(
            'it must be a mapping, {"lookup": {"username": "sub"}}, or the dotted path of a '
            "function, not an async one, from a token to a user"
        )
    found: UserFunction = function
    return found
