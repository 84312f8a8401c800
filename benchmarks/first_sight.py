"""First sight of an RS256-2048 token: the whole check against the bare signature verification.

Compared: ``guard.authenticate(request)`` (header, form, key by ``kid``, signature, every claim,
the ``AccessToken``) with ``cryptography``'s ``verify`` of the same bytes, whose signature was
decoded and whose padding and hash were made beforehand. Nothing can check a token for less, so the
ratio is what all else costs. Two ways, since each flatters something else: one token again and
again, by a guard that remembers none (all in the processor's caches); and 2,000 different
tokens in turn, by a guard that remembers 500 and so has always forgotten the next, which
includes remembering it and forgetting another. *The least* is what no check in Python can go
without (``least.py``). A rival gets the token already cut out of the
header, and its key at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import least, material, rivals
from benchmarks.measuring import Times, each, each_of, side_by_side
from benchmarks.row import TIMES, Options, Row, Verdict, missing

if TYPE_CHECKING:
    from bearer_guard.testing import AuthorizationServer
    from benchmarks.measuring import Contestant

_TARGET = 1.4
_ROUNDS = 200
_DISTINCT = 2000


def measure(options: Options) -> list[Row]:
    """One token over and over, many tokens in turn, and rivals on two sizes of token."""
    with material.server() as running:
        return [
            *_one_token(running, material.SIZE, options),
            _distinct_tokens(running, options),
            *_one_token(running, material.LARGE, options),
        ]


def _one_token(running: AuthorizationServer, size: int, options: Options) -> list[Row]:
    token = material.token(running, size=size)
    signed = material.signed_with(running, "RS256")
    with material.guard(running, remembered_tokens=0) as guard:
        contestants: dict[str, Contestant] = {
            "bare": each_of(signed.bare(), [signed.bare_arguments(token)]),
            "guard": each(guard.authenticate, [material.request(token)]),
            "least": each(least.check(signed), [token.encode()]),
            "PyJWT": each(rivals.pyjwt_prepared(running.issuer, signed), [token]),
            "PyJWKClient": each(rivals.pyjwk_client(running), [token]),
        }
        no_joserfc = missing("… joserfc", "joserfc")
        if no_joserfc is None:
            contestants["joserfc"] = each(rivals.joserfc(running.issuer, signed), [token])
        times = side_by_side(contestants, rounds=options.rounds(_ROUNDS))
    of_size = f"{len(token)} octets"
    is_usual = size == material.SIZE
    note = times.microseconds("bare", "guard")
    return [
        _row(f"first sight, RS256-2048, {of_size}: one token again and again", times, note)
        if is_usual
        else Row(f"… of {of_size}", times.ratios("guard", "bare"), note=note),
        Row(
            f"… the least: digest, base64, JSON, and no check, {of_size}",
            times.ratios("least", "bare"),
        ),
        Row(f"… PyJWT's decode, key prepared, {of_size}", times.ratios("PyJWT", "bare")),
        no_joserfc or Row(f"… joserfc, key prepared, {of_size}", times.ratios("joserfc", "bare")),
        Row(f"… PyJWKClient + decode, {of_size}", times.ratios("PyJWKClient", "bare")),
    ]


def _distinct_tokens(running: AuthorizationServer, options: Options) -> Row:
    tokens = material.tokens(running, _DISTINCT // 4 if options.quick else _DISTINCT)
    signed = material.signed_with(running, "RS256")
    requests = [material.request(token) for token in tokens]
    with material.guard(running, remembered_tokens=len(tokens) // 4) as guard:
        if not material.is_first_sight(guard, requests):
            raise AssertionError("tokens of the last turn are still remembered")
        times = side_by_side(
            {
                "bare": each_of(signed.bare(), [signed.bare_arguments(each) for each in tokens]),
                "guard": each(guard.authenticate, requests),
            },
            rounds=options.rounds(2 * _ROUNDS),
        )
    return _row(
        f"… {len(tokens):,} different tokens in turn, each pushing out another",
        times,
        times.microseconds("bare", "guard"),
    )


def _row(what: str, times: Times, note: str) -> Row:
    ratios = times.ratio("guard", "bare"), times.ratio_of_bests("guard", "bare")
    reached = Verdict.of(*(ratio <= _TARGET for ratio in ratios))
    target = f"≤ {_TARGET} {TIMES} bare verification"
    return Row(what, times.ratios("guard", "bare"), target, reached, note)
