"""RSA keys whose modulus gives their primes away (ROCA, CVE-2017-15361)."""

from __future__ import annotations

import math
import random

import pytest

from bearer_guard._core import roca
from core.making import jwk, key_set, number, private_key

PRIMORIAL = math.prod(
    prime for prime in range(2, 702) if all(prime % other for other in range(2, prime))
)
"""The first 126 primes: what the faulty library used for keys of 2048 bits."""


def faulty_factor(dice: random.Random) -> int:
    """k * M + (65537 ** a mod M), as the faulty library made its primes."""
    return (dice.getrandbits(60) | 1 << 60) * PRIMORIAL + pow(
        65_537, dice.getrandbits(200), PRIMORIAL
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_modulus_of_the_faulty_librarys_form_is_recognised(seed: int) -> None:
    dice = random.Random(seed)
    modulus = faulty_factor(dice) * faulty_factor(dice)
    assert modulus.bit_length() >= 2048
    assert roca.is_breakable(modulus)


def test_a_sound_modulus_is_not() -> None:
    for which in range(20):
        assert not roca.is_breakable(private_key("rsa", which).public_key().public_numbers().n)
    dice = random.Random(1)
    assert not any(roca.is_breakable(dice.getrandbits(2048) | 1) for _ in range(5000))


def test_one_faulty_factor_is_not_enough_to_look_so() -> None:
    dice = random.Random(2)
    assert not any(
        roca.is_breakable(faulty_factor(dice) * (dice.getrandbits(1024) | 1)) for _ in range(500)
    )


def test_a_breakable_key_is_left_out_of_a_key_set() -> None:
    """J17-01: whoever reads the set could sign with it, and the others serve."""
    dice = random.Random(3)
    modulus = faulty_factor(dice) * faulty_factor(dice)
    assert modulus.bit_length() >= 2048
    keys = key_set(jwk(n=number(modulus)), jwk("p256", kid="good"))
    assert {key.kid for key in keys.keys} == {"good"}
    assert keys.unfit == {"k1"}
