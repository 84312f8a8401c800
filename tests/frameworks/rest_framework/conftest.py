from rest_framework_stage import applications, bearer, project, server

__all__ = ["applications", "bearer", "project", "server"]
