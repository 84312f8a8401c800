"""An authorization server assembled from Authlib on Flask: RFC 9068 JWTs and opaque tokens."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, ClassVar

import python_control as control_room
from authlib.common.security import generate_token
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc9068 import (
    JWTBearerTokenGenerator,
    JWTIntrospectionEndpoint,
    JWTRevocationEndpoint,
)
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc.jwk import KeySet, RSAKey
from store import Client, Code, Token, Tokens, User
from werkzeug.serving import WSGIRequestHandler, make_server

KEYS_FILE = "keys.json"
MACHINE_GRANTS = ("client_credentials",)
WEB_GRANTS = ("authorization_code", "refresh_token")


class Keys:
    """The signing keys: the first signs, all are published."""

    def __init__(self, state: Path) -> None:
        self._path = state / KEYS_FILE
        if self._path.exists():
            self._keys = [RSAKey.import_key(key) for key in json.loads(self._path.read_text())]
        else:
            self._keys = []
            self.rotate(keep_previous=False)

    def rotate(self, keep_previous: bool) -> None:
        """Sign with a new key from now on."""
        fresh = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"})
        fresh.ensure_kid()
        self._keys = [fresh, *(self._keys[:1] if keep_previous else [])]
        private = [key.as_dict(private=True) for key in self._keys]
        control_room.write_private(self._path, json.dumps(private))

    def signing(self) -> KeySet:
        """A set of one: with a set, unlike with a bare key, Authlib writes the key id."""
        return KeySet(self._keys[:1])

    def published(self) -> KeySet:
        """Every key that a token may still be signed with."""
        return KeySet(self._keys)


def asked_audience() -> str:
    """The RFC 8707 resource of this token request, or the one default audience."""
    resource = request.form.get("resource", control_room.AUDIENCE)
    if resource not in (control_room.AUDIENCE, control_room.OTHER_AUDIENCE):
        raise InvalidRequestError("Unknown 'resource' in request.")
    return resource


def lifetime(client: Client, _grant_type: str) -> int:
    """Authlib's documented callable for a token's lifetime."""
    return control_room.lifetime_for(client.client_id)


def random_token(**_context: object) -> str:
    """An opaque token string."""
    return str(generate_token(42))


class JwtTokens(JWTBearerTokenGenerator):
    """Authlib's RFC 9068 generator with our keys and the asked audience."""

    def get_jwks(self) -> KeySet:
        return keys.signing()

    def get_audiences(self, client: Client, user: User | None, scope: str) -> str:
        return asked_audience()


class TokensByClient:
    """Choose the format of the access token by the client that asks."""

    def __init__(self, issuer: str) -> None:
        self._jwt = JwtTokens(issuer=issuer, expires_generator=lifetime)
        self._opaque = BearerTokenGenerator(
            random_token, refresh_token_generator=random_token, expires_generator=lifetime
        )

    def __call__(self, *, client: Client, **context: object) -> dict[str, Any]:
        """Make a token response, as Authlib's own generators do."""
        is_jwt = client.client_id in control_room.JWT_CLIENTS
        generator = self._jwt if is_jwt else self._opaque
        response: dict[str, Any] = generator(client=client, **context)
        return response


class ClientCredentials(grants.ClientCredentialsGrant):
    """The machine's grant."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic"]


class AuthorizationCode(grants.AuthorizationCodeGrant):
    """The person's grant, with PKCE."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic"]

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        payload = request.payload
        codes[code] = Code(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=payload.redirect_uri,
            scope=payload.scope,
            nonce=payload.data.get("nonce"),
            code_challenge=payload.data.get("code_challenge"),
            code_challenge_method=payload.data.get("code_challenge_method"),
            auth_time=int(time.time()),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = codes.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        codes.pop(authorization_code.code, None)

    def authenticate_user(self, authorization_code: Code) -> User:
        return User(control_room.USERNAME)


class IdTokens(OpenIDCode):
    """Authlib's id tokens, signed with the same keys as the access tokens."""

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in codes.values())

    def resolve_client_private_key(self, client: Client) -> KeySet:
        return keys.signing()

    def get_client_claims(self, client: Client) -> dict[str, object]:
        return {"iss": ISSUER, "aud": [client.client_id]}

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        return UserInfo(sub=user.get_user_id())


class JwtIntrospection(JWTIntrospectionEndpoint):
    """Authlib's introspection of its own RFC 9068 tokens."""

    def get_jwks(self) -> KeySet:
        return keys.published()

    def check_permission(self, token: object, client: Client, request: OAuth2Request) -> bool:
        return client.client_id == control_room.PROTECTED_RESOURCE


class OpaqueIntrospection(IntrospectionEndpoint):
    """Introspection of stored tokens, written as Authlib's documentation shows it."""

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return tokens.find(token_string, token_type_hint)

    def check_permission(self, token: Token, client: Client, request: OAuth2Request) -> bool:
        return client.client_id == control_room.PROTECTED_RESOURCE

    def introspect_token(self, token: Token) -> dict[str, object]:
        return {
            "active": True,
            "client_id": token.client_id,
            "token_type": token.token_type,
            "username": token.user_id,
            "scope": token.scope,
            "sub": token.user_id or token.client_id,
            "aud": token.audience,
            "iss": ISSUER,
            "exp": token.issued_at + token.expires_in,
            "iat": token.issued_at,
        }


