"""The same small API in each framework: bare, guarded as our documents say, and as people do today.

Each is made by a function without arguments, in a process of its own; what it needs comes by the
environment.
"""
# FastAPI reads the annotations of what is made inside a function: none of them as strings.

import os
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks.apps import ISSUER, REMEMBERED
from benchmarks.material import AUDIENCE

_ORDERS: dict[str, list[str]] = {"orders": []}


def _settings() -> dict[str, Any]:
    return {
        "audience": AUDIENCE,
        "issuers": [os.environ[ISSUER]],
        "remembered_tokens": int(os.environ[REMEMBERED]),
    }


def _guard() -> Any:
    from bearer_guard import Guard

    return Guard.from_mapping(_settings())


def starlette(**options: Any) -> Any:
    """One route, a coroutine."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def orders(_request: Any) -> Any:
        return JSONResponse(_ORDERS)

    return Starlette(routes=[Route("/orders", orders)], **options)


def guarded_starlette() -> Any:
    """Behind the middleware."""
    from starlette.middleware import Middleware

    from bearer_guard.starlette import BearerMiddleware

    return starlette(middleware=[Middleware(BearerMiddleware, guard=_guard())])


def starlette_with_fastmcp() -> Any:
    """Behind the MCP SDK's middlewares, with fastmcp's verifier of JWTs."""
    from fastmcp.server.auth.providers.jwt import JWTVerifier
    from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware

    issuer = os.environ[ISSUER]
    verifier = JWTVerifier(jwks_uri=f"{issuer}/jwks", issuer=issuer, audience=AUDIENCE)
    return starlette(
        middleware=[
            Middleware(AuthenticationMiddleware, backend=BearerAuthBackend(verifier)),
            Middleware(RequireAuthMiddleware, required_scopes=[]),
        ]
    )


def fastapi() -> Any:
    """One path operation, a coroutine."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/orders")
    async def orders() -> dict[str, list[str]]:
        return _ORDERS

    return app


def guarded_fastapi() -> Any:
    """The path operation asks for the token."""
    from fastapi import Depends, FastAPI

    from bearer_guard.fastapi import Bearer

    app = FastAPI()

    @app.get("/orders", dependencies=[Depends(Bearer(_guard()))])
    async def orders() -> dict[str, list[str]]:
        return _ORDERS

    return app


def least_fastapi() -> Any:
    """The path operation asks for a token, and whatever it is, it is good."""
    from fastapi import Depends, FastAPI
    from starlette.requests import HTTPConnection

    from benchmarks import least

    app = FastAPI()
    memory = least.Memory()

    async def bearer(connection: HTTPConnection) -> Any:
        for name, value in connection.scope["headers"]:
            if name == b"authorization":
                return memory.token(value)
        raise ValueError("the benchmark sends a token")

    @app.get("/orders", dependencies=[Depends(bearer)])
    async def orders() -> dict[str, list[str]]:
        return _ORDERS

    return app


def fastapi_with_auth0() -> Any:
    """auth0-fastapi-api. It asks https hosts alone, so its requests are carried for it."""
    import httpx
    from fastapi import Depends, FastAPI
    from fastapi_plugin import Auth0FastAPI

    issuer = os.environ[ISSUER]

    async def fetch(url: str) -> Any:
        async with httpx.AsyncClient() as client:
            if not url.endswith("openid-configuration"):
                return (await client.get(f"{issuer}/jwks")).json()
        domain = auth0_issuer(issuer)
        return {"issuer": domain, "jwks_uri": f"{domain}jwks"}

    domain = issuer.removeprefix("http://")
    auth0 = Auth0FastAPI(domain=domain, audience=AUDIENCE, custom_fetch=fetch)
    app = FastAPI()

    @app.get("/orders", dependencies=[Depends(auth0.require_auth())])
    async def orders() -> dict[str, list[str]]:
        return _ORDERS

    return app


def fastapi_by_hand() -> Any:
    """What people write themselves."""
    from benchmarks import app_by_hand

    return app_by_hand.app()


def auth0_issuer(issuer: str) -> str:
    """The issuer that it expects of the same host."""
    return f"https://{issuer.removeprefix('http://')}/"


def flask() -> Any:
    """One view."""
    from flask import Flask

    app = Flask(__name__)

    @app.get("/orders")
    def orders() -> dict[str, list[str]]:
        return _ORDERS

    return app


