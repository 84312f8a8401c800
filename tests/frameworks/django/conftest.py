import sys
from pathlib import Path

import django_project

# Django is held to Starlette's own table of requests.
sys.path.append(str(Path(__file__).parents[1] / "starlette"))
django_project.set_up()

from django_world import bearer, database, options, server, settings_override, way  # noqa: E402

__all__ = ["bearer", "database", "options", "server", "settings_override", "way"]
