"""The story of a token, in the order in which it is checked:

    size ─▶ form ─▶ which kind ─▶ issuer ─▶ claims ─▶ key ─▶ signature ─▶ AccessToken
                        └──────────────▶ introspection ◀── where the settings say ─┘

Cheap checks come first, and everything that a token says by itself comes before any network.
A token whose issuer's keys are at hand is judged by plain calls. Where only the network knows
more, the story goes on as a generator that asks for it with ``yield``: so what happens during
rotations and outages is written once, for sync and async, and tests step through it by hand.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from bearer_guard._core import credentials, jws
from bearer_guard._core.introspection import Answer
from bearer_guard._core.jws import CompactJws, JoseHeader
from bearer_guard._core.key_set import MAX_TRIES, KeySet, VerificationKey
from bearer_guard._core.needs import (
    AnswerNeeded,
    IssuerNeeded,
    KeysNeeded,
    MissingKeyNeeded,
    Need,
    Verified,
)
from bearer_guard._core.trust import IssuerRules, Trust, TrustedIssuer, named_issuer
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock
from bearer_guard.errors import InvalidToken

Story = Generator[Need, Any, Verified]
KnownHeaders = dict[bytes, JoseHeader]
"""Headers of verified tokens by their encoded form."""
_MAX_KNOWN_HEADERS = 1024


def of_token(
    token: bytes,
    trust: Trust,
    clock: Clock,
    known_headers: KnownHeaders,
    at_most: float | None = None,
) -> Verified | Story:
    """``Verified`` where all is at hand, else the story that asks for the rest and ends with it.

    A token is routed once, by its form: three parts are for the keys of the issuer that it
    names, all else (a JWE has five, RFC 7516 section 9) for the introspection endpoint.
    What failed here is never tried there. Raises a ``BearerError``, as the story does.
    ``at_most`` is how old an answer the request's path takes, in seconds, where it says so.
    """
    if token.count(b".") == 2:
        try:
            unverified = jws.read(token, known_headers)
        except InvalidToken:
            credentials.check_syntax(token)
            raise
        told = _of_self_contained(unverified, trust, clock, known_headers)
        return confirmed(told, token, trust, at_most) if trust.introspects_jwts else told
    credentials.check_syntax(token)
    return _of_referential(token, trust, at_most)


def _of_self_contained(
    token: CompactJws, trust: Trust, clock: Clock, known_headers: KnownHeaders
) -> Verified | Story:
    """RFC 9068 section 4, RFC 8725 section 3."""
    identifier = named_issuer(token[2])
    issuer = trust.exact.get(identifier)
    rules = issuer.rules if issuer is not None else trust.template_for(identifier)
    try:
        return _of_trusted(token, identifier, rules, issuer, clock, known_headers)
    except InvalidToken as error:
        error.issuer_alias = rules.alias
        raise


def _of_trusted(
    token: CompactJws,
    identifier: str,
    rules: IssuerRules,
    issuer: TrustedIssuer | None,
    clock: Clock,
    known_headers: KnownHeaders,
) -> Verified | Story:
    _, (alg, _, explicit), claims, *_ = token
    if alg not in rules.algorithms:
        # RFC 8725 section 3.1: the token does not choose. Exact, so "none" in any spelling.
        raise InvalidToken("algorithm_not_allowed", allowed=sorted(rules.algorithms))
    rules.claims.check_jwt(claims, explicit, clock.time())
    if issuer is None:
        return _of_template(token, identifier, rules, known_headers)
    key_set = issuer.source.key_set
    if key_set is not None and clock.monotonic() < issuer.source.attend_at:
        asked = issuer.source.taken_off
        key = _verifying_key(token, key_set)
        if key is not None:
            return _verified(token, issuer, key, known_headers)
        return _with_missing_key(token, issuer, asked, key_set, known_headers)
    return _with_keys(token, issuer, known_headers)


def _of_template(
    token: CompactJws, identifier: str, rules: IssuerRules, known_headers: KnownHeaders
) -> Story:
    issuer = yield IssuerNeeded(identifier, rules)
    return (yield from _with_keys(token, issuer, known_headers))


def _with_keys(token: CompactJws, issuer: TrustedIssuer, known_headers: KnownHeaders) -> Story:
    """Verify with keys that are to be fetched, or at least to be looked after."""
    asked = issuer.source.taken_off
    key_set = yield KeysNeeded(issuer)
    key = _verifying_key(token, key_set)
    if key is not None:
        return _verified(token, issuer, key, known_headers)
    return (yield from _with_missing_key(token, issuer, asked, key_set, known_headers))


def _with_missing_key(
    token: CompactJws,
    issuer: TrustedIssuer,
    asked: int,
    tried: KeySet,
    known_headers: KnownHeaders,
) -> Story:
    """Verify with a key that the set at hand has not: the issuer may have a new one."""
    kid = token[1].kid
    key = None
    while key is None:
        tried = yield MissingKeyNeeded(issuer, kid, asked, tried)
        key = _verifying_key(token, tried)
    return _verified(token, issuer, key, known_headers)


def _verified(
    token: CompactJws, issuer: TrustedIssuer, key: VerificationKey, known_headers: KnownHeaders
) -> Verified:
    segment, header, claims, payload, *_ = token
    # Issuers write the same few headers again and again; only verified ones are kept.
    if segment not in known_headers:
        if len(known_headers) >= _MAX_KNOWN_HEADERS:
            known_headers.clear()
        known_headers[segment] = header
    rules = issuer.rules.claims
    access_token = rules.access_token(issuer.identifier, claims, payload)
    source, exp, nbf = issuer.source, claims["exp"], claims.get("nbf")
    return Verified(access_token, source, key, rules.leeway, exp, nbf)


def _verifying_key(token: CompactJws, key_set: KeySet) -> VerificationKey | None:
    """The key that verifies the signature; ``None`` when it may be one not in the set.

    Raises ``InvalidToken`` when the set settles that the token is bad.
    """
    _, (alg, kid, _), _, _, signing_input, signature = token
    tries = 0
    for key in key_set.candidates(kid):
        if alg in key.algorithms:
            if key.verifies(alg, signing_input, signature):
                return key
            tries += 1
            if tries == MAX_TRIES:
                raise InvalidToken("key_ambiguous", tries=tries)
    if kid is None or not key_set.knows(kid):
        return None
    raise InvalidToken("signature_invalid" if tries else "key_unfit")


def confirmed(
    told: Verified | Story, token: bytes, trust: Trust, at_most: float | None
) -> Verified | Story:
    """A self-contained token's story, and how it goes on where the settings have its issuer's
    server asked as well: only of what was verified, and nobody else's server."""
    if isinstance(told, Verified) and trust.answer_age(told.access_token, at_most) is None:
        return told
    return _confirmed(told, token, trust, at_most)


