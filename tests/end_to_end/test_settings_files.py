"""Settings from a TOML file and from variables are the same guard as from a JSON file, with which
all other tests here are made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations import guarded_apps
from integrations.authorization_servers.launch import AuthorizationServer
from integrations.serving.launch import launch

from . import expectations as expected
from .group import Asker, Group, plain_client
from .setting_up import settings_for

pytestmark = [
    pytest.mark.servers,
    # One that runs without Node.js, and both kinds of token.
    pytest.mark.parametrize("server_name", ["authlib_server"]),
]

TOML_EXAMPLE = Path(guarded_apps.__file__).with_name("settings.toml")


def toml_variables(server: AuthorizationServer) -> dict[str, str]:
    """What the example in the README leaves to the environment."""
    assert server.introspection is not None
    return {
        "ISSUER": server.issuer,
        "INTROSPECTION_ENDPOINT": server.introspection.endpoint,
        "CLIENT_ID": server.introspection.client_id,
        "CLIENT_SECRET": server.introspection.client_secret,
    }


def variables_alone(server: AuthorizationServer) -> dict[str, str]:
    """All of it, as a container platform would give it."""
    assert server.introspection is not None
    issuer = "BEARER_GUARD_ISSUERS__0__"
    return {
        "BEARER_GUARD_AUDIENCE": expected.AUDIENCE,
        "BEARER_GUARD_PUBLIC": '["/health"]',
        "BEARER_GUARD_RULES": json.dumps(settings_for(server)["rules"]),
        f"{issuer}ISSUER": server.issuer,
        f"{issuer}INTROSPECTION__ENDPOINT": server.introspection.endpoint,
        f"{issuer}INTROSPECTION__CLIENT_ID": server.introspection.client_id,
        f"{issuer}INTROSPECTION__CLIENT_SECRET": server.introspection.client_secret,
    }


@pytest.fixture
def two_ways(server: AuthorizationServer) -> Iterator[Group]:
    """The ASGI application set up in one way, the WSGI application in the other."""
    with (
        launch("asgi", settings=TOML_EXAMPLE, environment=toml_variables(server)) as (asgi,),
        launch("wsgi", environment=variables_alone(server)) as (wsgi,),
        plain_client() as http,
    ):
        yield Group((Asker(asgi, server, http), Asker(wsgi, server, http)))


def test_toml_and_variables_come_to_the_same_verdicts(
    server_name: str, server: AuthorizationServer, two_ways: Group
) -> None:
    for kind in ("jwt", "opaque"):
        two_ways.ask(server.token(kind)).says(
            expected.orders_read(server.name, server.issuer, kind)
        )
    for kind in ("other_scope_jwt", "other_scope_opaque"):
        two_ways.ask(server.token(kind), "POST").says(expected.too_little("orders:write"))
    two_ways.ask(server.token("other_audience_jwt")).says(expected.INVALID)
    two_ways.ask(None).says(expected.NO_TOKEN)
