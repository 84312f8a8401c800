"""The demo runs, shows what it promises, notices what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bearer_guard.testing import AuthorizationServer
from demo.servers import Api, ServerFailed
from demo.table import Row, wrong
from demo.walk import Heading, Step, Verdict, invalid, steps

ROOT = Path(__file__).parents[2]
SECONDS = 60


def demo(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the demo, with *folder* for its modules and for what it keeps meanwhile."""
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join((str(folder), str(ROOT)))
    return {**os.environ, "PYTHONPATH": path, "TMPDIR": str(folder), "COLUMNS": "60"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def shown(folder: Path) -> str:
    run = demo(folder=folder)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def all_steps() -> list[Step]:
    with AuthorizationServer() as server:
        return [step for step in steps(server) if not isinstance(step, Heading)]


def test_every_step_is_a_row_that_is_as_it_should_be(shown: str) -> None:
    rows = [line for line in shown.splitlines() if line.startswith(" ok ")]
    assert [re.split(r"  +", row.removeprefix(" ok").strip())[0] for row in rows] == [
        step.sent.strip() for step in all_steps()
    ]
    assert len(rows) >= 24
    assert f"All {len(rows)} rows are as they should be, on both APIs." in shown
    assert "BAD" not in shown


def test_the_table_fits_a_terminal_and_tells_status_reason_and_calls(shown: str) -> None:
    assert max(map(len, shown.splitlines())) <= 120
    assert re.search(r"^ ok +self-contained token \(JWT\) +200 +200 +2 *$", shown, re.MULTILINE)
    assert re.search(
        r'expired +401 +401 +error="invalid_token" +expired +0 *$', shown, re.MULTILINE
    )
    assert re.search(r"never seen +503 +503 +Retry-After: 1 +upstream_unreachable", shown)
    assert 'www-authenticate: Bearer realm="api", error="invalid_token"' in shown


def test_nothing_of_a_run_is_left(shown: str, folder: Path) -> None:
    assert list(folder.glob("demo-*")) == []
    ports = set(map(int, re.findall(r"http://127\.0\.0\.1:(\d+)", shown)))
    assert len(ports) == 3
    for port in ports:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=SECONDS)


def test_an_api_that_lets_everybody_in_makes_the_demo_fail(tmp_path: Path) -> None:
    (tmp_path / "open_api.py").write_text(
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'application/json')])\n"
        "    return [b'{}']\n"
    )
    run = demo("--wsgi", "open_api:app", folder=tmp_path)
    assert run.returncode == 1
    assert re.search(r"^ BAD +expired +401 +200", run.stdout, re.MULTILINE)
    assert re.search(r"^ ok +a public path, no token +200 +200", run.stdout, re.MULTILINE)
    assert "rows are not as they should be." in run.stdout


def test_an_api_that_does_not_start_is_told_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "broken_api.py").write_text("raise RuntimeError('out of order')\n")
    run = demo("--asgi", "broken_api:app", folder=tmp_path)
    assert run.returncode == 1
    assert "uvicorn did not start" in run.stderr
    assert "RuntimeError: out of order" in run.stderr


@contextmanager
def kept_running(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo with ``--keep``, once it says that it stays."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "demo", "--keep"],
        cwd=ROOT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        too_late = threading.Timer(SECONDS, process.kill)
        too_late.start()
        try:
            assert process.stdout is not None
            said = ""
            while "another token" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            yield process, said
        finally:
            too_late.cancel()
            process.terminate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_what_is_kept_answers_until_it_is_ended(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    with kept_running(tmp_path) as (process, said):
        named = dict(re.findall(r"\b([A-Z]+)=(\S+)", said))
        answers = {
            (api, token): httpx.get(
                f"{named[api]}/orders",
                headers={"Authorization": f"Bearer {named[token]}"},
                trust_env=False,
                timeout=SECONDS,
            ).status_code
            for api in ("ASGI", "WSGI")
            for token in ("JWT", "OPAQUE", "EXPIRED")
        }
        process.send_signal(number)
        assert process.wait(SECONDS) == status
    assert list(answers.values()) == [200, 200, 401, 200, 200, 401]
    for name in ("ASGI", "WSGI", "SERVER"):
        with pytest.raises(httpx.ConnectError):
            httpx.get(named[name], trust_env=False, timeout=SECONDS)
    assert list(tmp_path.glob("demo-*")) == []


def test_a_row_is_right_only_when_status_challenge_reason_and_calls_are() -> None:
    expected = invalid("expired")
    step = Step("expired", expected)
    assert Row(step, [expected, expected]).is_right
    for got in (
        Verdict(200, 'error="invalid_token"', "expired"),
        Verdict(401, "", "expired"),
        Verdict(401, 'error="invalid_token"', "other"),
        Verdict(401, 'error="invalid_token"', "expired", calls=1),
    ):
        assert not Row(step, [expected, got]).is_right
        assert not Row(step, [got, expected]).is_right
        assert f"WSGI gave {got}" in wrong(Row(step, [expected, got]))


def test_a_server_that_ends_at_once_is_noticed(tmp_path: Path) -> None:
    with (
        Api("gunicorn", "no_such_module:app", "http://127.0.0.1:1", tmp_path) as api,
        pytest.raises(ServerFailed, match="gunicorn did not start"),
    ):
        api.wait()
