"""Every vector, and how many there are.

The vectors' payloads are no claims sets (``foo``), and ``jws.read`` demands one. So a vector is
verified by the parts that ``jws.read`` and the story of a token are made of: exactly two dots;
``jws.read_header`` for the first segment; ``base64url.decode`` for the others; ``read_key_set``
and ``KeySet.candidates`` for the keys; ``VerificationKey.verifies`` over the octets before the
last dot, for keys that have the header's ``alg``. Whole tokens go through ``story.of_token`` too.
"""

from __future__ import annotations

from collections import Counter

import pytest

from bearer_guard._core import base64url, jws, story
from bearer_guard._core.key_set import read_key_set
from bearer_guard._core.trust import Trust
from bearer_guard.errors import BearerError
from bearer_guard.settings import GuardSettings, Issuer
from bearer_guard.settings.issuer import ALGORITHMS
from bearer_guard.testing import HandClock
from wycheproof.expectations import FILES, NOT_AS_LABELLED, Vector, document, vectors

VECTORS = list(vectors())
EVERY = pytest.mark.parametrize("vector", VECTORS, ids=str)


def verifying_algorithm(vector: Vector) -> str | None:
    """The algorithm by which the vector's signature verified; ``None`` when it is refused."""
    if vector.text.count(b".") != 2:
        return None
    try:
        header, payload, signature = vector.text.translate(base64url.TO_BASE64).split(b".")
        alg, kid, _ = jws.read_header(header)
        base64url.decode(payload)
        octets = base64url.decode(signature)
    except (BearerError, ValueError):
        return None
    signing_input = vector.text.rpartition(b".")[0]
    for key in read_key_set(vector.keys, None).candidates(kid):
        if alg in key.algorithms and key.verifies(alg, signing_input, octets):
            return alg
    return None


@EVERY
def test_a_good_vector_is_accepted_and_a_bad_one_refused(vector: Vector) -> None:
    """J15-01 to J15-08, J17-02, J17-04, J17-08, J18-01 to J18-08."""
    assert (verifying_algorithm(vector) is not None) == vector.is_good


@EVERY
def test_no_vector_is_let_in_as_an_access_token(vector: Vector) -> None:
    """None names a trusted issuer; a JWE is never taken for a JWS, nor opened (J16-01)."""
    issuers = [Issuer("https://login.example.com/")]
    trust = Trust(GuardSettings(audience="https://api.example.com", issuers=issuers))
    with pytest.raises(BearerError):
        next(story.of_token(vector.text, trust, HandClock(), {}))  # type: ignore[arg-type]


def test_a_vector_with_an_hmac_is_refused_whatever_its_label() -> None:
    """BCP-01, BCP-02, RFC 8725 section 3.1."""
    symmetric = [vector for vector in VECTORS if vector.is_symmetric]
    labels = Counter((vector.file, vector.label) for vector in symmetric)
    assert labels == {
        ("json_web_signature", "valid"): 10,
        ("json_web_signature", "invalid"): 24,
        ("json_web_key", "valid"): 4,
        ("json_web_key", "invalid"): 11,
        ("json_web_crypto", "valid"): 2,
        ("json_web_crypto", "invalid"): 12,
    }
    assert not any(verifying_algorithm(vector) for vector in symmetric)


def test_no_vector_is_left_out() -> None:
    for file in FILES:
        numbers = sorted(vector.number for vector in VECTORS if vector.file == file)
        assert numbers == list(range(1, document(file)["numberOfTests"] + 1))
    expected = Counter(
        (vector.file, vector.kind, vector.label, vector.is_good) for vector in VECTORS
    )
    assert expected == {
        ("json_web_signature", "jws", "valid", True): 32,
        ("json_web_signature", "jws", "valid", False): 14,
        ("json_web_signature", "jws", "invalid", False): 355,
        ("json_web_key", "jws", "valid", True): 1,
        ("json_web_key", "jws", "valid", False): 4,
        ("json_web_key", "jws", "invalid", False): 21,
        ("json_web_crypto", "jws", "valid", True): 2,
        ("json_web_crypto", "jws", "valid", False): 2,
        ("json_web_crypto", "jws", "invalid", False): 45,
        ("json_web_crypto", "jwe", "valid", False): 2,
        ("json_web_crypto", "jwe", "invalid", False): 32,
    }


def test_every_vector_that_is_not_taken_as_labelled_is_labelled_valid() -> None:
    """Against a label the library may be stricter, never laxer."""
    named = [vector for vector in VECTORS if (vector.file, vector.number) in NOT_AS_LABELLED]
    assert len(named) == len(NOT_AS_LABELLED) == 6
    assert {vector.label for vector in named} == {"valid"}


def test_the_good_vectors_cover_the_algorithms_that_the_files_have_keys_for() -> None:
    """No vector here is signed by ES384, ES512 (but for the mislabelled two) or an Edwards curve."""
    accepted = Counter(filter(None, map(verifying_algorithm, filter(lambda v: v.is_good, VECTORS))))
    assert set(accepted) <= set(ALGORITHMS)
    assert accepted == {
        "RS256": 10,
        "RS384": 4,
        "RS512": 4,
        "PS256": 6,
        "PS384": 4,
        "PS512": 4,
        "ES256": 3,
    }
