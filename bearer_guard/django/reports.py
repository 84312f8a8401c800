"""Django's error reports without the requests' tokens."""

from __future__ import annotations

import re

from django.views.debug import SafeExceptionReporterFilter


class TokenFilter(SafeExceptionReporterFilter):
    """For ``DEFAULT_EXCEPTION_REPORTER_FILTER``, on versions of Django that show the
    ``Authorization`` header (``manage.py check --deploy`` tells)."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|AUTH", re.IGNORECASE
    )
