"""OpenTelemetry: what is measured and traced, by its own SDK."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from bearer_guard import Guard, InvalidToken, Issuer, KeySetPolicy, Request
from bearer_guard.otel import instrument
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, TEMPLATE, World, bearer, verdict, verdict_async

Points = dict[tuple[tuple[str, str], ...], Any]


class Telemetry:
    """Both of the SDK's providers, and what they were told."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._exporter = InMemorySpanExporter()
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))

    def of(self, guard: Guard) -> None:
        instrument(guard, self.meters, self.tracers)

    def points(self, name: str, value: str = "value") -> Points:
        """The values of a metric by their attributes, the realm aside."""
        found: Points = {}
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                assert scope.scope.name == "bearer_guard"
                for metric in scope.metrics:
                    if metric.name == f"bearer_guard.{name}":
                        for point in metric.data.data_points:
                            labels = {
                                key.removeprefix("bearer_guard."): said
                                for key, said in point.attributes.items()
                            }
                            assert labels.pop("realm") == "api"
                            assert tuple(sorted(labels.items())) not in found
                            found[tuple(sorted(labels.items()))] = getattr(point, value)
        return found

    def spans(self) -> list[Any]:
        return list(self._exporter.get_finished_spans())

    def close(self) -> None:
        self.meters.shutdown()
        self.tracers.shutdown()


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    telemetry = Telemetry()
    yield telemetry
    telemetry.close()


