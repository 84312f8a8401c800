"""From a token's claims to a row of the user table."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db.models import CharField

from bearer_guard.access_token import AccessToken
from bearer_guard.django.refused import UserRefused
from bearer_guard.django.user_settings import UserLookup


def find(lookup: UserLookup, token: AccessToken) -> AbstractBaseUser | None:
    """The user, made if need be, or ``None``. Raises ``UserRefused``."""
    model: Any = get_user_model()
    texts = {name: _text(token, claim) for name, claim in lookup.lookup.items()}
    values = {name: _value(model, name, text) for name, text in texts.items()}
    try:
        if lookup.create:
            # For a race of two, this needs the uniqueness that the settings' check asks for.
            defaults = {"password": make_password(None)}
            user, _ = model._default_manager.get_or_create(defaults, **values)
        else:
            user = model._default_manager.get(**values)
    except model.DoesNotExist:
        return None
    except model.MultipleObjectsReturned:
        raise UserRefused("user_ambiguous", **texts) from None
    # Databases that do not tell "alice" from "Alice" find the one for the other.
    if any(str(getattr(user, name)) != text for name, text in texts.items()):
        return None
    if not lookup.allow_staff and any(
        getattr(user, mark, False) for mark in ("is_staff", "is_superuser")
    ):
        raise UserRefused("user_privileged", **texts)
    found: AbstractBaseUser = user
    return found


def _text(token: AccessToken, claim: str) -> str:
    """A claim as it is written. What is no text of one line is nobody's name."""
    claims = token.claims
    own = {"iss": token.issuer, "sub": token.subject}
    value = own[claim] if claim in own else claims.get(claim)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise UserRefused("user_unnamed", claim=claim)
    if claim == "email" and claims.get("email_verified") is not True:
        # OpenID Connect Core section 5.7: an unverified address is anybody's to claim.
        raise UserRefused("user_unnamed", claim="email_verified")
    return value


def _value(model: Any, name: str, text: str) -> object:
    """What the database would cut, or read in another way, or not at all, is nobody's name."""
    field = model._meta.get_field(name)
    try:
        value: object = field.to_python(text)
    except ValidationError:
        value = None
    too_long = isinstance(field, CharField) and len(text) > (field.max_length or len(text))
    if str(value) != text or too_long:
        raise UserRefused("user_unnamed", field=name)
    return value
