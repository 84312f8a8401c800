"""The project's settings. Those of the guard are in the file that API_SETTINGS names."""

import json
import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

SECRET_KEY = os.environ.get("SECRET_KEY") or get_random_secret_key()
ALLOWED_HOSTS = ["api.example.com", "127.0.0.1", "localhost"]

INSTALLED_APPS = ["bearer_guard.django"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "bearer_guard.django.BearerMiddleware",
]
BEARER_GUARD = json.loads(Path(os.environ["API_SETTINGS"]).read_text("utf-8"))

ROOT_URLCONF = "integrations.django_app.urls"
USE_TZ = True
