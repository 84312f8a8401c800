"""Puts together what ``Guard.health()`` returns. Asks nobody and waits for nothing."""

from __future__ import annotations

from collections.abc import Sequence

from bearer_guard._core import key_report
from bearer_guard._core.key_source import KeySource
from bearer_guard._core.trust import IssuerRules, TrustedIssuer
from bearer_guard._running.parts import Parts, Signatures
from bearer_guard._running.store_pauses import StoreSeen
from bearer_guard.health import (
    CacheHealth,
    Health,
    IntrospectionHealth,
    IssuerHealth,
    KeySetState,
    StoreHealth,
    TemplateHealth,
)
from bearer_guard.settings import KeySetPolicy

_RECENT = 1000
"""Issuers behind templates that are looked at: a bound for the time that it takes."""


def health(parts: Parts, remembered_tokens: int) -> Health:
    """How everything does."""
    now = parts.clock.monotonic()
    known: dict[IssuerRules, list[TrustedIssuer]] = {}
    for issuer in parts.templates.recent(_RECENT):
        known.setdefault(issuer.rules, []).append(issuer)
    for issuer in parts.trust.exact.values():
        known[issuer.rules] = [issuer]
    return Health(
        issuers=tuple(
            _issuer(parts, rules, known.get(rules, ()), now) for rules in parts.trust.every
        ),
        signatures=_cache(parts.signatures, remembered_tokens),
        template_issuers=len(parts.templates),
        store=None if parts.fleet is None else _store(parts.fleet.state(), now),
    )


def _store(state: StoreSeen, now: float) -> StoreHealth:
    return StoreHealth(
        state=state.state,
        next_try_in=max(0.0, state.unwritten_until - now),
        last_error=key_report.last_error(state.last_reason, state.failed_at, now),
    )


def _cache(counts: Signatures, capacity: int) -> CacheHealth:
    entries, hits, misses = counts
    total = hits + misses
    return CacheHealth(
        entries=entries,
        capacity=capacity,
        hits=hits,
        misses=misses,
        hit_rate=hits / total if total else None,
    )


def _issuer(
    parts: Parts, rules: IssuerRules, known: Sequence[TrustedIssuer], now: float
) -> IssuerHealth:
    policy, sources = rules.settings.key_set, [issuer.source for issuer in known]
    introspection = _introspection(parts, rules, now)
    # One that works is enough: of the issuers behind a template, some are given up some day.
    ready = not sources or any(key_report.is_ready(source, now, policy) for source in sources)
    is_exact = rules.pattern is None
    return IssuerHealth(
        issuer=rules.settings.issuer,
        alias=rules.alias,
        ready=ready and (introspection is None or introspection.breaker != "open"),
        key_set=key_report.key_set_health(sources[0], now, policy) if is_exact else None,
        template=None if is_exact else _template(sources, now, policy),
        introspection=introspection,
    )


def _template(sources: Sequence[KeySource], now: float, policy: KeySetPolicy) -> TemplateHealth:
    states: dict[KeySetState, int] = {}
    for source in sources:
        state = key_report.state(source, now, policy)
        states[state] = states.get(state, 0) + 1
    errors = [(source.failed_at, source.last_reason) for source in sources if source.last_reason]
    failed_at, reason = max(errors, default=(now, None))
    return TemplateHealth(
        issuers=len(sources),
        states=states,
        oldest=max((now - source.landed_at for source in sources), default=None),
        last_error=key_report.last_error(reason, failed_at, now),
    )


def _introspection(parts: Parts, rules: IssuerRules, now: float) -> IntrospectionHealth | None:
    settings, introspector = rules.settings.introspection, parts.introspectors.get(rules)
    if settings is None or introspector is None:
        return None
    watch, state = parts.watches.of(rules), introspector.state()
    counts = Signatures(state.answers, watch.answers_kept, watch.answers_asked)
    return IntrospectionHealth(
        breaker=state.breaker,
        next_try_in=state.next_try_in,
        answers=_cache(counts, settings.cached_answers),
        last_error=key_report.last_error(watch.last_reason, watch.failed_at, now),
    )
