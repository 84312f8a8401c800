"""The story of a self-contained token: which keys it is tried against, and what settles it."""

from __future__ import annotations

import pytest

from bearer_guard._core.key_set import MAX_TRIES
from bearer_guard._core.needs import MissingKeyNeeded
from bearer_guard.errors import InvalidToken
from bearer_guard.settings import Issuer
from bearer_guard.settings.issuer import ALGORITHMS
from core.making import ABSENT, ISSUER, KIND, jwk, key_set, token
from core.stage import Stage, end

NO_KID = {"kid": ABSENT}


def test_a_bad_signature_under_a_known_key_is_settled_at_once() -> None:
    """J15-05: whoever forges signatures makes nobody ask the issuer."""
    stage = Stage()
    stage.publish(key_set(jwk()))
    with pytest.raises(InvalidToken) as refused:
        stage.tell(token(number=1))
    assert refused.value.reason == "signature_invalid"


def test_a_changed_payload_fails_its_signature() -> None:
    """J15-05, RFC 7515 section 5.2 step 8."""
    stage = Stage()
    stage.publish(key_set(jwk()))
    header, _, _ = token().split(b".")
    _, payload, _ = token(sub="root").split(b".")
    with pytest.raises(InvalidToken) as refused:
        stage.tell(b".".join((header, payload, token().split(b".")[2])))
    assert refused.value.reason == "signature_invalid"


def test_no_signature_at_all_fails_as_a_bad_one() -> None:
    """J18-05."""
    stage = Stage()
    stage.publish(key_set(*map(jwk, set(KIND.values()))))
    for algorithm in ALGORITHMS:
        unsigned = token(algorithm).rpartition(b".")[0] + b"."
        with pytest.raises(InvalidToken) as refused:
            stage.tell(unsigned)
        assert refused.value.reason == "signature_invalid"


@pytest.mark.parametrize(
    "entry",
    [
        jwk(use="enc"),
        jwk(key_ops=["sign"]),
        jwk(alg="PS256"),
        jwk("p256"),
        jwk("rsa1024"),
        {"kty": "oct", "k": "AAAA", "kid": "k1"},
    ],
)
def test_a_kid_of_a_key_that_is_not_for_this_algorithm_is_settled_at_once(
    entry: dict[str, object],
) -> None:
    """J17-02 to J17-04, J18-01, J18-04, BCP-02: the issuer is not asked for a better one."""
    stage = Stage()
    stage.publish(key_set(entry, jwk(kid="other")))
    with pytest.raises(InvalidToken) as refused:
        stage.tell(token())
    assert refused.value.reason == "key_unfit"


def test_two_keys_under_one_kid_are_both_tried() -> None:
    """J17-05: never the first taken by luck."""
    stage = Stage()
    stage.publish(key_set(jwk(), jwk(number=1), jwk("p256")))
    assert stage.verified(token()).key is not stage.verified(token(number=1)).key
    assert stage.verified(token("ES256"))
    with pytest.raises(InvalidToken):
        stage.tell(token(number=2))


def test_a_token_without_a_kid_is_tried_against_every_fitting_key() -> None:
    stage = Stage()
    stage.publish(key_set(jwk("p256", kid="a"), jwk(kid="b"), jwk(number=1, kid=ABSENT)))
    for number, kid in ((0, "b"), (1, None)):
        key = stage.verified(token(number=number, header=NO_KID)).key
        assert key is not None
        assert key.kid == kid


def test_a_token_without_a_kid_that_no_key_verifies_may_be_of_a_new_one() -> None:
    stage = Stage()
    keys = stage.publish(key_set(jwk(kid="a")))
    told, need = stage.begin(token(number=1, header=NO_KID))
    assert need == MissingKeyNeeded(stage.trust.exact[ISSUER], None, 1, keys)
    assert end(told, key_set(jwk(number=1, kid="b"))).key


def test_an_unknown_kid_is_tried_against_the_keys_that_have_none() -> None:
    stage = Stage()
    stage.publish(key_set(jwk(kid="a"), jwk(number=1, kid=ABSENT)))
    assert stage.verified(token(number=1, header={"kid": "x"}))
    _, need = stage.begin(token(number=0, header={"kid": "x"}))
    assert isinstance(need, MissingKeyNeeded)


def test_tries_are_bounded() -> None:
    """A set of a thousand keys makes no thousand verifications of one token."""
    stage = Stage()
    stage.publish(key_set(*(jwk(number=n, kid=f"k{n}") for n in range(MAX_TRIES + 1))))
    with pytest.raises(InvalidToken) as refused:
        stage.tell(token(number=99, header=NO_KID))
    assert (refused.value.reason, refused.value.details) == ("key_ambiguous", {"tries": MAX_TRIES})


def test_keys_of_other_kinds_are_no_tries() -> None:
    stage = Stage()
    others = [jwk("p256", number=n, kid=f"k{n}") for n in range(MAX_TRIES + 5)]
    stage.publish(key_set(*others, jwk(kid="rsa")))
    assert stage.verified(token(header=NO_KID))


def test_keys_are_their_issuers_alone() -> None:
    """BCP-08, RFC 8725 section 3.8: one kid at two issuers is two keys."""
    other = "https://other.example.com/"
    stage = Stage(Issuer(ISSUER), Issuer(other))
    stage.publish(key_set(jwk()))
    stage.publish(key_set(jwk(number=1)), other)
    assert stage.verified(token()).access_token.issuer == ISSUER
    assert stage.verified(token(number=1, iss=other)).access_token.issuer == other
    for stolen in (token(iss=other), token(number=1)):
        with pytest.raises(InvalidToken) as refused:
            stage.tell(stolen)
        assert refused.value.reason == "signature_invalid"
