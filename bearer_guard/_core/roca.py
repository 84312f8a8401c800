"""RSA keys that a known flaw makes breakable: ROCA, CVE-2017-15361.

A faulty library built its primes so that the modulus, modulo each of many small primes, is a
power of 65537. That holds for a sound key by an accident of less than one in a hundred million.
"""

from __future__ import annotations

from functools import cache
from typing import Final

_GENERATOR: Final = 65537
_PRIMES: Final = (
    *(11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97),
    *(103, 107, 109, 127, 151, 157),
)


@cache
def _powers(prime: int) -> frozenset[int]:
    found, power = set(), 1
    while power not in found:
        found.add(power)
        power = power * _GENERATOR % prime
    return frozenset(found)


def is_breakable(modulus: int) -> bool:
    """Whether the modulus has the structure that the faulty library left."""
    return all(modulus % prime in _powers(prime) for prime in _PRIMES)
