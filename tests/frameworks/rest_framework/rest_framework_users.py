"""Users of Django's own, without a database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.contrib.sessions.backends.signed_cookies import SessionStore
from rest_framework.test import APIClient

from bearer_guard import AccessToken


def user(name: str, **more: Any) -> Any:
    """Somebody: the first letter is the number."""
    return auth.get_user_model()(pk=ord(name[0]), username=name, **more)


class Backend(BaseBackend):
    """Everybody whose number is a letter's is known; ``boss`` is of the staff."""

    def get_user(self, user_id: int) -> Any:
        return user(chr(user_id), is_staff=chr(user_id) == "b")

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        known = credentials.get("username") == "basic" and credentials.get("password") == "right"
        return user("basic") if known else None


def of_token(token: AccessToken) -> Any:
    """For ``BEARER_GUARD_USER``. Nobody knows mallory, and ivy has left."""
    name = token.subject or ""
    return None if name == "mallory" else user(name, is_active=name != "ivy")


def log_in(client: APIClient, name: str) -> None:
    """As Django's own login page does it."""
    session = SessionStore()
    session[auth.SESSION_KEY] = str(user(name).pk)
    session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[auth.HASH_SESSION_KEY] = user(name).get_session_auth_hash()
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def to_admin(get_response: Any) -> Any:
    """A middleware that sends every request somewhere else, without Django's knowing."""

    def middleware(request: Any) -> Any:
        request.path_info = request.path = "/admin/open"
        return get_response(request)

    return middleware


def other_token(get_response: Any) -> Any:
    """A middleware of another library's, that has a token of its own."""

    def middleware(request: Any) -> Any:
        request.access_token = "something else"
        return get_response(request)

    return middleware
