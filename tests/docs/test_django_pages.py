"""A project of Django's that is made of a document's blocks does what the document says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django_pages import PAGES, files_of, write
from documents import ROOT, blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_of_a_documents_project_pass(page: Path, tmp_path: Path) -> None:
    shown = files_of(page)["tests.py"].count("def test_")
    write(page, tmp_path)
    places = f"{tmp_path}{os.pathsep}{ROOT}"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": places}
    done = []
    for arguments in (
        ["-m", "django", "check", "--fail-level", "WARNING"],
        ["-c", "import " + ", ".join(name.removesuffix(".py") for name in files_of(page))],
        ["-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "tests.py"],
    ):
        ran = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        done.append(ran.stdout)
    assert f"{shown} passed" in done[-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_such_a_page_is_a_file_of_the_project(page: Path) -> None:
    nameless = [block.place for block in blocks(page, "python") if not block.text.startswith("# ")]
    assert nameless == []
