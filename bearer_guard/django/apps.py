"""What Django is told of the application."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register


class BearerGuardConfig(AppConfig):
    """For ``INSTALLED_APPS``: it brings the system checks along, and no model."""

    name = "bearer_guard.django"
    label = "bearer_guard"
    verbose_name = "bearer_guard"

    def ready(self) -> None:
        """Register the system checks."""
        from bearer_guard.django.checks import check_settings
        from bearer_guard.django.deployment_checks import check_deployment

        register(check_settings, Tags.security)
        register(check_deployment, Tags.security, deploy=True)
