"""What Django is told of the application."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.core.checks import Tags, register


class BearerGuardConfig(AppConfig):
    """For ``INSTALLED_APPS``: it brings the system checks along, and no model."""

    name = "bearer_guard.django"
    label = "bearer_guard"
    verbose_name = "bearer_guard"

    def ready(self) -> None:
        """Register the system checks, and what is for other applications."""
        from bearer_guard.django.checks import check_settings
        from bearer_guard.django.deployment_checks import check_deployment

        register(check_settings, Tags.security)
        register(check_deployment, Tags.security, deploy=True)
        if apps.is_installed("rest_framework"):
            from bearer_guard.rest_framework.checks import check_framework, check_views

            register(check_framework, Tags.security)
            register(check_views, Tags.security)
        if apps.is_installed("drf_spectacular"):
            # To know of it is all that drf-spectacular needs.
            import_module("bearer_guard.rest_framework.schema")