def labels(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


LOGIN = "login.example.com"
LET_IN = labels(issuer=LOGIN, outcome="let_in")


def test_decisions_are_counted_by_outcome_reason_and_issuer(
    world: World, telemetry: Telemetry
) -> None:
    telemetry.of(world.guard)
    server = world.server
    good = server.jwt()
    expired, foreign = server.jwt(expires_in=-1000), server.jwt(claims={"iss": "https://evil/"})
    for token in (good, good, good, expired, expired, foreign, server.jwt(kid="made-up"), "x"):
        world(token)
    with pytest.raises(Exception, match="token_missing"):
        world.guard.authenticate(Request())
    assert telemetry.points("decisions") == {
        LET_IN: 3,
        labels(issuer=LOGIN, outcome="refused", reason="expired"): 2,
        labels(outcome="refused", reason="issuer_untrusted"): 1,
        labels(issuer=LOGIN, outcome="refused", reason="key_unknown"): 1,
        labels(outcome="refused", reason="token_not_self_contained"): 1,
        labels(outcome="refused", reason="token_missing"): 1,
    }


def test_that_nobody_can_tell_is_another_outcome(world: World, telemetry: Telemetry) -> None:
    telemetry.of(world.guard)
    world.server.go_down()
    world(world.server.jwt())
    assert telemetry.points("decisions") == {
        labels(issuer=LOGIN, outcome="unavailable", reason="upstream_unreachable"): 1
    }


def test_referential_tokens_are_counted_as_the_issuers_that_resolves_them(
    opaque: World, telemetry: Telemetry
) -> None:
    telemetry.of(opaque.guard)
    for token in (opaque.server.opaque(), "dead", "dead"):
        opaque(token)
    assert telemetry.points("decisions") == {
        LET_IN: 1,
        labels(issuer=LOGIN, outcome="refused", reason="token_inactive"): 2,
    }


def test_an_async_decision_is_counted_like_any_other(
    world: World, telemetry: Telemetry, run: Callable[..., Any]
) -> None:
    telemetry.of(world.guard)
    good = world.server.jwt()
    tokens = good, world.server.jwt(kid="made-up"), world.server.tampered(good), good
    verdicts = [run(verdict_async, world.guard, token) for token in tokens]
    assert verdicts == ["let in", "401 key_unknown", "401 signature_invalid", "let in"]
    assert telemetry.points("decisions") == {
        LET_IN: 2,
        labels(issuer=LOGIN, outcome="refused", reason="key_unknown"): 1,
        labels(issuer=LOGIN, outcome="refused", reason="signature_invalid"): 1,
    }


def test_a_scope_that_lacks_is_a_decision_of_its_own(
    new_world: Callable[..., World], telemetry: Telemetry
) -> None:
    """The token was let in, the request was not; by a rule or by a handler."""
    world = new_world(guard_options={"required_scopes": ["admin"]})
    telemetry.of(world.guard)
    request = bearer(world.server.jwt(scope="orders:read"))
    with pytest.raises(Exception, match="scope_insufficient") as by_rule:
        world.guard.check(request)
    with pytest.raises(Exception, match="scope_insufficient") as by_handler:
        world.guard.authenticate(request).require_scopes("admin")
    for caught in (by_rule, by_handler):
        world.guard.refusal(caught.value)
    assert telemetry.points("decisions") == {
        LET_IN: 2,
        labels(issuer=LOGIN, outcome="refused", reason="scope_insufficient"): 2,
    }


def test_an_error_of_the_applications_own_makes_no_label(
    world: World, telemetry: Telemetry
) -> None:
    telemetry.of(world.guard)
    for number in range(50):
        world.guard.refusal(InvalidToken(f"made_up_{number}", issuer="https://evil.example/"))
    assert telemetry.points("decisions") == {}


def test_nor_does_one_that_comes_out_of_the_guard(
    new_world: Callable[..., World], telemetry: Telemetry
) -> None:
    reasons = iter(f"made_up_{number}" for number in range(50))

    def expand(_scopes: frozenset[str]) -> set[str]:
        raise InvalidToken(next(reasons))

    world = new_world(guard_options={"expand_scopes": expand})
    telemetry.of(world.guard)
    for _ in range(50):
        world(world.server.jwt())
    assert sum(telemetry.points("decisions").values()) == 50
    assert {dict(each)["reason"] for each in telemetry.points("decisions")} == {"other"}


def test_a_thousand_issuers_behind_a_template_are_one_label(
    new_world: Callable[..., World], telemetry: Telemetry
) -> None:
    world = new_world(TEMPLATE, alias="tenants")
    telemetry.of(world.guard)
    for number in range(20):
        world(world.server.jwt(application=f"a{number}"))
        world(world.server.jwt(claims={"iss": f"https://login.example.com/apps/x{number}/"}))
    assert telemetry.points("decisions") == {
        labels(issuer="tenants", outcome="let_in"): 20,
        labels(outcome="refused", reason="issuer_untrusted"): 20,
    }
    assert set(telemetry.points("key_set.age")) == {labels(issuer="tenants")}


def test_the_age_of_keys_is_a_gauge(new_world: Callable[..., World], telemetry: Telemetry) -> None:
    world = new_world(key_set=KeySetPolicy(jitter=0))
    telemetry.of(world.guard)
    assert telemetry.points("key_set.age") == {}, "there are none yet"
    world(world.server.jwt())
    world.clock.turn(123)
    assert telemetry.points("key_set.age") == {labels(issuer=LOGIN): 123}
    assert world.keys_asked() == 1


def test_of_a_template_the_oldest_keys_count(
    new_world: Callable[..., World], telemetry: Telemetry
) -> None:
    world = new_world(TEMPLATE)
    telemetry.of(world.guard)
    assert telemetry.points("key_set.age") == {}
    for application in "ab":
        world(world.server.jwt(application=application))
        world.clock.turn(50)
    assert telemetry.points("key_set.age") == {labels(issuer=LOGIN): 100}


def test_hits_and_misses_of_both_memories_are_counted(opaque: World, telemetry: Telemetry) -> None:
    telemetry.of(opaque.guard)
    jwt, referential = opaque.server.jwt(), opaque.server.opaque()
    for token in (jwt, jwt, jwt, referential, referential):
        opaque(token)
    assert telemetry.points("cache.lookups") == {
        labels(cache="signatures", result="hit"): 2,
        labels(cache="signatures", result="miss"): 1,
        labels(cache="introspection", result="hit", issuer=LOGIN): 1,
        labels(cache="introspection", result="miss", issuer=LOGIN): 1,
    }


def test_each_call_is_in_the_histogram_by_what_it_asks_for(
    opaque: World, telemetry: Telemetry
) -> None:
    telemetry.of(opaque.guard)
    opaque(opaque.server.jwt())
    opaque(opaque.server.opaque())
    opaque(opaque.server.opaque())
    assert telemetry.points("upstream.duration", "count") == {
        labels(call="metadata", issuer=LOGIN): 1,
        labels(call="key_set", issuer=LOGIN): 1,
        labels(call="introspection", issuer=LOGIN): 2,
    }
    assert all(0 < spent < 5 for spent in telemetry.points("upstream.duration", "sum").values())
    (bounds, *_) = telemetry.points("upstream.duration", "explicit_bounds").values()
    assert bounds[0] == 0.005


def test_a_repeated_call_counts_each_time_and_a_304_is_no_error(
    new_world: Callable[..., World], telemetry: Telemetry
) -> None:
    world = new_world(key_set=KeySetPolicy(jitter=0), jwks_uri="https://login.example.com/jwks")
    telemetry.of(world.guard)
    token = world.server.jwt(expires_in=9000)
    world.server.override(JWKS, status=503, times=1)
    world(token)
    world.clock.turn(480)
    world(token)
    world.landed()
    assert world.keys_asked() == 3
    assert telemetry.points("upstream.duration", "count") == {
        labels(call="key_set", issuer=LOGIN): 2,
        labels(call="key_set", issuer=LOGIN, **{"error.type": "5xx"}): 1,
    }


def test_a_call_that_could_not_be_made_counts_by_its_reason(
    world: World, telemetry: Telemetry
) -> None:
    telemetry.of(world.guard)
    world.server.go_down()
    world(world.server.jwt())
    error = {"error.type": "upstream_unreachable"}
    assert telemetry.points("upstream.duration", "count") == {
        labels(call="metadata", issuer=LOGIN, **error): 2
    }
    first, second = telemetry.spans()
    assert first.status.status_code is second.status.status_code is StatusCode.ERROR
    assert first.attributes["error.type"] == "upstream_unreachable"
    assert "http.response.status_code" not in first.attributes


def test_a_call_is_a_span_within_the_request_that_had_it_made(
    opaque: World, telemetry: Telemetry
) -> None:
    telemetry.of(opaque.guard)
    tracer = telemetry.tracers.get_tracer("application")
    with tracer.start_as_current_span("GET /orders") as of_jwt:
        opaque(opaque.server.jwt())
    with tracer.start_as_current_span("GET /orders") as of_opaque:
        opaque(opaque.server.opaque())
    calls = [span for span in telemetry.spans() if span.name != "GET /orders"]
    assert [(span.name, span.kind, span.parent.span_id) for span in calls] == [
        ("bearer_guard metadata", SpanKind.CLIENT, of_jwt.get_span_context().span_id),
        ("bearer_guard key_set", SpanKind.CLIENT, of_jwt.get_span_context().span_id),
        ("bearer_guard introspection", SpanKind.CLIENT, of_opaque.get_span_context().span_id),
    ]
    assert dict(calls[-1].attributes) == {
        "bearer_guard.realm": "api",
        "bearer_guard.issuer": LOGIN,
        "bearer_guard.call": "introspection",
        "http.request.method": "POST",
        "server.address": LOGIN,
        "http.response.status_code": 200,
    }


def test_the_spans_of_an_async_request_are_its_own_too(
    world: World, telemetry: Telemetry, run: Callable[..., Any]
) -> None:
    telemetry.of(world.guard)

    async def one_request() -> int:
        tracer = telemetry.tracers.get_tracer("application")
        with tracer.start_as_current_span("GET /orders") as span:
            await verdict_async(world.guard, world.server.jwt())
            assert trace.get_current_span() is span
        return span.get_span_context().span_id

    request = run(one_request)
    assert [span.parent.span_id for span in telemetry.spans()[:2]] == [request] * 2


def test_nothing_is_sent_along_to_the_authorization_server(
    opaque: World, telemetry: Telemetry
) -> None:
    """Trace ids and baggage are nobody's business over there."""
    telemetry.of(opaque.guard)
    with telemetry.tracers.get_tracer("application").start_as_current_span("GET /orders"):
        opaque(opaque.server.jwt())
        opaque(opaque.server.opaque())
    sent = {name for request in opaque.server.seen for name in request.headers}
    assert sent.isdisjoint({"traceparent", "tracestate", "baggage"})


def test_no_token_no_secret_and_no_key_id_is_told(opaque: World, telemetry: Telemetry) -> None:
    telemetry.of(opaque.guard)
    server = opaque.server
    tokens = server.jwt(subject="user-77"), server.opaque(), "junk-token"
    for token in tokens:
        opaque(token)
    told = str([(span.name, dict(span.attributes)) for span in telemetry.spans()])
    for name in ("decisions", "key_set.age", "cache.lookups"):
        told += str(telemetry.points(name))
    secret = str(server.introspection_settings()["client_secret"])
    for word in (*tokens, secret, "user-77", server.signing_key().kid, "/introspect", "/jwks"):
        assert word not in told, word


def test_two_guards_of_one_process_are_told_apart_by_their_realm(telemetry: Telemetry) -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    server = AuthorizationServer(issuer="https://login.example.com/")
    guards = [
        Guard(
            audience=server.audience,
            issuers=[Issuer(server.issuer)],
            realm=realm,
            http_client=server.http_client(),
        )
        for realm in ("orders", "stock")
    ]
    for guard in guards:
        instrument(guard, meters, telemetry.tracers)
        assert verdict(guard, server.jwt()) == "let in"
        guard.close()
    metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    seen = {
        metric.name: {point.attributes["bearer_guard.realm"] for point in metric.data.data_points}
        for metric in metrics
    }
    assert seen == {name: {"orders", "stock"} for name in seen}
    assert len(seen) == 4
    meters.shutdown()


def test_a_forgotten_guard_is_not_held_and_not_measured(telemetry: Telemetry, world: World) -> None:
    guard = Guard(audience="a", issuers=[Issuer("https://other.example/")])
    telemetry.of(guard)
    assert telemetry.points("cache.lookups") != {}
    gone = weakref.ref(guard)
    guard.close()
    del guard
    gc.collect()
    assert gone() is None
    assert telemetry.points("cache.lookups") == {}


def test_instrumented_twice_a_guard_counts_once(world: World, telemetry: Telemetry) -> None:
    telemetry.of(world.guard)
    telemetry.of(world.guard)
    world(world.server.jwt())
    assert telemetry.points("decisions") == {LET_IN: 1}
    assert telemetry.points("upstream.duration", "count")[labels(call="key_set", issuer=LOGIN)] == 1


def test_without_providers_the_global_ones_are_used(world: World) -> None:
    """Which do nothing, here, where nobody has set any."""
    instrument(world.guard)
    assert world(world.server.jwt()) == "let in"


def test_verdicts_are_the_same_with_and_without(
    new_world: Callable[..., World], telemetry: Telemetry
) -> None:
    worlds = [new_world(introspects=True), new_world(introspects=True)]
    telemetry.of(worlds[1].guard)
    verdicts = []
    for world in worlds:
        server = world.server
        tokens = (
            *(server.jwt(), server.opaque(), "dead", server.jwt(expires_in=-1000)),
            *(
                server.tampered(server.jwt()),
                server.jwt(kid="made-up"),
                server.jwt(audience="other"),
            ),
        )
        verdicts.append([world(token) for token in tokens])
        server.go_down()
        world.clock.turn(5000)
        verdicts[-1] += [world(server.opaque()), world(tokens[0]), world(server.jwt())]
    assert verdicts[0] == verdicts[1]
    assert len(set(verdicts[0])) > 5


def test_a_guard_that_is_not_instrumented_is_not_in_the_way_of_its_own_requests() -> None:
    """No wrapper, no look for an observer: the authenticator itself is what is called."""
    with Guard(audience="a", issuers=[Issuer("https://login.example.com/")]) as guard:
        assert guard._begin == guard._authenticator.begin
        assert guard._judge is guard._authenticator


def test_without_opentelemetry_a_sentence_says_what_to_install() -> None:
    script = """
import sys
sys.modules["opentelemetry"] = None
import bearer_guard.otel
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last == (
        "ImportError: bearer_guard.otel needs OpenTelemetry: install bearer-guard[otel]"
    )
