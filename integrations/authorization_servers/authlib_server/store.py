"""Clients, codes and tokens in memory, with the tokens kept in one JSON file."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import python_control as control_room
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, list_to_scope, scope_to_list
from authlib.oidc.core import AuthorizationCodeMixin

TOKENS_FILE = "tokens.json"


@dataclass(frozen=True)
class User:
    """The one person who logs in."""

    name: str

    def get_user_id(self) -> str:
        """The subject of this person's tokens."""
        return self.name


@dataclass(frozen=True)
class Client(ClientMixin):
    """A registered client; Authlib asks these questions at its endpoints."""

    client_id: str
    grants: tuple[str, ...]

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return control_room.REDIRECT_URI

    def get_allowed_scope(self, scope: str | None) -> str:
        allowed = [item for item in scope_to_list(scope) or [] if item in control_room.SCOPES]
        return list_to_scope(allowed) or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == control_room.REDIRECT_URI

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.client_id + control_room.CLIENT_SECRET_SUFFIX

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grants

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):
    """An authorization code waiting to be exchanged."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    auth_time: int

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time


@dataclass
class Token(TokenMixin):
    """One row per token response, as in Authlib's own SQLAlchemy mixin."""

    access_token: str
    client_id: str
    user_id: str | None
    audience: str
    scope: str
    token_type: str
    issued_at: int
    expires_in: int
    refresh_token: str | None = None
    access_token_revoked: bool = False
    refresh_token_revoked: bool = False

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> int:
        return self.expires_in

    def is_expired(self) -> bool:
        return self.issued_at + self.expires_in <= time.time()

    def is_revoked(self) -> bool:
        return self.access_token_revoked or self.refresh_token_revoked

    def get_user(self) -> User | None:
        return User(self.user_id) if self.user_id else None


class Tokens:
    """Every token response that the server gave."""

    def __init__(self, state: Path) -> None:
        self._path = state / TOKENS_FILE
        self._lock = threading.Lock()
        rows: list[dict[str, Any]] = (
            json.loads(self._path.read_text()) if self._path.exists() else []
        )
        self._tokens = [Token(**row) for row in rows]

    def add(self, token: Token) -> None:
        """Remember a fresh token response."""
        with self._lock:
            self._tokens.append(token)
        self.save()

    def save(self) -> None:
        """Write every row, so that tokens live through a stop and a start."""
        with self._lock:
            rows = [asdict(token) for token in self._tokens]
            control_room.write_private(self._path, json.dumps(rows))

    def find(self, value: str, hint: str | None) -> Token | None:
        """Look a token string up as Authlib's own SQLAlchemy helper does."""
        with self._lock:
            if hint != "refresh_token":
                for token in self._tokens:
                    if token.access_token == value:
                        return token
            if hint != "access_token":
                for token in self._tokens:
                    if token.refresh_token == value:
                        return token
        return None
