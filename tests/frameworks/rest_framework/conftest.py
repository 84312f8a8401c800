import django_project

django_project.set_up()

from rest_framework_stage import applications, bearer, database, project, server  # noqa: E402

__all__ = ["applications", "bearer", "database", "project", "server"]
