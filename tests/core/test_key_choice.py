"""Which keys of a set a token is tried against (RFC 7515 section 4.1.4, RFC 7517 section 4.5)."""

from __future__ import annotations

from bearer_guard._core.key_set import KeySet, VerificationKey
from core.making import ABSENT, jwk, key_set


def types(keys: KeySet, kid: str | None) -> list[str]:
    return sorted(min(key.algorithms) for key in keys.candidates(kid))


def test_a_kid_leads_to_the_keys_of_that_name_alone() -> None:
    """J15-09: case-sensitive, to the character."""
    keys = key_set(jwk(kid="a"), jwk("p256", kid="b"), jwk("p384", kid=ABSENT))
    assert types(keys, "a") == ["PS256"]
    assert types(keys, "b") == ["ES256"]
    assert [keys.knows(kid) for kid in ("a", "b", "A", "", "c")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_two_keys_under_one_kid_are_both_tried() -> None:
    """J17-05: never the first taken by luck."""
    keys = key_set(jwk(), jwk("p256"), jwk(number=1))
    assert types(keys, "k1") == ["ES256", "PS256", "PS256"]


def test_a_kid_that_no_key_has_leads_to_the_keys_without_one() -> None:
    keys = key_set(jwk(kid="a"), jwk("p384", kid=ABSENT), jwk("p521", kid=None))
    assert types(keys, "b") == ["ES384", "ES512"]
    assert not keys.knows("b")


def test_no_kid_leads_to_every_key() -> None:
    keys = key_set(jwk(kid="a"), jwk("p256", kid="b"), jwk("p384", kid=ABSENT))
    assert types(keys, None) == ["ES256", "ES384", "PS256"]


def test_a_token_without_a_kid_tries_the_keys_in_the_documents_order() -> None:
    """Where tries are bounded, the order decides: it must be the document's, not luck's."""
    every = [jwk(number=number, kid=f"k{number}") for number in range(12)]
    for _ in range(3):
        found = [key.kid for key in key_set(*every).candidates(None)]
        assert found == [f"k{number}" for number in range(12)]


def test_the_empty_kid_is_a_kid() -> None:
    keys = key_set(jwk(kid=""), jwk("p256", kid=ABSENT))
    assert types(keys, "") == ["PS256"]


def test_one_key_published_twice_is_one_key() -> None:
    keys = key_set(jwk(), jwk())
    assert len(keys.keys) == len(list(keys.candidates("k1"))) == 1


def test_an_unfit_key_is_known_by_its_kid() -> None:
    """So that a token that names it is told so, and nobody asks the issuer again."""
    keys = key_set(jwk(use="enc", kid="enc"), {"kty": "oct", "k": "AA", "kid": "oct"}, jwk())
    assert keys.unfit == {"enc", "oct"}
    assert keys.knows("enc")
    assert not list(keys.candidates("enc"))


def test_a_kid_with_a_good_key_and_a_bad_one_is_served_by_the_good_one() -> None:
    keys = key_set(jwk(use="enc"), jwk("p256"), jwk(n=ABSENT))
    assert keys.unfit == frozenset()
    assert types(keys, "k1") == ["ES256"]


def test_a_set_with_no_usable_key_is_a_set() -> None:
    """Whether it may replace another is for those who fetch it."""
    keys = key_set(jwk(use="enc"))
    assert not keys.keys
    assert keys.knows("k1")


def test_a_key_that_stays_published_stays_the_same_object() -> None:
    """What was verified with it stays verified, over any number of refreshes."""
    first = key_set(jwk(kid="a"), jwk("p256", kid="b"))
    second = key_set(jwk("p256", kid="b"), jwk("p384", kid="c"), previous=first)
    third = key_set(jwk(kid="a"), jwk("p256", kid="b"), previous=second)
    assert one(first, "b") is one(second, "b") is one(third, "b")
    assert one(third, "a") is not one(first, "a")


def test_a_key_whose_entry_changed_in_any_member_is_another_key() -> None:
    """What an issuer restricts or renames must not be served by what it published before."""
    first = key_set(jwk())
    for change in ({"alg": "RS256"}, {"kid": "k2"}, {"x5t": "a"}):
        (key,) = key_set(jwk(**change), previous=first).keys
        assert key is not one(first, "k1")


def test_a_key_that_was_good_before_and_is_now_for_encryption_is_gone() -> None:
    first = key_set(jwk())
    second = key_set(jwk(use="enc"), previous=first)
    assert not second.keys
    assert second.unfit == {"k1"}


def test_the_order_of_members_makes_no_other_key() -> None:
    first = key_set(jwk())
    second = key_set(dict(reversed(jwk().items())), previous=first)
    assert second.keys == first.keys


def one(keys: KeySet, kid: str) -> VerificationKey:
    (key,) = keys.candidates(kid)
    return key
