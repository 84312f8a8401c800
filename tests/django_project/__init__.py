"""Django, set up once for the tests of a process. What a test needs otherwise, it overrides."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path

import django
from django.conf import settings


def set_up() -> None:
    """With users, sessions and a database; whoever comes second finds it done."""
    if settings.configured:
        return
    # In a file, so that the threads of async views find the same one, and leave it.
    folder = tempfile.TemporaryDirectory(prefix="django-project-")
    atexit.register(folder.cleanup)
    settings.configure(
        SECRET_KEY="of the tests",
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "bearer_guard.django",
            "django_project.people",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(folder.name) / "db.sqlite3"),
            }
        },
        # Tables are made as the models are, at once.
        MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "sessions")),
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        # For versions of Django that show the Authorization header.
        DEFAULT_EXCEPTION_REPORTER_FILTER="bearer_guard.django.reports.TokenFilter",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    django.setup()
