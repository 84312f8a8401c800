"""The story of a self-contained token and its key, stepped by hand: at hand, cold, rotated."""

from __future__ import annotations

import pytest

from bearer_guard._core.key_source import Fetched
from bearer_guard._core.needs import IssuerNeeded, KeysNeeded, MissingKeyNeeded, Verified
from bearer_guard._core.trust import TrustedIssuer
from bearer_guard.errors import AuthorizationServerUnavailable, InvalidToken
from bearer_guard.settings import Issuer
from bearer_guard.settings.issuer import ALGORITHMS
from core.making import ISSUER, KIND, NOW, claims, jwk, jws, key_set, token
from core.stage import Stage, end


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_whose_key_is_at_hand_needs_nothing(algorithm: str) -> None:
    """AT-13: one plain call, for every algorithm."""
    stage = Stage()
    keys = stage.publish(key_set(jwk(KIND[algorithm])))
    verified = stage.verified(token(algorithm, sub="alice"))
    assert verified.access_token.subject == "alice"
    assert verified.access_token.issuer == ISSUER
    assert (verified.leeway, verified.expires_at, verified.not_before) == (60, NOW + 300, None)
    assert verified.source is stage.source()
    assert {verified.key} == keys.keys


def test_a_cold_start_asks_for_the_issuers_keys_and_goes_on_with_them() -> None:
    stage = Stage()
    told, need = stage.begin(token())
    assert need == KeysNeeded(stage.trust.exact[ISSUER])
    assert end(told, key_set(jwk())).access_token.subject == "user-1"


def test_keys_that_are_due_for_a_look_are_asked_for_again() -> None:
    """Whether they are fetched, used or refreshed behind the request, the source decides."""
    stage = Stage()
    stage.publish(key_set(jwk()))
    stage.clock.turn(479.9)
    good = token(exp=stage.clock.time() + 1000)
    assert stage.verified(good)
    stage.clock.turn(0.1)
    told, need = stage.begin(good)
    assert isinstance(need, KeysNeeded)
    assert end(told, stage.source().key_set).key in stage.source().keys


def test_an_outage_goes_through_the_story_as_it_is() -> None:
    """HTTP-13: nothing in it turns an outage into a bad token, or the reverse."""
    stage = Stage()
    told, _ = stage.begin(token())
    with pytest.raises(AuthorizationServerUnavailable):
        told.throw(AuthorizationServerUnavailable("upstream_timeout"))
    stage.publish(key_set(jwk("p256", kid="old")))
    told, _ = stage.begin(token())
    with pytest.raises(AuthorizationServerUnavailable):
        told.throw(AuthorizationServerUnavailable("upstream_timeout"))


def test_the_first_token_after_a_rotation_asks_for_the_new_key_and_is_let_in() -> None:
    """CA-06, OpenID Connect Core section 10.1.1."""
    stage = Stage()
    old = stage.publish(key_set(jwk(kid="old")))
    told, need = stage.begin(token(number=1, header={"kid": "new"}))
    asked = stage.source().taken_off
    assert need == MissingKeyNeeded(stage.trust.exact[ISSUER], "new", asked, old)
    new = key_set(jwk(kid="old"), jwk(number=1, kid="new"), previous=old)
    assert end(told, new).key in new.keys - old.keys
    stage.publish(new)
    assert stage.verified(token(header={"kid": "old"}))


def test_a_key_that_was_withdrawn_verifies_nothing_any_more() -> None:
    """CA-07: only the keys published now count."""
    stage = Stage()
    stage.publish(key_set(jwk(kid="old")))
    assert stage.verified(token(header={"kid": "old"}))
    stage.publish(key_set(jwk(number=1, kid="new")))
    _, need = stage.begin(token(header={"kid": "old"}))
    assert isinstance(need, MissingKeyNeeded)


def test_an_unknown_kid_is_asked_for_until_somebody_settles_it() -> None:
    """Each time with the set that was tried, so that a newer one is told from it."""
    stage = Stage()
    keys = stage.publish(key_set(jwk()))
    told, need = stage.begin(token(header={"kid": "made-up"}))
    assert told.send(keys) == need
    newer = key_set(jwk(number=1, kid="k2"))
    assert told.send(newer) == need._replace(tried=newer)  # type: ignore[union-attr]
    with pytest.raises(InvalidToken):
        told.throw(InvalidToken("key_unknown"))


def test_a_cold_request_counts_the_fetch_that_was_made_for_it() -> None:
    """The fetch that it caused settles that its key is unknown: no second one is made."""
    stage = Stage()
    stage.source().take_off()
    told, _ = stage.begin(token(header={"kid": "made-up"}))
    stage.source().take_off()
    keys = key_set(jwk())
    need = told.send(keys)
    assert need == MissingKeyNeeded(stage.trust.exact[ISSUER], "made-up", 1, keys)


def test_a_rotation_between_the_look_and_the_verification_is_not_missed() -> None:
    """``asked`` is taken before the keys are tried: a fetch that starts later is newer."""
    stage = Stage()
    keys = stage.publish(key_set(jwk()))
    told = stage.tell(token(header={"kid": "new"}))
    asked = stage.source().taken_off
    stage.source().take_off()
    assert not isinstance(told, Verified)
    assert next(told) == MissingKeyNeeded(stage.trust.exact[ISSUER], "new", asked, keys)


TEMPLATE = "https://apps.example.com/realms/r/applications/{application}"
ONE = TEMPLATE.format(application="a-1")


def test_an_issuer_behind_a_template_is_asked_for_and_then_its_keys() -> None:
    stage = Stage(Issuer(TEMPLATE))
    told, need = stage.begin(token(iss=ONE))
    assert need == IssuerNeeded(ONE, stage.trust.templates[0])
    issuer = TrustedIssuer(ONE, stage.trust.templates[0])
    assert told.send(issuer) == KeysNeeded(issuer)
    verified = end(told, key_set(jwk()))
    assert verified.access_token.issuer == ONE
    assert verified.source is issuer.source


def test_a_key_behind_a_template_may_be_missing_too() -> None:
    stage = Stage(Issuer(TEMPLATE))
    told, _ = stage.begin(token(number=1, iss=ONE, header={"kid": "new"}))
    issuer = TrustedIssuer(ONE, stage.trust.templates[0])
    issuer.source.land(1, Fetched(key_set(jwk()), 600, None), 0, 0.8)
    told.send(issuer)
    keys = issuer.source.key_set
    assert keys is not None
    assert told.send(keys) == MissingKeyNeeded(issuer, "new", 0, keys)
    assert end(told, key_set(jwk(number=1, kid="new")))


def test_only_headers_of_verified_tokens_are_remembered_and_a_bounded_number() -> None:
    stage = Stage()
    stage.publish(key_set(jwk()))
    for forged in (token(number=1), token(exp=0), token(header={"alg": "none"})):
        with pytest.raises(InvalidToken):
            stage.tell(forged)
    assert not stage.known_headers
    stage.verified(token())
    stage.verified(token(sub="another"))
    assert len(stage.known_headers) == 1
    stage.known_headers.update((str(n).encode(), None) for n in range(1023))  # type: ignore[misc]
    stage.verified(token())
    assert len(stage.known_headers) == 1024
    stage.verified(jws(b'{"alg":"RS256","typ":"at+jwt","kid":"k1" }', claims()))
    assert len(stage.known_headers) == 1
