"""``manage.py bearer_guard_check``: ``bearer-guard check`` for ``settings.BEARER_GUARD``."""

from __future__ import annotations

import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bearer_guard._command.main import dash
from bearer_guard._command.run import read_token, run
from bearer_guard.django.conf import new_guard


class Command(BaseCommand):
    """Fetches what the guard of the settings would fetch, and says what is wrong."""

    help = (
        "Fetches the metadata and the keys of every issuer of settings.BEARER_GUARD, and says what "
        "is wrong and what to write. Ends with 0 if all is fine, with 1 if not, with 2 if the "
        "settings cannot be used."
    )
    # A mistake in the settings is told once, and by this command's own code.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """``--token -``."""
        parser.add_argument(
            "--token",
            metavar="-",
            type=dash,
            help="judge the token on the standard input as well",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the report."""
        try:
            guard = new_guard()
        except ImproperlyConfigured as error:
            raise CommandError(f"settings: {error}", returncode=2) from error
        token = None
        if options["token"]:
            token = read_token(sys.stdin.buffer)
            if not token:
                raise CommandError("no token came on the standard input", returncode=2)
        code, text = run(guard, token)
        self.stdout.write(text, ending="")
        if code:
            raise SystemExit(code)
