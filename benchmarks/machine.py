"""What was measured on: processor, interpreter and libraries, and nothing that names a machine."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

_LIBRARIES = (
    *("pyjwt", "cryptography", "httpx", "cachetools", "joserfc", "fastmcp", "authlib"),
    *("uvicorn", "httptools", "uvloop", "fastapi", "starlette", "gunicorn", "werkzeug"),
    *("flask", "django", "djangorestframework", "djangorestframework-simplejwt"),
    *("django-oauth-toolkit", "auth0-fastapi-api"),
)


def processor() -> str:
    """Its model and the number of cores."""
    return f"{_model()}, {os.cpu_count()} cores"


def interpreter() -> str:
    """Which Python, on which kind of system."""
    return f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"


def libraries() -> str:
    """Name and version of each that is installed."""
    return ", ".join(f"{name} {version}" for name in _LIBRARIES if (version := _version(name)))


def _model() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
