"""``BEARER_GUARD_USER`` wrongly or unsafely written: refused at the start, with what to write."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django_world import Options, project

from bearer_guard import AccessToken, Issuer
from bearer_guard.django import users

STOCK, MEMBER, GUEST, THING = "auth.User", "people.Member", "people.Guest", "people.Thing"


async def async_function(token: AccessToken) -> Any:
    raise AssertionError("it is not reached")


WRONG: dict[str, tuple[Any, str, str]] = {
    "nothing": ({}, STOCK, 'lookup is missing: write "lookup": {"username": "sub"}'),
    "a typing error": (
        {"lookup": {"username": "sub"}, "crate": True},
        STOCK,
        "crate is not an option: did you mean create?",
    ),
    "an unknown option": (
        {"lookup": {"username": "sub"}, 5: True},
        STOCK,
        "5 is not an option: the options are lookup, create, allow_staff, trust_other_claims",
    ),
    "no lookup": ({"lookup": {}}, STOCK, "lookup must name one claim for each field"),
    "two claims": (
        {"lookup": {"username": ["sub", "email"]}},
        STOCK,
        "lookup must name one claim for each field",
    ),
    "a list": ({"lookup": ["username"]}, STOCK, "lookup must be a mapping"),
    "no flag": ({"lookup": {"username": "sub"}, "create": 1}, STOCK, "create must be true or"),
    "staff": (
        {"lookup": {"username": "sub"}, "allow_staff": "no"},
        STOCK,
        "allow_staff must be true or false",
    ),
    "by e-mail": ({"lookup": {"email": "email"}}, STOCK, "lookup must go by sub"),
    "by e-mail too": (
        {"lookup": {"username": "sub", "email": "email"}},
        STOCK,
        "lookup must go by sub",
    ),
    "by issuer alone": ({"lookup": {"username": "iss"}}, STOCK, "lookup must go by sub"),
    "no field": (
        {"lookup": {"nickname": "sub"}},
        STOCK,
        "lookup names 'nickname', which is no text of User",
    ),
    "another comparison": (
        {"lookup": {"username__iexact": "sub"}},
        STOCK,
        "lookup names 'username__iexact', which is no text of User",
    ),
    "a privilege": (
        {"lookup": {"is_superuser": "sub"}},
        STOCK,
        "lookup names 'is_superuser', which is no text of User",
    ),
    "groups": ({"lookup": {"groups": "sub"}}, STOCK, "lookup names 'groups'"),
    "the other side of a relation": ({"lookup": {"logentry": "sub"}}, STOCK, "'logentry'"),
    "a password": ({"lookup": {"password": "sub"}}, STOCK, "lookup names 'password'"),
    "a number": ({"lookup": {"id": "sub"}}, STOCK, "lookup names 'id'"),
    "no user model": ({"lookup": {"name": "sub"}}, THING, "Thing is no AbstractBaseUser"),
    "create without uniqueness": (
        {"lookup": {"first_name": "sub"}, "create": True},
        STOCK,
        "create needs fields that are unique, for first_name may be those of several users",
    ),
    "create with half of it": (
        {"lookup": {"subject": "sub"}, "create": True},
        MEMBER,
        "create needs fields that are unique",
    ),
    "no such module": ("shop.users.user_of", STOCK, "'shop.users.user_of' cannot be imported"),
    "no path": ("user_of", STOCK, "'user_of' cannot be imported"),
    "no function": ("os.sep", STOCK, "it must be a mapping,"),
    "an async function": (f"{__name__}.async_function", STOCK, "a function, not an async one"),
    "a number in its place": (5, STOCK, "it must be a mapping,"),
}


@pytest.mark.parametrize(("setting", "model", "message"), WRONG.values(), ids=list(WRONG))
def test_a_mistake_shows_when_the_application_starts(
    setting: Any, model: str, message: str, options: Options
) -> None:
    more = {"BEARER_GUARD_USER": setting, "AUTH_USER_MODEL": model}
    with project(options(), **more), pytest.raises(ImproperlyConfigured) as raised:
        WSGIHandler()
    assert str(raised.value).startswith("BEARER_GUARD_USER: ")
    assert message in str(raised.value)


RIGHT: dict[str, tuple[Any, str]] = {
    "by subject": ({"lookup": {"username": "sub"}}, STOCK),
    "by both": ({"lookup": {"issuer": "iss", "subject": "sub"}, "create": True}, MEMBER),
    "by a uuid": ({"lookup": {"key": "sub"}, "create": True}, MEMBER),
    "by a text": ({"lookup": {"note": "sub"}}, MEMBER),
    "unique together": ({"lookup": {"house": "iss", "name": "sub"}, "create": True}, GUEST),
    "unique and more": (
        {"lookup": {"key": "sub", "issuer": "iss"}, "create": True},
        MEMBER,
    ),
    "another claim, knowingly": (
        {"lookup": {"email": "email"}, "trust_other_claims": True},
        STOCK,
    ),
}


@pytest.mark.parametrize(("setting", "model"), RIGHT.values(), ids=list(RIGHT))
def test_what_is_right_is_taken(setting: Any, model: str, options: Options) -> None:
    with project(options(), BEARER_GUARD_USER=setting, AUTH_USER_MODEL=model):
        WSGIHandler()
        assert users.finder() is not None


TEMPLATE = "https://login.example.com/apps/{application}"


@pytest.mark.parametrize(
    "issuers",
    [
        ["https://login.example.com/", "https://other.example.com/"],
        [Issuer(TEMPLATE)],
        [Issuer(TEMPLATE, parts={"application": ["a"]})],
    ],
    ids=["two", "template", "pinned_template"],
)
@pytest.mark.parametrize("more", [{}, {"trust_other_claims": True}], ids=["sub", "other_claims"])
def test_a_subject_alone_is_no_name_among_several_issuers(
    issuers: list[Any], more: dict[str, Any], options: Options
) -> None:
    by_subject = {"lookup": {"subject": "sub"}, **more}
    by_both = {"lookup": {"issuer": "iss", "subject": "sub"}, **more}
    given = options(issuers=issuers)
    unsafe = project(given, BEARER_GUARD_USER=by_subject, AUTH_USER_MODEL=MEMBER)
    with unsafe, pytest.raises(ImproperlyConfigured, match=r"RFC 8725 section 3\.8"):
        WSGIHandler()
    with project(given, BEARER_GUARD_USER=by_both, AUTH_USER_MODEL=MEMBER):
        WSGIHandler()


def test_it_is_judged_anew_when_the_guards_issuers_change(options: Options) -> None:
    with project(options(), BEARER_GUARD_USER={"lookup": {"username": "sub"}}):
        users.finder()
        two = options(issuers=["https://login.example.com/", "https://other.example.com/"])
        with project(two), pytest.raises(ImproperlyConfigured, match="several issuers"):
            users.finder()
        assert users.finder() is users.finder()


def test_users_that_are_not_installed_are_told_of(options: Options) -> None:
    more: dict[str, Any] = {
        "BEARER_GUARD_USER": {"lookup": {"username": "sub"}},
        "INSTALLED_APPS": ["bearer_guard.django"],
    }
    expected = pytest.raises(ImproperlyConfigured, match="AUTH_USER_MODEL refers to model")
    with project(options(), **more), expected:
        WSGIHandler()
