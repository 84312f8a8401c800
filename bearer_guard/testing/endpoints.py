"""The authorization server as a WSGI application: which endpoint answers a request, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from werkzeug.wrappers import Request, Response

from bearer_guard.testing.addresses import (
    INTROSPECT,
    JWKS,
    OAUTH_METADATA,
    OPENID_METADATA,
    REVOKE,
    TOKEN,
)
from bearer_guard.testing.answers import error_answer, json_answer, private_answer
from bearer_guard.testing.callers import caller, challenges
from bearer_guard.testing.claims import DEFAULT_LIFETIME, DEFAULT_SCOPE, Grant
from bearer_guard.testing.issuing import Issuing
from bearer_guard.testing.metadata import metadata
from bearer_guard.testing.record import SeenRequest
from bearer_guard.testing.state import State

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_READ: Final = ("GET", "HEAD")
_WRITE: Final = ("POST",)
_Endpoint: TypeAlias = Callable[[Request, str | None], Response]


class Endpoints:
    """A WSGI application that answers for one authorization server."""

    def __init__(self, state: State, issuing: Issuing) -> None:
        """Answer from *state*; *issuing* makes the tokens of the token endpoint."""
        self._state = state
        self._issuing = issuing
        self._endpoints: dict[str, tuple[tuple[str, ...], _Endpoint]] = {
            OAUTH_METADATA: (_READ, self._metadata),
            OPENID_METADATA: (_READ, self._metadata),
            JWKS: (_READ, self._jwks),
            INTROSPECT: (_WRITE, self._introspect),
            REVOKE: (_WRITE, self._revoke),
            TOKEN: (_WRITE, self._token),
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        return self.respond(Request(environ))(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Write *request* down and answer it, as the server was told to behave."""
        endpoint, application = self._state.addresses.find(request.path)
        seen = _seen(request, endpoint)
        self._state.record.add(seen)
        override = self._state.conduct.encounter(seen)
        return override.answer(lambda: self._true_answer(request, endpoint, application))

    def _true_answer(
        self, request: Request, endpoint: str | None, application: str | None
    ) -> Response:
        if endpoint is None or not self._state.exists(application):
            return error_answer(404, "not_found")
        methods, answer = self._endpoints[endpoint]
        if request.method not in methods:
            response = error_answer(405, "invalid_request")
            response.headers["Allow"] = ", ".join(methods)
            return response
        return answer(request, application)

    def _metadata(self, _request: Request, application: str | None) -> Response:
        return json_answer(metadata(self._state.addresses, application, self._state.algorithms))

    def _jwks(self, request: Request, application: str | None) -> Response:
        """Answer with the key set; an unchanged one is a 304 (RFC 9110 section 13.1.2)."""
        response = json_answer(self._state.keys_of(application).jwks())
        response.add_etag()
        response.make_conditional(request)
        return response

    def _introspect(self, request: Request, _application: str | None) -> Response:
        """Say what is known of a token (RFC 7662 section 2)."""
        bearers = {self._state.introspection_token: self._state.client_id}
        if caller(request, secrets=self._state.secrets, bearers=bearers) is None:
            return _refused_caller()
        if "token" not in request.form:
            return error_answer(400, "invalid_request")
        return private_answer(self._state.ledger.answer(request.form["token"], self._state.clock()))

    def _revoke(self, request: Request, _application: str | None) -> Response:
        """Revoke a token; an unknown one is a success too (RFC 7009 section 2)."""
        if caller(request, secrets=self._state.secrets, bearers={}) is None:
            return _refused_caller()
        if "token" not in request.form:
            return error_answer(400, "invalid_request")
        self._issuing.revoke(request.form["token"])
        return Response()

    def _token(self, request: Request, application: str | None) -> Response:
        """Issue a token by client credentials (RFC 6749 section 4.4).

        ``token_format=referential``, which no standard knows, asks for an opaque one.
        """
        client_id = caller(request, secrets=self._state.secrets, bearers={})
        if client_id is None:
            return _refused_caller()
        if request.form.get("grant_type") != "client_credentials":
            return error_answer(400, "unsupported_grant_type")
        scope = request.form.get("scope", DEFAULT_SCOPE)
        grant = Grant(
            audience=request.form.get("resource", self._state.audience),  # RFC 8707 section 2
            scope=scope,
            subject=client_id,  # RFC 9068 section 2.2: without a user, the client itself
            client_id=client_id,
            application=application,
        )
        referential = request.form.get("token_format") == "referential"
        token = self._issuing.opaque(**grant) if referential else self._issuing.jwt(**grant)
        kind = {"token_type": "Bearer", "expires_in": DEFAULT_LIFETIME, "scope": scope}
        return private_answer({"access_token": token, **kind})


def _refused_caller() -> Response:
    """Return the answer to a caller that did not prove who it is (RFC 6749 section 5.2)."""
    response = error_answer(401, "invalid_client")
    response.www_authenticate = challenges()
    return response


def _seen(request: Request, endpoint: str | None) -> SeenRequest:
    return SeenRequest(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        headers=MappingProxyType({name.lower(): value for name, value in request.headers}),
        form=MappingProxyType(request.form.to_dict()),
        endpoint=endpoint,
    )
