"""Where there is no browser nothing is proven, and nobody can overlook it."""

from __future__ import annotations

from pathlib import Path

import pytest

import without_programs

PAGE_TESTS = Path(__file__).with_name("test_fastapi_docs.py")


@pytest.mark.parametrize(
    ("ci", "status", "counted"),
    [("", 0, "1 skipped"), ("true", 1, "1 error")],
    ids=["elsewhere_the_run_passes", "in_ci_it_fails"],
)
def test_the_run_ends_with_a_summary_that_says_so(
    ci: str, status: int, counted: str, tmp_path: Path
) -> None:
    ran = without_programs.run(PAGE_TESTS, "scope_that_is_not_ticked", tmp_path, ci)
    assert ran.returncode == status
    assert counted in ran.stdout
    _, heading, summary = ran.stdout.partition("BROWSER NOT RUN")
    assert heading
    assert "No documentation page was opened. None of chromium, " in summary
