"""OpenTelemetry, once for each guard: ``instrument(guard)``.

    bearer_guard.decisions          counter     requests judged, by outcome, reason and issuer
    bearer_guard.key_set.age        gauge       seconds since an issuer last confirmed its keys
    bearer_guard.upstream.duration  histogram   seconds of each call, by what it asks for
    bearer_guard.cache.lookups      counter     hits and misses of the guard's memories

and a span around each call to an authorization server, within that of the request that had it
made. Labels come from the settings and from this library, never from a token: there are only so
many. Nothing is sent along to authorization servers, who are somebody else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
except ImportError:
    raise ImportError("bearer_guard.otel needs OpenTelemetry: install bearer-guard[otel]") from None

from bearer_guard import __version__
from bearer_guard._core.reasons import ADVICE
from bearer_guard.exchange import CallKind, Ended
from bearer_guard.guard import Guard
from bearer_guard.health import CacheHealth, IssuerHealth
from bearer_guard.observer import Outcome, Result

_SCOPE = "bearer_guard"
_REALM = "bearer_guard.realm"
_ISSUER = "bearer_guard.issuer"
# Those of OpenTelemetry's HTTP metrics, up to the deadline's neighbourhood.
_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

_Attributes = dict[str, str]


def instrument(
    guard: Guard,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
) -> None:
    """Have ``guard`` measured and traced from now on. Once for each guard, at start-up.

    Without providers the global ones are used: set them before. Several guards of a process are
    told apart by their ``realm``.
    """
    meters = meter_provider or metrics.get_meter_provider()
    instruments = _known.get(meters) or _known.setdefault(meters, _Instruments(meters))
    instruments.guards[guard] = None
    tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider)
    guard._observe(_Telemetry(guard.settings.realm, instruments, tracer))


class _Instruments:
    """Those of one meter provider: it takes the callbacks of each observable instrument once."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter(_SCOPE, __version__)
        self.guards: WeakKeyDictionary[Guard, None] = WeakKeyDictionary()
        self.decisions = meter.create_counter(
            "bearer_guard.decisions", "{decision}", "Requests that were judged"
        )
        self.durations = meter.create_histogram(
            "bearer_guard.upstream.duration",
            "s",
            "Calls to authorization servers",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        meter.create_observable_gauge(
            "bearer_guard.key_set.age",
            [self._ages],
            "s",
            "Since an issuer last published or confirmed its keys",
        )
        meter.create_observable_counter(
            "bearer_guard.cache.lookups",
            [self._lookups],
            "{lookup}",
            "Hits and misses of the guard's memories",
        )

    def _ages(self, _options: CallbackOptions) -> Iterable[Observation]:
        for guard in list(self.guards):
            for issuer in guard.health().issuers:
                age = _age(issuer)
                if age is not None:
                    yield Observation(age, {_REALM: guard.settings.realm, _ISSUER: issuer.alias})

    def _lookups(self, _options: CallbackOptions) -> Iterable[Observation]:
        for guard in list(self.guards):
            health, realm = guard.health(), guard.settings.realm
            yield from _hits_and_misses(
                health.signatures, {_REALM: realm, "bearer_guard.cache": "signatures"}
            )
            for issuer in health.issuers:
                if issuer.introspection is not None:
                    labels = {_REALM: realm, "bearer_guard.cache": "introspection"}
                    yield from _hits_and_misses(
                        issuer.introspection.answers, {**labels, _ISSUER: issuer.alias}
                    )


_known: WeakKeyDictionary[MeterProvider, _Instruments] = WeakKeyDictionary()


def _age(issuer: IssuerHealth) -> float | None:
    """Of a template the oldest."""
    if issuer.key_set is not None:
        return issuer.key_set.age
    return issuer.template.oldest if issuer.template is not None else None


def _hits_and_misses(cache: CacheHealth, labels: _Attributes) -> Iterator[Observation]:
    yield Observation(cache.hits, {**labels, "bearer_guard.result": "hit"})
    yield Observation(cache.misses, {**labels, "bearer_guard.result": "miss"})


def _error_of(status: int) -> str:
    """By its class: a server may write any number. 304 is what we asked for."""
    return "" if 200 <= status < 300 or status == 304 else f"{status // 100}xx"


class _Telemetry:
    """What one guard tells (an ``Observer``)."""

    def __init__(self, realm: str, instruments: _Instruments, tracer: trace.Tracer) -> None:
        self._realm = realm
        self._instruments = instruments
        self._tracer = tracer
        self._decisions: dict[tuple[Outcome, str, str], _Attributes] = {}

    def decided(self, outcome: Outcome, reason: str, alias: str) -> None:
        """A request was judged."""
        # The application may raise errors with reasons of its own, of any number.
        known = reason if reason in ADVICE or not reason else "other"
        key = outcome, known, alias
        attributes = self._decisions.get(key)
        if attributes is None:
            named = {"bearer_guard.outcome": outcome, "bearer_guard.reason": known, _ISSUER: alias}
            attributes = {_REALM: self._realm, **{k: v for k, v in named.items() if v}}
            self._decisions[key] = attributes
        self._instruments.decisions.add(1, attributes)

    def calling(self, kind: CallKind, alias: str, method: str, url: str) -> Ended:
        """A call is made: a span until it has ended, and its duration then."""
        labels = {_REALM: self._realm, _ISSUER: alias, "bearer_guard.call": kind}
        span = self._tracer.start_span(
            f"bearer_guard {kind}", kind=SpanKind.CLIENT, attributes=labels
        )
        address = urlsplit(url)
        # The path and the query may hold what is nobody's business.
        span.set_attributes(
            {"http.request.method": method, "server.address": address.hostname or ""}
        )
        started = time.perf_counter()

        def ended(reason: str, status: int) -> None:
            failed = reason or _error_of(status)
            measured = {**labels, "error.type": failed} if failed else labels
            self._instruments.durations.record(time.perf_counter() - started, measured)
            if status:
                span.set_attribute("http.response.status_code", status)
            if failed:
                span.set_attribute("error.type", failed)
                span.set_status(Status(StatusCode.ERROR))
            span.end()

        return ended

    def carry(self, job: Callable[[], Result]) -> Callable[[], Result]:
        """The spans of the calls belong to the request that had them made."""
        current = context.get_current()

        def carried() -> Result:
            token = context.attach(current)
            try:
                return job()
            finally:
                context.detach(token)

        return carried


__all__ = ["instrument"]
