"""Django, set up once for the tests of a process. What a test needs otherwise, it overrides."""

from __future__ import annotations

import django
from django.conf import settings


def set_up() -> None:
    """With users, sessions and a database in memory; whoever comes second finds it done."""
    if settings.configured:
        return
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
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    django.setup()
