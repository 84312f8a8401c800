"""django-oauth-toolkit with opaque and JWT access tokens, one client per token format.

Imports that need configured settings stand inside the functions that run after the configuring.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import django
import python_control as control_room
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from oauthlib.oauth2.rfc6749.tokens import random_token_generator, signed_token_generator

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from oauthlib.common import Request

KEYS_FILE = "keys.json"
PASSWORD = "alice-local-secret"


def _make_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _read_keys(state: Path) -> list[str]:
    path = state / KEYS_FILE
    if not path.exists():
        control_room.write_private(path, json.dumps([_make_key()]))
    keys: list[str] = json.loads(path.read_text())
    return keys


def _audience(request: Request) -> str | list[str] | None:
    """The RFC 8707 resources of a token request; one alone stays a plain string."""
    resources = [value for name, value in request.decoded_body or [] if name == "resource"]
    return resources[0] if len(resources) == 1 else resources or None


def _jwt_access_token(request: Request) -> str:
    """A JWT of oauthlib's own signer, which writes neither a key id nor the at+jwt type."""
    from oauth2_provider.settings import oauth2_settings

    client_id = request.client.client_id
    claims = {
        "iss": oauth2_settings.oidc_issuer(request),
        "sub": str(request.user.pk) if request.user else client_id,
        "client_id": client_id,
        "iat": int(time.time()),
        "jti": str(uuid.uuid4()),
    }
    audience = _audience(request)
    if audience is not None:
        claims["aud"] = audience
    token: str = signed_token_generator(oauth2_settings.OIDC_RSA_PRIVATE_KEY, **claims)(request)
    return token


def _access_token(request: Request) -> str:
    if request.client.client_id in control_room.JWT_CLIENTS:
        return _jwt_access_token(request)
    token: str = random_token_generator(request)
    return token


def _lifetime(request: Request) -> int:
    return control_room.lifetime_for(request.client.client_id)


def _provider_settings(keys: list[str]) -> dict[str, object]:
    return {
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": keys[0],
        "OIDC_RSA_PRIVATE_KEYS_INACTIVE": keys[1:],
        "SCOPES": {scope: scope for scope in control_room.SCOPES},
        "PKCE_REQUIRED": True,
        # The documented way to hand callables to oauthlib's server.
        "EXTRA_SERVER_KWARGS": {
            "token_generator": _access_token,
            "refresh_token_generator": random_token_generator,
            "token_expires_in": _lifetime,
        },
    }


def _configure(arguments: control_room.Arguments) -> None:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        SECRET_KEY="only-for-sessions-on-loopback",
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            f"{__name__}.control_middleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [Path(__file__).parent / "templates"],
                "APP_DIRS": True,
            }
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": arguments.state / "database.sqlite3",
                # Serving threads write at the same time; waiting beats "database is locked".
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
            }
        },
        # Tables are made straight from the models: running 60 migrations costs seconds.
        MIGRATION_MODULES=dict.fromkeys(("auth", "contenttypes", "sessions", "oauth2_provider")),
        # A slow hash protects nobody in a throw-away database on loopback.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGIN_URL="/login/",
        OAUTH2_PROVIDER=_provider_settings(_read_keys(arguments.state)),
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "root": {"handlers": ["console"], "level": "WARNING"},
            # Request lines stay unwritten: a token may stand in one.
            "loggers": {"django.server": {"handlers": [], "propagate": False}},
        },
    )
    django.setup()


def _make_client(client_id: str, **fields: object) -> None:
    from oauth2_provider.models import Application

    defaults: dict[str, object] = {
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
        "client_secret": client_id + control_room.CLIENT_SECRET_SUFFIX,
        # A hashed secret would cost a slow hash at every introspection.
        "hash_client_secret": False,
        "name": client_id,
    }
    Application.objects.get_or_create(client_id=client_id, defaults={**defaults, **fields})


def _fill_database() -> None:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", run_syncdb=True, verbosity=0)
    users = get_user_model().objects
    if not users.filter(username=control_room.USERNAME).exists():
        users.create_user(control_room.USERNAME, password=PASSWORD)
    machines = (*control_room.JWT_CLIENTS, *control_room.OPAQUE_CLIENTS)
    for client_id in (*machines, control_room.PROTECTED_RESOURCE):
        _make_client(client_id)
    _make_client(
        control_room.WEB_CLIENT,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        redirect_uris=control_room.REDIRECT_URI,
        skip_authorization=True,
    )


def _make_rotate(state: Path) -> Callable[[bool], None]:
    def rotate(keep_previous: bool) -> None:
        from oauth2_provider.settings import oauth2_settings

        previous = _read_keys(state)[:1] if keep_previous else []
        keys = [_make_key(), *previous]
        control_room.write_private(state / KEYS_FILE, json.dumps(keys))
        settings.OAUTH2_PROVIDER = _provider_settings(keys)
        oauth2_settings.reload()

    return rotate


def control_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Count every request and answer the control endpoints before Django's own checks."""
    from django.http import JsonResponse

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/__control/"):
            keep_previous = request.GET.get("keep_previous") != "no"
            status, body = control.answer(
                request.method or "", request.path, keep_previous=keep_previous
            )
            return JsonResponse(body, status=status, safe=False)
        control.count(request.path, is_readiness_probe="X-Readiness-Probe" in request.headers)
        return get_response(request)

    return handle


def _serve(port: int) -> None:
    from django.core.servers.basehttp import run
    from django.core.wsgi import get_wsgi_application

    run("127.0.0.1", port, get_wsgi_application(), threading=True)


arguments = control_room.read_arguments()
control = control_room.Control(rotate=_make_rotate(arguments.state))
_configure(arguments)

from django.contrib.auth.views import LoginView  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.urls import app_name, metadata_urlpatterns  # noqa: E402

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    # RFC 8414 wants the metadata at the root of the host, with the issuer's path behind it.
    path("", include((metadata_urlpatterns, app_name), namespace="root_metadata")),
    path("login/", LoginView.as_view(template_name="login.html")),
]

if __name__ == "__main__":
    _fill_database()
    _serve(arguments.port)