def guarded_flask() -> Any:
    """With the extension."""
    from bearer_guard.flask import BearerGuard

    app = flask()
    app.config["BEARER_GUARD"] = _settings()
    BearerGuard(app)
    return app


def least_flask() -> Any:
    """A function before each view that takes any token for good."""
    from flask import request

    from benchmarks import least

    app = flask()
    memory = least.Memory()

    @app.before_request
    def check() -> None:
        environ = request.environ
        environ["token"] = memory.token(environ.get("HTTP_AUTHORIZATION", "").encode("latin-1"))

    return app


def flask_with_authlib() -> Any:
    """Authlib's resource protector, with a validator of JWTs whose keys are fetched once."""
    import httpx
    from authlib.integrations.flask_oauth2 import ResourceProtector
    from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
    from flask import Flask
    from joserfc.jwk import KeySet

    issuer = os.environ[ISSUER]
    keys = KeySet.import_key_set(httpx.get(f"{issuer}/jwks").json())

    class Validator(JWTBearerTokenValidator):
        def get_jwks(self) -> Any:
            return keys

    require_oauth = ResourceProtector()
    require_oauth.register_token_validator(Validator(issuer=issuer, resource_server=AUDIENCE))
    app = Flask(__name__)

    @app.get("/orders")
    @require_oauth()
    def orders() -> dict[str, list[str]]:
        return _ORDERS

    return app


def _django(**settings: Any) -> Any:
    """Django as its start-up template leaves it, less what an API has no use for."""
    import django
    from django.conf import settings as configured
    from django.core.wsgi import get_wsgi_application

    configured.configure(
        SECRET_KEY="of a benchmark",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": Path(mkdtemp(prefix="benchmark-")) / "db.sqlite3",
            }
        },
        USE_TZ=True,
        **settings,
    )
    django.setup()
    from django.urls import path
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Orders(APIView):
        def get(self, _request: Any) -> Any:
            return Response(_ORDERS)

    global urlpatterns  # noqa: PLW0603 - what ROOT_URLCONF is read for
    urlpatterns = [path("orders", Orders.as_view())]
    return get_wsgi_application()


urlpatterns: list[Any] = []
_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"]


def _rest_framework(authentication: str | None) -> dict[str, Any]:
    if authentication is None:
        return {"DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": []}
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": [authentication],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    }


def rest_framework() -> Any:
    """Nobody is asked who he is."""
    return _django(INSTALLED_APPS=_APPS, REST_FRAMEWORK=_rest_framework(None))


def guarded_rest_framework() -> Any:
    """Our authentication class."""
    return _django(
        INSTALLED_APPS=[*_APPS, "bearer_guard.django"],
        BEARER_GUARD=_settings(),
        REST_FRAMEWORK=_rest_framework("bearer_guard.rest_framework.BearerAuthentication"),
    )


def least_rest_framework() -> Any:
    """An authentication class that takes any token for good."""
    return _django(
        INSTALLED_APPS=_APPS,
        REST_FRAMEWORK=_rest_framework("benchmarks.least_authentication.LeastAuthentication"),
    )


def rest_framework_with_simplejwt() -> Any:
    """simplejwt with a key set, and users that are not looked up."""
    issuer = os.environ[ISSUER]
    return _django(
        INSTALLED_APPS=_APPS,
        SIMPLE_JWT={
            "ALGORITHM": "RS256",
            "JWK_URL": f"{issuer}/jwks",
            "AUDIENCE": AUDIENCE,
            "ISSUER": issuer,
            "USER_ID_CLAIM": "sub",
            "TOKEN_TYPE_CLAIM": None,
            "JTI_CLAIM": "jti",
        },
        REST_FRAMEWORK=_rest_framework(
            "rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication"
        ),
    )


def rest_framework_with_oauth_toolkit() -> Any:
    """django-oauth-toolkit as a resource server: introspection, kept in its tables."""
    issuer = os.environ[ISSUER]
    app = _django(
        INSTALLED_APPS=[*_APPS, "oauth2_provider"],
        OAUTH2_PROVIDER={
            "RESOURCE_SERVER_INTROSPECTION_URL": f"{issuer}/introspect",
            "RESOURCE_SERVER_AUTH_TOKEN": "may-introspect",
        },
        REST_FRAMEWORK=_rest_framework(
            "oauth2_provider.contrib.rest_framework.OAuth2Authentication"
        ),
    )
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return app
