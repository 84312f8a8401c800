"""A guard is made from arguments, from plain data, from a file or from the environment."""

from __future__ import annotations

import inspect
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bearer_guard import Guard, Issuer, MissingToken, Request, SettingsError
from bearer_guard.clock import SystemClock
from bearer_guard.settings import GuardSettings
from key_life.world import ISSUER, World

AUDIENCE = "https://api.example.com"


@pytest.mark.parametrize("given", ["https://proxy.example/", 5, object()])
def test_an_http_client_that_is_none_is_told_so_at_once(given: Any) -> None:
    with pytest.raises(
        SettingsError, match=r"^http_client must be an httpx\.Client, or a function"
    ):
        Guard(audience="a", issuers=[Issuer("https://i.example/")], http_client=given)


def test_making_one_opens_nothing_and_starts_nothing() -> None:
    before = threading.active_count()
    with Guard(audience=AUDIENCE, issuers=[Issuer(ISSUER)]) as guard:
        assert threading.active_count() == before
        assert guard._authenticator.equipment._caller._clients._held is None


def test_its_arguments_are_the_settings_and_what_plain_data_cannot_hold() -> None:
    arguments = set(inspect.signature(Guard).parameters)
    assert arguments == {field.name for field in fields(GuardSettings)} | {"http_client", "clock"}


def test_arguments_have_the_settings_defaults() -> None:
    with Guard(audience=AUDIENCE, issuers=[Issuer(ISSUER)]) as guard:
        assert guard.settings == GuardSettings(audience=AUDIENCE, issuers=[Issuer(ISSUER)])


def test_a_mapping_makes_the_same_guard(world: World) -> None:
    options = {"audience": AUDIENCE, "issuers": [ISSUER], "realm": "orders"}
    guard = Guard.from_mapping(options, http_client=world.http_client, clock=world.clock)
    assert guard.settings == GuardSettings(
        audience=AUDIENCE, issuers=[Issuer(ISSUER)], realm="orders"
    )
    request = Request(headers={"Authorization": f"Bearer {world.server.jwt()}"})
    assert guard.authenticate(request).subject == "user-1"
    guard.close()


def test_so_do_a_file_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "guard.toml"
    file.write_text(f'[bearer_guard]\naudience = "{AUDIENCE}"\nissuers = ["{ISSUER}"]\n')
    environ = {"BEARER_GUARD_AUDIENCE": AUDIENCE, "BEARER_GUARD_ISSUERS": f'["{ISSUER}"]'}
    expected = GuardSettings(audience=AUDIENCE, issuers=[Issuer(ISSUER)])
    assert Guard.from_toml(file).settings == Guard.from_toml(str(file)).settings == expected
    assert Guard.from_environment(environ).settings.audience == (AUDIENCE,)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert Guard.from_environment().settings.audience == (AUDIENCE,)


def test_a_subclass_makes_itself() -> None:
    class OrdersGuard(Guard):
        """A guard with a name."""

    assert isinstance(
        OrdersGuard.from_mapping({"audience": AUDIENCE, "issuers": [ISSUER]}), OrdersGuard
    )


def test_a_wrong_setting_is_said_when_it_is_made() -> None:
    with pytest.raises(SettingsError, match="audience"):
        Guard(audience=(), issuers=[Issuer(ISSUER)])


def test_without_a_clock_it_goes_by_the_machines() -> None:
    import time

    clock = SystemClock()
    assert abs(clock.time() - time.time()) < 5
    assert abs(clock.monotonic() - time.monotonic()) < 5
    with (
        Guard(audience=AUDIENCE, issuers=[Issuer(ISSUER)]) as guard,
        pytest.raises(MissingToken),
    ):
        guard.authenticate(Request())