class JwtRevocation(JWTRevocationEndpoint):
    """Authlib refuses to revoke a JWT, with unsupported_token_type."""

    def get_jwks(self) -> KeySet:
        return keys.published()


class OpaqueRevocation(RevocationEndpoint):
    """Revocation of stored tokens, as in Authlib's own SQLAlchemy helper."""

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return tokens.find(token_string, token_type_hint)

    def revoke_token(self, token: Token, request: OAuth2Request) -> None:
        token.access_token_revoked = True
        if request.form.get("token_type_hint") != "access_token":
            token.refresh_token_revoked = True
        tokens.save()


def save_token(response: dict[str, Any], oauth_request: OAuth2Request) -> None:
    """Authlib's hook: remember an opaque token; a JWT speaks for itself."""
    if oauth_request.client.client_id in control_room.JWT_CLIENTS:
        return
    user = oauth_request.user
    tokens.add(
        Token(
            access_token=response["access_token"],
            refresh_token=response.get("refresh_token"),
            client_id=oauth_request.client.client_id,
            user_id=user.get_user_id() if user else None,
            audience=asked_audience(),
            scope=response.get("scope", ""),
            token_type=response["token_type"],
            issued_at=int(time.time()),
            expires_in=response["expires_in"],
        )
    )


def make_clients() -> dict[str, Client]:
    """Every registered client by its id."""
    machines = (*control_room.JWT_CLIENTS, *control_room.OPAQUE_CLIENTS)
    clients = [Client(client_id, MACHINE_GRANTS) for client_id in machines]
    clients.append(Client(control_room.WEB_CLIENT, WEB_GRANTS))
    clients.append(Client(control_room.PROTECTED_RESOURCE, ()))
    return {client.client_id: client for client in clients}


def make_authorization_server(app: Flask) -> AuthorizationServer:
    """Assemble Authlib's parts."""
    clients = make_clients()
    server = AuthorizationServer(app, query_client=clients.get, save_token=save_token)
    server.register_token_generator("default", TokensByClient(ISSUER))
    server.register_grant(ClientCredentials)
    server.register_grant(AuthorizationCode, [CodeChallenge(required=True), IdTokens()])
    # The JWT endpoints come first and pass whatever is no JWT of theirs to the next.
    server.register_endpoint(JwtIntrospection(issuer=ISSUER))
    server.register_endpoint(OpaqueIntrospection)
    server.register_endpoint(JwtRevocation(issuer=ISSUER))
    server.register_endpoint(OpaqueRevocation)
    return server


arguments = control_room.read_arguments()
ISSUER = f"http://127.0.0.1:{arguments.port}"
keys = Keys(arguments.state)
tokens = Tokens(arguments.state)
codes: dict[str, Code] = {}
control = control_room.Control(rotate=keys.rotate)
app = Flask(__name__)
authorization_server = make_authorization_server(app)


@app.before_request
def count_and_control() -> tuple[Response, int] | None:
    """Count every request and answer the control endpoints."""
    if request.path.startswith("/__control/"):
        keep_previous = request.args.get("keep_previous") != "no"
        status, body = control.answer(request.method, request.path, keep_previous=keep_previous)
        return jsonify(body), status
    control.count(request.path, is_readiness_probe="X-Readiness-Probe" in request.headers)
    return None


@app.get("/.well-known/oauth-authorization-server")
@app.get("/.well-known/openid-configuration")
def metadata() -> Response:
    """RFC 8414 metadata; Authlib gives the checks, the document is the assembler's."""
    document = AuthorizationServerMetadata(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/jwks",
        scopes_supported=list(control_room.SCOPES),
        response_types_supported=["code"],
        grant_types_supported=[*MACHINE_GRANTS, "authorization_code"],
        token_endpoint_auth_methods_supported=["client_secret_basic"],
        revocation_endpoint=f"{ISSUER}/revoke",
        revocation_endpoint_auth_methods_supported=["client_secret_basic"],
        introspection_endpoint=f"{ISSUER}/introspect",
        introspection_endpoint_auth_methods_supported=["client_secret_basic"],
        code_challenge_methods_supported=["S256"],
    )
    return jsonify(document)


@app.get("/jwks")
def jwks() -> Response:
    """The public keys."""
    return jsonify(keys.published().as_dict(private=False))


@app.get("/authorize")
def authorize() -> Response:
    """Consent at once: the person is always there and always says yes."""
    grant = authorization_server.get_consent_grant(end_user=User(control_room.USERNAME))
    response: Response = authorization_server.create_authorization_response(
        grant_user=User(control_room.USERNAME), grant=grant
    )
    return response


@app.post("/token")
def token() -> Response:
    """The token endpoint."""
    response: Response = authorization_server.create_token_response()
    return response


@app.post("/introspect")
def introspect() -> Response:
    """The RFC 7662 endpoint."""
    response: Response = authorization_server.create_endpoint_response("introspection")
    return response


@app.post("/revoke")
def revoke() -> Response:
    """The RFC 7009 endpoint."""
    response: Response = authorization_server.create_endpoint_response("revocation")
    return response


class QuietHandler(WSGIRequestHandler):
    """Speak HTTP/1.1, and write no request lines: a token may stand in one."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_arguments: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    make_server(
        "127.0.0.1", arguments.port, app, threaded=True, request_handler=QuietHandler
    ).serve_forever()
