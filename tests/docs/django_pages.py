"""Documents whose blocks are the files of a Django project: each begins with its name."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from documents import DOCUMENTS, blocks

_NAME = re.compile(r"# (\w+\.py)\n")

# What `startproject` writes beside what a page shows.
_BEFORE = """
SECRET_KEY = "of a document"
ALLOWED_HOSTS = ["testserver"]
USE_TZ = True
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = []
MIDDLEWARE = []
"""
_AFTER = """
_apps = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
INSTALLED_APPS = [*_apps, *(each for each in INSTALLED_APPS if each is not ...)]
MIDDLEWARE = [each for each in MIDDLEWARE if each is not ...]
"""
# Where bearer_guard is installed, pytest finds the fixture by itself.
_CONFTEST = """
import django
from bearer_guard.pytest_plugin import authorization_server
from django.core.management import call_command

django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)
"""


def files_of(path: Path) -> dict[str, str]:
    """The files of a document's project, blocks of one name joined; empty where it has none."""
    found: dict[str, list[str]] = defaultdict(list)
    for block in blocks(path, "python"):
        name = _NAME.match(block.text)
        if name is not None:
            found[name[1]].append(block.text)
    return {name: "\n".join(texts) for name, texts in found.items()}


PAGES = [path for path in DOCUMENTS if "settings.py" in files_of(path)]


def write(path: Path, folder: Path) -> None:
    """The project of a document, in a folder."""
    files = files_of(path)
    files["settings.py"] = _BEFORE + files["settings.py"] + _AFTER
    for name, text in {**files, "conftest.py": _CONFTEST}.items():
        folder.joinpath(name).write_text(text, "utf-8")
