"""Any document given to ``read_key_set`` is a key set or no key set, and never anything else."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bearer_guard._core.key_set import KeySet, read_key_set
from core.making import KIND, jwk
from properties.making import ODD_VALUES
from properties.searching import examples, mostly

NUMBERS = st.one_of(
    st.binary(max_size=4),
    st.binary(min_size=31, max_size=33),
    st.binary(min_size=56, max_size=57),
    st.builds(lambda octets: octets * 32, st.binary(min_size=8, max_size=8)),
    st.sampled_from([b"\x01\x00\x01", b"\x03", b"\x01", b"\x00" * 256, b"\xff" * 256, b"\xff" * 9]),
).map(lambda octets: json.dumps(base64.urlsafe_b64encode(octets).rstrip(b"=").decode()))
WORDS = st.sampled_from(
    [
        *("RSA", "EC", "OKP", "oct", "AKP", "rsa", "P-256", "P-384", "P-521", "P-257", "secp256k1"),
        *("Ed25519", "Ed448", "X25519", "sig", "enc", "verify", "RS256", "PS512", "ES256", "EdDSA"),
        *("HS256", "none", "", "k1", "==", "AQAB=", "A B", "ä", "\ud800"),
    ]
).map(json.dumps)
MEMBERS = st.sampled_from(
    [
        *("kty", "crv", "n", "e", "x", "y", "d", "p", "k", "oth", "alg", "use", "key_ops", "kid"),
        *("x5c", "x5t", "issuer", "", "keys"),
    ]
)
VALUES = st.one_of(NUMBERS, WORDS, ODD_VALUES, st.just('["verify"]'))
GOOD = [jwk(kind, kid=kind) for kind in sorted(set(KIND.values()))]


@st.composite
def jwks(draw: st.DrawFn) -> str:
    """The text of a JWK: a good one with odd members in place of its own or beside them."""
    good = draw(st.sampled_from([*GOOD, {}]))
    pairs = [(name, json.dumps(value)) for name, value in good.items()]
    own = st.sampled_from(["kid", "use", "alg", *good])
    for _ in range(draw(st.sampled_from([1, 0, 2, 3]))):
        name, value = draw(st.one_of(own, MEMBERS)), draw(VALUES)
        if draw(st.sampled_from([True, True, True, False])):
            pairs = [pair for pair in pairs if pair[0] != name]
        pairs.append((name, value))
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"


ENTRIES = mostly(jwks(), ODD_VALUES)
SETS = st.lists(ENTRIES, min_size=1, max_size=4).map(
    lambda found: f'{{"keys":[{",".join(found)}]}}'
)
DOCUMENTS = mostly(
    SETS,
    ODD_VALUES,
    ODD_VALUES.map(lambda value: f'{{"keys":{value}}}'),
    st.text(max_size=40),
).map(lambda text: text.encode("utf-8", "surrogatepass"))


def read(octets: bytes, previous: KeySet | None = None) -> KeySet | None:
    try:
        return read_key_set(octets, previous)
    except ValueError:
        return None


def test_any_document_gives_a_key_set_or_a_value_error() -> None:
    """J17-01, J17-06, J17-08, J18-01, J18-08; and what it gives is fit for use."""
    usable = []

    @examples(150)
    @given(DOCUMENTS)
    def search(octets: bytes) -> None:
        keys = read(octets)
        if keys is None:
            return
        again = read(octets, keys)
        assert again is not None
        assert (again.keys, again.unfit) == (keys.keys, keys.unfit)
        usable.extend(map(is_fit, keys.keys))

    search()
    assert len(usable) > 30


def is_fit(key: Any) -> bool:
    """A public key, strong enough, that refuses garbage by every algorithm without raising."""
    assert key.algorithms
    assert not hasattr(key.key, "private_numbers")
    assert not hasattr(key.key, "private_bytes")
    if any(name.startswith(("RS", "PS")) for name in key.algorithms):
        assert key.key.key_size >= 2048
    for algorithm in key.algorithms:
        for signature in (b"", b"\x01" * 64, b"\xfe" * 114, b"\x01" * 256):
            assert key.verifies(algorithm, b"message", signature) is False
    return True


def test_a_good_key_serves_whatever_stands_beside_it() -> None:
    """J17-01: one bad apple leaves the basket good."""
    good = json.dumps(jwk("p256", kid="good"))
    served = []

    @examples(80)
    @given(st.lists(ENTRIES, max_size=3), st.lists(ENTRIES, max_size=3))
    def search(before: list[str], after: list[str]) -> None:
        text = '{"keys":[' + ",".join((*before, good, *after)) + "]}"
        try:
            json.loads(text)
        except ValueError:
            return
        keys = read(text.encode("utf-8", "surrogatepass"))
        # What is no JSON to a strict reader (NaN, a depth of 60) spoils the whole document.
        assert keys is None or "good" in {key.kid for key in keys.keys}
        served.append(keys is not None)

    search()
    # Most are JSON, and served.
    assert served.count(True) > 40
