"""What Django is told of the application."""

from __future__ import annotations

from django.apps import AppConfig


class BearerGuardConfig(AppConfig):
    """For ``INSTALLED_APPS``: it brings the system checks along."""

    name = "bearer_guard.django"
    label = "bearer_guard"
    verbose_name = "bearer_guard"