def _confirmed(told: Verified | Story, token: bytes, trust: Trust, at_most: float | None) -> Story:
    verified = told if isinstance(told, Verified) else (yield from told)
    age = trust.answer_age(verified.access_token, at_most)
    if age is None:
        return verified
    rules = trust.rules_for(verified.access_token.issuer)
    return Verified((yield AnswerNeeded(rules, token, age, verified)))


def _of_referential(token: bytes, trust: Trust, at_most: float | None) -> Story:
    if trust.opaque is None:
        raise InvalidToken(
            "token_not_self_contained",
            advice="this is no JWT: give an Issuer introspection=Introspection(...)",
        )
    rules, settings = trust.opaque
    age = settings.cache_for if at_most is None else min(at_most, settings.cache_for)
    return Verified((yield AnswerNeeded(rules, token, age)))


def judge_answer(answer: Answer, rules: IssuerRules, now: float) -> AccessToken:
    """RFC 7662 section 4: the server tells the token's state, we enforce what is ours."""
    claims = answer.claims
    rules.claims.check_answer(claims, now)
    identifier = _answering_issuer(claims, rules)
    return rules.claims.access_token(identifier, claims, answer.payload)


def _answering_issuer(claims: dict[str, Any], rules: IssuerRules) -> str:
    """``iss`` is optional in an answer (RFC 7662 section 2.2) and must fit where it is there.

    The server of a template answers for all that the template could stand for. Where the settings
    pin which of them are let in, an answer that names none may be of any other.
    """
    if "iss" not in claims:
        if rules.settings.parts:
            raise InvalidToken(
                "claim_missing", claim="iss", advice="parts are pinned: the answer must name one"
            )
        return rules.settings.issuer
    if not rules.stands_for(claims["iss"]):
        raise InvalidToken("issuer_untrusted", named=claims["iss"])
    return named_issuer(claims)
