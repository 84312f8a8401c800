"""A small, real authorization server to test protected resources with."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from bearer_guard.testing.addresses import INTROSPECT, Addresses
from bearer_guard.testing.claims import DEFAULT_AUDIENCE
from bearer_guard.testing.endpoints import Endpoints
from bearer_guard.testing.issuing import Issuing
from bearer_guard.testing.loopback import HOST, LoopbackServer
from bearer_guard.testing.metadata import metadata
from bearer_guard.testing.misconduct import Misconduct
from bearer_guard.testing.state import State

if TYPE_CHECKING:
    from types import TracebackType

    import httpx


class AuthorizationServer(Issuing, Misconduct):
    """An authorization server that issues real tokens and answers over real HTTP.

    On a loopback socket::

        with AuthorizationServer() as server:
            guard = Guard(audience=server.audience, issuers=[Issuer(server.issuer)])
            token = server.jwt(scope="orders:read")

    or in this process alone, under any issuer, through ``server.http_client()``::

        server = AuthorizationServer(issuer="https://login.example.com/")

    Its keys protect nothing (see ``rsa_keys``): never trust it outside tests.
    """

    def __init__(
        self,
        *,
        issuer: str | None = None,
        issuer_path: str = "",
        audience: str = DEFAULT_AUDIENCE,
        algorithms: Sequence[str] = ("RS256",),
        client_id: str = "protected-resource",
        client_secret: str = "a 100% odd:secret + more",  # noqa: S107 - needs RFC 6749 encoding
        introspection_token: str = "may-introspect",  # noqa: S107
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make a server; without *issuer* it has to be started to have one.

        *issuer_path* is the path of the issuer on a socket. Both may have one ``{part}``: then
        each application is an issuer of its own. Tokens are for *audience* unless told otherwise;
        the key set holds keys for *algorithms*, of which the first is the default. A client may
        introspect, revoke and get tokens with *client_id* and *client_secret* (or ``demo`` and
        ``demo``), and introspect with the bearer token *introspection_token*. *clock* returns
        seconds since the Unix epoch. An issuer and an issuer path at once are a ``ValueError``.
        """
        if issuer is not None and issuer_path:
            raise ValueError("an issuer has its path in it: give issuer or issuer_path, not both")
        self._state = State(
            clock, audience, algorithms, client_id, client_secret, introspection_token
        )
        self._issuer_path = issuer_path
        self._endpoints = Endpoints(self._state, self)
        self._loopback: LoopbackServer | None = None
        if issuer is None:
            self._loopback = LoopbackServer(self._endpoints.respond, self._state.conduct.go_down)
        else:
            self._state.place = Addresses(issuer)

    def start(self) -> None:
        """Listen, on the same port each time; started already, it is a ``RuntimeError``.

        If another process took the port after ``stop()``, it is an ``OSError``. A server in
        process has nothing to listen on and just comes back.
        """
        if self._loopback is not None and self._loopback.running:
            raise RuntimeError("the authorization server has been started already")
        self._state.conduct.come_up()
        if self._loopback is not None:
            self._loopback.start()
            if self._state.place is None:
                issuer = f"http://{HOST}:{self._loopback.port}{self._issuer_path}"
                self._state.place = Addresses(issuer)

    def stop(self) -> None:
        """Close the socket and every connection, and end every thread; twice is no error."""
        self._go(keep_port=False)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def go_down(self) -> None:
        """Refuse connections and drop the open ones, until ``come_back()``."""
        self._go(keep_port=True)

    def come_back(self) -> None:
        """Answer again, at the same place, after ``go_down()`` or ``unavailable()``."""
        self._state.conduct.unavailable(None)
        if self._state.conduct.down:
            self.start()

    @property
    def issuer(self) -> str:
        """The issuer identifier, or the template for those of the applications."""
        return self._state.addresses.issuer

    def issuer_of(self, application: str | None = None) -> str:
        """Return the issuer identifier of *application*, as it is in ``iss``."""
        return self._state.addresses.issuer_of(application)

    def url(self, endpoint: str, *, application: str | None = None) -> str:
        """Return the URL of *endpoint*, for example ``/jwks``."""
        return self._state.addresses.url(endpoint, application)

    def metadata(self, *, application: str | None = None) -> dict[str, Any]:
        """Return the true metadata, to change and hand to ``override()`` (RFC 8414 section 2)."""
        return metadata(self._state.addresses, application, self._state.algorithms)

    @property
    def audience(self) -> str:
        """For whom the tokens are unless they say otherwise."""
        return self._state.audience

    @property
    def introspection_token(self) -> str:
        """The bearer token that lets its holder introspect."""
        return self._state.introspection_token

    def change_credentials(self, *, client_secret: str, introspection_token: str) -> None:
        """Know callers by these from now on: those that hold the old ones are refused (401)."""
        self._state.client_secret = client_secret
        self._state.introspection_token = introspection_token

    @property
    def clock(self) -> Callable[[], float]:
        """What tells the time, in seconds since the Unix epoch; may be replaced."""
        return self._state.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._state.clock = clock

    def issuer_settings(self, **options: object) -> dict[str, object]:
        """Return the settings of this issuer for ``Guard.from_mapping``, with *options* added."""
        return {"issuer": self.issuer, **options}

    def introspection_settings(self, **options: object) -> dict[str, object]:
        """Return the settings for introspection here, with *options* added or replaced."""
        return {
            "endpoint": self.url(INTROSPECT),
            "client_id": self._state.client_id,
            "client_secret": self._state.client_secret,
            **options,
        }

    @property
    def wsgi_app(self) -> Endpoints:
        """The WSGI application inside."""
        return self._endpoints

    def http_client(self, **options: Any) -> httpx.Client:
        """Return an ``httpx.Client`` that reaches this server in process, and nothing else.

        *options* are those of ``httpx.Client``. Its timeouts do not apply to a slow answer.
        """
        import httpx

        from bearer_guard.testing.transport import InProcessTransport

        state = self._state
        transport = InProcessTransport(
            self._endpoints, origin=state.addresses.origin, down=lambda: state.conduct.down
        )
        return httpx.Client(transport=transport, **options)

    def _go(self, *, keep_port: bool) -> None:
        if self._loopback is not None and self._state.place is not None:
            self._loopback.stop(keep_port=keep_port)
        self._state.conduct.go_down()
