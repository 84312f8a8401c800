"""What the issuer was asked, as the browser sent it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from browser.chromium import Window
from integrations.authorization_servers.launch import AuthorizationServer


def question(window: Window, issuer: AuthorizationServer) -> dict[str, str]:
    """Of the authorization endpoint, once."""
    (asked,) = window.asked(f"{issuer.base_url}/auth")
    return _single(urlsplit(asked.url).query)


def exchange(window: Window, issuer: AuthorizationServer) -> dict[str, str]:
    """Of the token endpoint, once."""
    (asked,) = window.asked(f"{issuer.base_url}/token")
    return _single(asked.post_data or "")


def _single(form: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(form, keep_blank_values=True).items()}
