"""The project's settings. Those of the guard are in the file that API_SETTINGS names."""

import json
import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

SECRET_KEY = os.environ.get("SECRET_KEY") or get_random_secret_key()
ALLOWED_HOSTS = ["api.example.com", "127.0.0.1", "localhost"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "drf_spectacular",
    "bearer_guard.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "bearer_guard.django.BearerMiddleware",
]
BEARER_GUARD = json.loads(Path(os.environ["API_SETTINGS"]).read_text("utf-8"))
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["bearer_guard.rest_framework.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "integrations.rest_framework_app.views.exception_handler",
}
SPECTACULAR_SETTINGS = {"TITLE": "Orders", "SERVE_AUTHENTICATION": []}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

ROOT_URLCONF = "integrations.rest_framework_app.urls"
APPEND_SLASH = False
USE_TZ = True
