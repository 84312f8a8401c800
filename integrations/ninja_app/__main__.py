"""Django's `manage.py`: `python -m integrations.ninja_app check --deploy`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrations.ninja_app.settings")
    execute_from_command_line(["manage.py", *sys.argv[1:]])
