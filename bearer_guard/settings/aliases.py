"""The short names of issuers: in metrics, in health and in the log's fields.

They come from the settings alone, so there are as many as there are issuers in them, whatever
tokens name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks
from bearer_guard.settings.issuer import Issuer


def aliases(issuers: Sequence[Issuer]) -> dict[str, str]:
    """Each issuer's alias: the one given, else the host; where two issuers share a host, the
    path with it. Raises ``SettingsError`` when one that was given names two issuers."""
    names = {issuer.issuer: issuer.alias or _host(issuer.issuer) for issuer in issuers}
    for longer in (_host_and_path, str):
        counts = Counter(names.values())
        for issuer in issuers:
            if issuer.alias is None and counts[names[issuer.issuer]] > 1:
                names[issuer.issuer] = longer(issuer.issuer)
    for alias, times in Counter(names.values()).items():
        if times > 1:
            raise SettingsError(f"alias {alias!r} names two issuers: write one of its own for each")
    return names


def _host(issuer: str) -> str:
    """With its port, where the issuer names one. What is no URL has no host: then the whole."""
    parts = checks.split_url(issuer)
    return parts.netloc if parts else issuer


def _host_and_path(issuer: str) -> str:
    return issuer.partition("://")[2].rstrip("/") or issuer
