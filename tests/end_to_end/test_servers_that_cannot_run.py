"""Where Node.js is missing, two servers cannot be run, and nobody can overlook it."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import without_programs

TOKEN_TESTS = Path(__file__).with_name("test_every_kind_of_token.py")
NODE_SERVERS = ("oidc_provider", "oauth2_mock_server")


@pytest.fixture(scope="module")
def runs_without_node(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, subprocess.CompletedProcess[str]]:
    """One test of each Node server, outside of CI and in it, where no program is found at all."""
    nothing = tmp_path_factory.mktemp("no_programs")

    selection = " or ".join(f"challenged and {name}" for name in NODE_SERVERS)

    def run(ci: str) -> subprocess.CompletedProcess[str]:
        return without_programs.run(TOKEN_TESTS, selection, nothing, ci)

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
