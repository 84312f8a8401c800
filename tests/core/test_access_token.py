"""The value that a guarded application gets."""

from __future__ import annotations

import copy
import pickle

import pytest

from bearer_guard import AccessToken, InsufficientScope


def made(*scopes: str) -> AccessToken:
    return AccessToken(
        "https://login.example.com/",
        "user-1",
        "client-1",
        ("https://api.example.com",),
        frozenset(scopes),
        1_800_000_300,
        None,
        '{"sub": "user-1", "roles": ["a"]}',
    )


def test_it_tells_what_was_verified() -> None:
    token = made("a", "b")
    assert token.issuer == "https://login.example.com/"
    assert (token.subject, token.client_id) == ("user-1", "client-1")
    assert token.audience == ("https://api.example.com",)
    assert token.scopes == {"a", "b"}
    assert (token.expires_at, token.not_before) == (1_800_000_300, None)
    assert token.claims == {"sub": "user-1", "roles": ["a"]}


def test_what_one_request_does_to_its_claims_reaches_no_other() -> None:
    """The value is shared by all requests that carry the token."""
    token = made()
    claims = token.claims
    claims["roles"].append("admin")
    claims["sub"] = "root"
    assert token.claims == {"sub": "user-1", "roles": ["a"]}


@pytest.mark.parametrize(
    ("asked", "every", "some"),
    [
        (("a",), True, True),
        (("a", "b"), True, True),
        (("a", "c"), False, True),
        (("c",), False, False),
        (("A",), False, False),
        (("a b",), False, False),
        ((), True, False),
    ],
)
def test_scopes_are_exact_members_of_a_set(asked: tuple[str, ...], every: bool, some: bool) -> None:
    """O-03, RFC 6749 section 3.3: several mean all of them; any of them is another call."""
    token = made("a", "b")
    assert token.has_scopes(*asked) is every
    assert token.has_any_scope(*asked) is some


def test_a_demand_that_is_not_met_says_what_was_needed() -> None:
    """B-12, B-16: in the order in which the handler names it."""
    token = made("a")
    token.require_scopes("a")
    token.require_scopes()
    token.require_any_scope("b", "a")
    for demand in (token.require_scopes, token.require_any_scope):
        with pytest.raises(InsufficientScope) as refused:
            demand("c", "b")
        assert refused.value.scopes == ("c", "b")
        assert refused.value.reason == "scope_insufficient"


def test_any_of_nothing_is_never_met() -> None:
    """A list that came out empty must not open a door."""
    with pytest.raises(InsufficientScope):
        made("a").require_any_scope()


def test_it_cannot_be_changed() -> None:
    token = made("a")
    public = [name for name in vars(AccessToken) if not name.startswith("_")]
    assert {"issuer", "subject", "client_id", "audience", "scopes", "expires_at"} < set(public)
    for name in (*public, "another"):
        with pytest.raises(AttributeError):
            setattr(token, name, "x")
        with pytest.raises(AttributeError):
            delattr(token, name)
    assert token.scopes == {"a"}
    assert not hasattr(token, "__dict__")


def test_its_repr_shows_no_claims() -> None:
    """O-05: a log that shows it shows who, and nothing that would open anything."""
    shown = repr(made("a"))
    assert shown == "<AccessToken issuer='https://login.example.com/' subject='user-1'>"


def test_it_is_not_pickled_nor_copied() -> None:
    """What was verified here was not verified where it is unpickled."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(made())
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(made())


def test_two_are_never_equal_by_accident() -> None:
    token = made("a")
    assert token != made("a")
    assert len({token, made("a")}) == 2
