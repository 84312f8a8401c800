"""A run of some tests where no program is found at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def run(file: Path, selection: str, nothing: Path, ci: str) -> subprocess.CompletedProcess[str]:
    """``nothing`` is an empty folder, ``ci`` the variable by which a run knows where it is."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no"]
    return subprocess.run(
        [*command, "--assert=plain", str(file), "-k", selection],
        cwd=_ROOT,
        env={**os.environ, "PATH": str(nothing), "CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
