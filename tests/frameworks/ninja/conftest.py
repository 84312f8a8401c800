import sys
from pathlib import Path

import django_project

# Ninja is asked as Django is, by Starlette's own table of requests.
sys.path += [str(Path(__file__).parents[1] / name) for name in ("django", "starlette")]
django_project.set_up()

from django_world import bearer, options, server, settings_override, way  # noqa: E402

__all__ = ["bearer", "options", "server", "settings_override", "way"]
