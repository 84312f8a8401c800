"""The project's settings. Those of the guard are in the file that API_SETTINGS names."""

import json
import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

SECRET_KEY = os.environ.get("SECRET_KEY") or get_random_secret_key()
ALLOWED_HOSTS = ["api.example.com", "127.0.0.1", "localhost"]

# With "ninja" here, its /docs would want its static files to be served too.
INSTALLED_APPS = ["bearer_guard.django"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "bearer_guard.django.BearerMiddleware",
    "integrations.ninja_app.routes.no_such_method",
]
BEARER_GUARD = json.loads(Path(os.environ["API_SETTINGS"]).read_text("utf-8"))
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

ROOT_URLCONF = "integrations.ninja_app.urls"
APPEND_SLASH = False
USE_TZ = True
