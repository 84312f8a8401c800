"""Installs a server's own dependencies into the git-ignored cache, once per lock file."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .profiles import Profile, Runtime

ROOM = Path(__file__).resolve().parent
CACHE = ROOM / ".cache"
LEAST_NODE = (20, 19)
INSTALL_SECONDS = 600
_READY_MARK = ".installed"
_NODE_INPUTS = ("package.json", "package-lock.json", ".npmrc")


class InstallError(RuntimeError):
    """A server's dependencies could not be installed."""


def node_version() -> tuple[int, ...] | None:
    """The version of the installed Node.js, or None."""
    node = shutil.which("node")
    if node is None:
        return None
    answer = subprocess.run(
        [node, "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    match = re.match(r"v(\d+)\.(\d+)\.", answer.stdout)
    return (int(match[1]), int(match[2])) if match else None


def missing_for(profile: Profile) -> str | None:
    """A sentence saying what this machine lacks for the server, or None."""
    if profile.runtime is Runtime.PYTHON:
        return None
    least = ".".join(map(str, LEAST_NODE))
    version = node_version()
    if version is None:
        return f"Node.js {least} or newer is not installed."
    if version < LEAST_NODE:
        return f"Node.js {'.'.join(map(str, version))} is installed, {least} or newer is needed."
    if shutil.which("npm") is None:
        return "npm is not installed."
    return None


def install(profile: Profile) -> Path:
    """The folder with the server's installed dependencies, filled at the first call."""
    home = CACHE / f"{profile.name}-{_fingerprint(profile)}"
    home.mkdir(parents=True, exist_ok=True)
    with _only_one_at_a_time(home):
        if not (home / _READY_MARK).exists():
            _fill(profile, home)
            (home / _READY_MARK).touch()
        if profile.runtime is Runtime.NODE:
            _copy_modules(profile, home)
    return home


def command_for(profile: Profile, home: Path) -> list[str]:
    """The command that runs the server, without its arguments."""
    if profile.runtime is Runtime.NODE:
        return [shutil.which("node") or "node", str(home / "server.mjs")]
    return [str(_venv_python(home)), str(ROOM / profile.name / "server.py")]


def _inputs(profile: Profile) -> list[Path]:
    names = _NODE_INPUTS if profile.runtime is Runtime.NODE else ("requirements.txt",)
    return [ROOM / profile.name / name for name in names]


def _fingerprint(profile: Profile) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]}{sysconfig.get_platform()}".encode())
    for path in _inputs(profile):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _only_one_at_a_time(home: Path) -> Iterator[None]:
    # Test workers start together; the second waits for the first one's installation.
    with (home.with_suffix(".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fill(profile: Profile, home: Path) -> None:
    if profile.runtime is Runtime.NODE:
        for path in _inputs(profile):
            shutil.copy2(path, home / path.name)
        npm = shutil.which("npm") or "npm"
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], home)
        return
    _run([sys.executable, "-m", "venv", str(home / "venv")], home)
    # The requirements are the complete pinned set, so nothing is left to resolve.
    pip = [str(_venv_python(home)), "-I", "-m", "pip", "install", "--quiet"]
    options = ["--disable-pip-version-check", "--no-deps"]
    _run([*pip, *options, "--requirement", str(ROOM / profile.name / "requirements.txt")], home)


def _run(command: list[str], folder: Path) -> None:
    answer = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if answer.returncode != 0:
        tail = (answer.stdout + answer.stderr)[-2000:]
        raise InstallError(f"{Path(command[0]).name} failed with {answer.returncode}:\n{tail}")


def _venv_python(home: Path) -> Path:
    return home / "venv" / "bin" / "python"


def _copy_modules(profile: Profile, home: Path) -> None:
    # Node resolves imports from the folder of the importing file, so the modules of the wrapper
    # have to lie next to node_modules.
    for module in [*ROOM.glob("*.mjs"), *(ROOM / profile.name).glob("*.mjs")]:
        fresh = home / f"{module.name}.{os.getpid()}"
        shutil.copyfile(module, fresh)
        fresh.replace(home / module.name)
