"""No token, secret or key id leaves by the log or by an exception."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator

import pytest

from bearer_guard import AuthorizationServerUnavailable, BearerError, Introspection, Request
from key_life.world import JWKS, OPENID, World, bearer

SECRET = "s3cret-of-this-api"
INTROSPECT = "/introspect"


@pytest.fixture(params=["basic", "post", "bearer"])
def guarded(request: pytest.FixtureRequest, new_world: Callable[..., World]) -> World:
    ways = {
        "basic": {"client_id": "this-api", "client_secret": SECRET},
        "post": {
            "client_id": "this-api",
            "client_secret": SECRET,
            "auth_method": "client_secret_post",
        },
        "bearer": {"token": lambda: SECRET},
    }
    return new_world(
        introspects=lambda server: Introspection(server.url(INTROSPECT), **ways[request.param])
    )


def told(error: BaseException | None) -> Iterator[str]:
    """All that an exception says, and those behind it."""
    while error is not None:
        yield f"{error} {error!r} {vars(error)}"
        yield "".join(traceback.format_exception_only(error))
        error = error.__cause__ or error.__context__


def test_whatever_happens_no_record_and_no_error_holds_a_token_a_secret_or_a_key_id(
    guarded: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = guarded.server
    heard: list[str] = []
    words = {SECRET, server.signing_key().kid, server.signing_key().kid.partition("-")[2]}

    def bring(token: str, method: str = "Bearer") -> None:
        words.update(part for part in token.split(".") if len(part) > 8)
        words.add(token)
        request = Request(headers={"Authorization": f"{method} {token}"})
        try:
            guarded.guard.authenticate(request)
        except BearerError as error:
            heard.extend(told(error))
            refusal = guarded.guard.refusal(error)
            heard.append(f"{refusal}")

    bring(server.opaque())
    server.change_credentials(client_secret=SECRET, introspection_token=SECRET)
    for token in (
        *(server.jwt(), server.opaque(), server.jwe(), server.refresh_token(), server.id_token()),
        *(server.jwt(audience="elsewhere"), server.jwt(expires_in=-100), "dead-opaque-token"),
        *(server.tampered(server.jwt()), server.jwt(kid="made-up-key-id"), server.jwt() + ".x"),
        *(server.jwt(key=server.foreign_key(), kid="another-key-id"), "x" * 20_000),
        *(server.jwt(claims={"cnf": {"jkt": "thumbprint"}}), server.jwt(typ="logout+jwt")),
        *(server.jwt(header={"alg": "none"}), server.jwt(claims={"iss": "https://evil.example"})),
    ):
        bring(token)
        bring(token, "BEARER ")
    for path in (OPENID, JWKS, INTROSPECT):
        for override in ({"status": 500}, {"status": 401}, {"body": b"\xff"}, {"body": {}}):
            server.override(path, **override)
            guarded.clock.turn(5000)
            bring(server.jwt(kid="yet-another-key-id"))
            bring(server.opaque())
    server.go_down()
    guarded.clock.turn(50_000)
    bring(server.jwt())
    bring(server.opaque())
    guarded.landed()
    words |= {"made-up-key-id", "another-key-id", "thumbprint"}
    assert len(heard) > 50
    everything = "\n".join([*heard, caplog.text, *(str(vars(each)) for each in caplog.records)])
    assert sorted(word for word in words if word in everything) == []
    ours = [record for record in caplog.records if record.name == "bearer_guard"]
    assert len(ours) > 30
    assert all(isinstance(record.reason, str) and record.reason for record in ours)


def test_a_failure_of_ours_holds_no_exception_of_a_library(world: World) -> None:
    world.server.go_down()
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        world.guard.authenticate(bearer(world.server.jwt()))
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_refusals_that_came_over_a_fetch_have_no_context_either(world: World) -> None:
    with pytest.raises(BearerError) as caught:
        world.guard.authenticate(bearer(world.server.jwt(kid="made-up")))
    assert caught.value.__cause__ is caught.value.__context__ is None
