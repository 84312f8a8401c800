"""The applications' processes: what they say when they cannot start, and that they end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest

from integrations.authorization_servers.protocol import polls
from integrations.serving.launch import STOP_SECONDS, GuardedAppError, launch

from .group import plain_client

SETTINGS = {
    "audience": "https://api.example.com",
    "public": ["/health"],
    "issuers": ["https://login.example.com/"],
}


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(SETTINGS))
    return file


def group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_a_stopped_application_leaves_no_process_and_no_listener(kind: str, settings: Path) -> None:
    with launch(kind, settings=settings) as (app,):
        assert app.process is not None
        leader = app.process.pid
        assert group_lives(leader)
    assert not group_lives(leader)
    with plain_client() as http, pytest.raises(httpx.ConnectError):
        http.get(app.base_url)


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_an_application_ends_when_its_launcher_does(kind: str, settings: Path) -> None:
    with launch(kind, settings=settings) as (app,):
        process = app.process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        for _ in polls(STOP_SECONDS):
            if process.poll() is not None and not group_lives(process.pid):
                return
        pytest.fail("it lives on")


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_unsafe_settings_end_the_start_with_a_sentence_that_names_the_option(
    kind: str, settings: Path
) -> None:
    settings.write_text(json.dumps({**SETTINGS, "issuers": ["http://login.example.com/"]}))
    with (
        pytest.raises(GuardedAppError, match=r"issuers\[0\].*issuer is plain http"),
        launch(kind, settings=settings),
    ):
        pytest.fail("it started")
