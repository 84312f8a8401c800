"""RSA keys in no time, for tests only.

Generating one takes some 50 ms, too long for a key set in each test. So the primes of a few real
keys are combined anew: n primes give n(n-1)/2 keys, no two alike, and a process never gets the
same key twice. THE KEYS SHARE PRIMES: two public keys are enough to break both. They protect
nothing.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

_EXPONENT: Final = 65_537
_BITS: Final = 2048


def _prime_pairs() -> Iterator[tuple[int, int]]:
    """Yield each pair of primes once, generating primes as they are needed."""
    primes: list[int] = []
    while True:
        numbers = rsa.generate_private_key(_EXPONENT, _BITS).private_numbers()
        for prime in (numbers.p, numbers.q):
            yield from ((prime, older) for older in primes)
            primes.append(prime)


_pairs: Final = _prime_pairs()
_lock: Final = threading.Lock()


def new_rsa_key() -> rsa.RSAPrivateKey:
    """Return a 2048-bit RSA key that nobody in this process was given before."""
    with _lock:
        p, q = next(_pairs)
    d = pow(_EXPONENT, -1, math.lcm(p - 1, q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)
