"""Where there is no browser nothing is proven, and nobody can overlook it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run_without_programs(nothing: Path, ci: str) -> subprocess.CompletedProcess[str]:
    """One test of a page, where no program is found at all."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no"]
    return subprocess.run(
        [*command, str(HERE / "test_fastapi_docs.py"), "-k", "scope_that_is_not_ticked"],
        cwd=HERE.parents[1],
        env={**os.environ, "PATH": str(nothing), "CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("ci", "status", "counted"),
    [("", 0, "1 skipped"), ("true", 1, "1 error")],
    ids=["elsewhere_the_run_passes", "in_ci_it_fails"],
)
def test_the_run_ends_with_a_summary_that_says_so(
    ci: str, status: int, counted: str, tmp_path: Path
) -> None:
    ran = run_without_programs(tmp_path, ci)
    assert ran.returncode == status
    assert counted in ran.stdout
    _, heading, summary = ran.stdout.partition("BROWSER NOT RUN")
    assert heading
    assert "No documentation page was opened. None of chromium, " in summary
