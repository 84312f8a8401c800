"""Where Node.js is missing, two servers cannot be run, and nobody can overlook it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE_SERVERS = ("oidc_provider", "oauth2_mock_server")


@pytest.fixture(scope="module")
def runs_without_node(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, subprocess.CompletedProcess[str]]:
    """One test of each Node server, outside of CI and in it, where no program is found at all."""
    nothing = tmp_path_factory.mktemp("no_programs")

    def run(ci: str) -> subprocess.CompletedProcess[str]:
        selection = " or ".join(f"challenged and {name}" for name in NODE_SERVERS)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--color=no",
            "--assert=plain",
        ]
        return subprocess.run(
            [*command, str(HERE / "test_every_kind_of_token.py"), "-k", selection],
            cwd=HERE.parents[1],
            env={**os.environ, "PATH": str(nothing), "CI": ci},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    with ThreadPoolExecutor() as pool:
        return dict(zip(("", "true"), pool.map(run, ("", "true")), strict=True))


@pytest.mark.parametrize("ci", ["", "true"])
def test_the_run_ends_with_a_summary_that_names_them(
    ci: str, runs_without_node: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    _, heading, summary = runs_without_node[ci].stdout.partition("AUTHORIZATION SERVERS NOT RUN")
    assert heading
    for name in NODE_SERVERS:
        assert f"{name}: NOT RUN, no test was made with it. Node.js 20.19" in summary


def test_outside_of_ci_the_run_passes_without_them(
    runs_without_node: dict[str, subprocess.CompletedProcess[str]],
) -> None:
    assert runs_without_node[""].returncode == 0
    assert "2 skipped" in runs_without_node[""].stdout


def test_in_ci_the_run_fails(
    runs_without_node: dict[str, subprocess.CompletedProcess[str]],
) -> None:
    assert runs_without_node["true"].returncode == 1
    assert "2 errors" in runs_without_node["true"].stdout
