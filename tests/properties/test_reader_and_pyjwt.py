"""The one piece of security-critical parsing that is ours, against PyJWT's.

PyJWT verifies the signature with the same key and the one algorithm that the header names, and
reads the payload as ``jwt.decode`` does. Claims are not checked: what they mean is tested
elsewhere, here they must be equal, to the type of each number and the order of members.
"""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from jwt.algorithms import OKPAlgorithm
from jwt.api_jws import PyJWS

from bearer_guard._core import jws
from bearer_guard._core.jws import JoseHeader
from bearer_guard._core.key_set import VerificationKey
from bearer_guard.errors import InvalidToken
from core.making import KIND, token
from properties.making import KEYS, tokens
from properties.searching import examples

PYJWT = PyJWS()
for _name in ("Ed25519", "Ed448"):
    # PyJWT knows RFC 9864's names by the old one alone.
    PYJWT.register_algorithm(_name, OKPAlgorithm())

KNOWN_HEADERS: dict[bytes, JoseHeader] = {}
"""As a guard holds it, over the whole search: what was verified before changes nothing."""


def ours(odd: bytes) -> tuple[dict[str, Any], str, VerificationKey] | None:
    """What our reader makes of it under ``KEYS``: claims, algorithm and key."""
    if odd.count(b".") != 2:
        return None
    try:
        segment, (alg, kid, explicit), found, text, signing_input, octets = jws.read(odd, {})
    except InvalidToken:
        return None
    assert json.loads(text) == found
    assert jws.read(odd, KNOWN_HEADERS)[1:] == (
        (alg, kid, explicit),
        *(found, text, signing_input, octets),
    )
    for key in KEYS.candidates(kid):
        if alg in key.algorithms and key.verifies(alg, signing_input, octets):
            KNOWN_HEADERS[segment] = JoseHeader(alg, kid, explicit)
            return found, alg, key
    return None


def pyjwts(odd: bytes, algorithm: str, key: VerificationKey) -> Any:
    """The payload as PyJWT reads it; raises where PyJWT refuses the token."""
    return json.loads(PYJWT.decode_complete(odd, key.key, algorithms=[algorithm])["payload"])


def both_agree(odd: bytes) -> bool:
    """Whether ours accepts; then PyJWT must, with the same payload."""
    accepted = ours(odd)
    if accepted is None:
        return False
    found, algorithm, key = accepted
    theirs = pyjwts(odd, algorithm, key)
    assert isinstance(theirs, dict)
    assert json.dumps(theirs) == json.dumps(found)
    return True


@pytest.mark.parametrize("algorithm", sorted(KIND))
def test_both_accept_a_good_token_of_each_algorithm(algorithm: str) -> None:
    assert both_agree(token(algorithm, header={"kid": algorithm}))


def test_whatever_our_reader_accepts_pyjwt_accepts_with_the_same_payload() -> None:
    """J15-01 to J15-07, J18-05, J18-06, J19-01, J19-06, J19-10."""
    accepted = []

    @examples(250)
    @given(tokens())
    def search(odd: bytes) -> None:
        accepted.append(both_agree(odd))

    search()
    # Else the search would prove nothing.
    assert accepted.count(True) > 30
    assert accepted.count(False) > 100


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256"])
def test_no_change_of_one_character_is_accepted(algorithm: str) -> None:
    """J15-05, J15-12: every place; turned, doubled, taken out, and with something put in."""
    good = token(algorithm, header={"kid": algorithm})
    for at in range(len(good)):
        before, here, after = good[:at], good[at : at + 1], good[at + 1 :]
        turned = b"B" if here == b"A" else b"A"
        for odd in (turned, here * 2, b"", here + b"=", here + b"\n", b"."):
            changed = before + odd + after
            assert changed == good or ours(changed) is None


def test_no_other_arrangement_of_the_segments_is_accepted() -> None:
    """J15-11, J15-13, J18-05."""
    one = token("ES256", header={"kid": "ES256"}).split(b".")
    two = token("RS256", header={"kid": "RS256"}, sub="other").split(b".")
    for size in (1, 2, 3, 4):
        for parts in product([*one, *two, b""], repeat=size):
            if list(parts) not in (one, two):
                assert ours(b".".join(parts)) is None


@pytest.mark.parametrize("signer", sorted(KIND))
@pytest.mark.parametrize("named", [*sorted(KIND), "none", "HS256"])
def test_a_header_that_names_another_algorithm_is_accepted_only_where_they_are_one(
    signer: str, named: str
) -> None:
    """J15-06, BCP-02: RFC 9864's two names for one algorithm, and no other pair."""
    curve = {"EdDSA": "Ed25519"}.get(signer, signer)
    same = named in (signer, curve) or (named == "EdDSA" and curve in ("Ed25519", "Ed448"))
    assert both_agree(token(signer, header={"alg": named, "kid": signer})) == same
