"""The one object that users hold: it takes a request and gives an ``AccessToken``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bearer_guard._core.challenge import Challenger, Refusal
from bearer_guard._core.credentials import from_parameters
from bearer_guard._core.path_rules import PathRules, Requirement
from bearer_guard._core.renewal import check_continues, renewal
from bearer_guard._running.authenticator import Authenticator, Unfinished
from bearer_guard._running.log import Log
from bearer_guard._running.operated import Operated
from bearer_guard._running.record_limits import RecordLimits
from bearer_guard._upstream.http_client import GivenClient
from bearer_guard.access_token import AccessToken
from bearer_guard.clock import Clock, SystemClock
from bearer_guard.errors import (
    AuthorizationServerUnavailable,
    BearerError,
    InsufficientScope,
    MissingToken,
)
from bearer_guard.request import RequestView
from bearer_guard.settings import GuardSettings, Issuer, Rule, reading
from bearer_guard.settings.guard import ExpandScopes
from bearer_guard.settings.shared import Shared


class Guard(Operated):
    """Lets in requests with a good access token, and says of all others why not.

    Make one for each API, at start-up; it is cheap, opens nothing, and is shared by all threads,
    event loops and (until the first request) forked processes.

    Args:
        audience: this API's name or names in ``aud``, compared exactly.
        issuers: the authorization servers to trust.
        required_scopes: scopes that every request needs, public paths aside.
        public: paths that need no token: ``/health``, ``/docs/**``.
        rules: which paths need which scopes; the first that matches decides.
        preflight: let CORS preflights pass, which browsers send without credentials.
        realm: the challenge's ``realm`` (RFC 9110 section 11.5).
        resource_metadata: URL of this API's metadata for the challenge (RFC 9728 section 5.1).
        opaque_issuer: which issuer resolves opaque tokens, where several introspect.
        query_parameter: take tokens from the query too (RFC 6750 section 2.3). They end up in
            logs and histories: only where clients cannot set a header.
        form_parameter: take them from urlencoded bodies too (section 2.2).
        websocket_protocol: take tokens from ``Sec-WebSocket-Protocol`` too, since browsers set no
            header on a WebSocket. The value names the subprotocol beside which the token stands.
        websocket_renewal: let a client send a fresh token over an open WebSocket.
        end_streams_at_expiry: end a response that is still streaming when its token expires.
        expand_scopes: from the granted scopes to all that they imply.
        max_token_size: octets; a longer token is refused unread.
        max_form_size: octets of a form that are read in search of a token.
        remembered_tokens: how many verified signatures are remembered.
        template_issuers: how many issuers that templates stand for are remembered.
        log_records: how many log records one reason may have in ``log_window``; those beyond
            are counted, and told in one record when it is over.
        log_window: seconds.
        shared: a store that all workers of the API have in common.
        http_client: an ``httpx.Client`` (or httpx2's) for calls to authorization servers, with a
            proxy of your own for example; or a function that makes one, anew in each process.
        clock: what time it is; tests bring one that is turned by hand.

    Raises:
        SettingsError: with a sentence that names the option and says what to write instead.
    """

    def __init__(
        self,
        *,
        audience: Sequence[str] | str,
        issuers: Sequence[Issuer],
        required_scopes: Sequence[str] = (),
        public: Sequence[str] = (),
        rules: Sequence[Rule] = (),
        preflight: bool = True,
        realm: str = "api",
        resource_metadata: str | None = None,
        opaque_issuer: str | None = None,
        query_parameter: bool = False,
        form_parameter: bool = False,
        websocket_protocol: str | None = None,
        websocket_renewal: bool = False,
        end_streams_at_expiry: bool = False,
        expand_scopes: ExpandScopes | None = None,
        max_token_size: int = 16_384,
        max_form_size: int = 65_536,
        remembered_tokens: int = 10_000,
        template_issuers: int = 10_000,
        log_records: int = 10,
        log_window: float = 10,
        shared: Shared | None = None,
        http_client: GivenClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        settings = GuardSettings(
            audience=audience,
            issuers=issuers,
            required_scopes=required_scopes,
            public=public,
            rules=rules,
            preflight=preflight,
            realm=realm,
            resource_metadata=resource_metadata,
            opaque_issuer=opaque_issuer,
            query_parameter=query_parameter,
            form_parameter=form_parameter,
            websocket_protocol=websocket_protocol,
            websocket_renewal=websocket_renewal,
            end_streams_at_expiry=end_streams_at_expiry,
            expand_scopes=expand_scopes,
            max_token_size=max_token_size,
            max_form_size=max_form_size,
            remembered_tokens=remembered_tokens,
            template_issuers=template_issuers,
            log_records=log_records,
            log_window=log_window,
            shared=shared,
        )
        self._paths = PathRules(settings)
        self._challenger = Challenger(settings.realm, settings.resource_metadata)
        clock = clock or SystemClock()
        log = Log(RecordLimits(settings.log_records, settings.log_window, clock))
        super().__init__(settings, Authenticator(settings, http_client, clock, log), log)

    @classmethod
    def from_mapping(cls, options: Mapping[str, Any], **more: Any) -> Self:
        """A guard from plain data, as in Django's settings: the names of the arguments above,
        issuers as mappings or strings. ``more`` are arguments that plain data cannot hold."""
        return cls(**reading.guard_options(options), **more)

    @classmethod
    def from_toml(cls, path: str | Path, **more: Any) -> Self:
        """The same from a TOML file: its table ``bearer_guard``, or the whole file."""
        return cls.from_mapping(reading.toml_options(Path(path)), **more)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **more: Any) -> Self:
        """The same from variables, ``BEARER_GUARD_AUDIENCE`` and ``BEARER_GUARD_ISSUERS``; two
        underscores lead further in, ``BEARER_GUARD_ISSUERS__0__LEEWAY``."""
        found = os.environ if environ is None else environ
        return cls.from_mapping(reading.environment_options(found), **more)

    def authenticate(self, request: RequestView) -> AccessToken:
        """The request's access token, whatever its path. Raises a ``BearerError``.

        Blocks the calling thread while an authorization server is asked, which a token whose
        issuer's keys are known never needs.
        """
        found = self._begin(request)
        return found if isinstance(found, AccessToken) else self._judge.finish(found)

    async def authenticate_async(self, request: RequestView) -> AccessToken:
        """``authenticate`` for an event loop (asyncio or trio), which it never blocks."""
        found = self._begin(request)
        if isinstance(found, AccessToken):
            return found
        return await self._judge.finish_async(found)

    def check(self, request: RequestView) -> AccessToken | None:
        """Judge a request by its path and its token, as the middlewares do.

        ``None`` for a public path. Raises a ``BearerError`` for a request not to be let in.
        """
        found = self._check_at_once(request)
        if not isinstance(found, Unfinished):
            return found
        return _granting(self._judge.finish(found.waiting), found.needed)

    async def check_async(self, request: RequestView) -> AccessToken | None:
        """``check`` for an event loop (asyncio or trio), which it never blocks."""
        found = self._check_at_once(request)
        if not isinstance(found, Unfinished):
            return found
        return await self._finish_check(found)

    def _check_at_once(self, request: RequestView) -> AccessToken | Unfinished | None:
        """What ``check`` finds without waiting for anybody, or what is left to be done."""
        needed = self._paths.needed(request)
        if needed is None:
            return None
        try:
            found = self._begin(request, needed.introspect_every)
        except MissingToken as error:
            error.scopes = needed.named()
            raise
        if not isinstance(found, AccessToken):
            return Unfinished(found, needed)
        # Most guards ask for no scope by the path, and most requests find out here.
        return _granting(found, needed) if needed.scopes or needed.any_scopes else found

    async def _finish_check(self, unfinished: Unfinished) -> AccessToken:
        found = await self._judge.finish_async(unfinished.waiting)
        return _granting(found, unfinished.needed)

    async def renew_async(
        self, access_token: AccessToken, request: RequestView, message: str
    ) -> AccessToken | None:
        """What a text message on an open WebSocket does to its token (``websocket_renewal``).

        ``request`` opened the connection, ``access_token`` counts until now. ``None`` when the
        message is the application's; else the token that counts from now on, which in an outage
        is the old one. Raises a ``BearerError`` when the connection is to be closed.
        """
        if not self.settings.websocket_renewal:
            return None
        asked = renewal(message, request, self.settings.max_token_size)
        if asked is None:
            return None
        needed = self._paths.requirement(asked)
        try:
            fresh = self._begin(asked, needed.introspect_every)
            if not isinstance(fresh, AccessToken):
                fresh = await self._judge.finish_async(fresh)
        except AuthorizationServerUnavailable as error:
            self._log.refusal(error)
            return access_token
        check_continues(access_token, _granting(fresh, needed))
        return fresh

    def seconds_left(self, access_token: AccessToken) -> float | None:
        """For how long the token will be let in from now on; ``None`` where it names no expiry."""
        return self._authenticator.seconds_left(access_token)

    def must_stay_private(self, request: RequestView) -> bool:
        """Whether a good answer must carry ``Cache-Control: private``, since its URL carried the
        token (RFC 6750 section 2.3)."""
        return self.settings.query_parameter and bool(from_parameters(request.query))

    def refusal(self, error: BearerError) -> Refusal:
        """The whole answer to a refused request: status, headers and body; and one log record."""
        issuer = error.details.get("issuer")
        if not error.issuer_alias and isinstance(issuer, str):
            error.issuer_alias = self._authenticator.parts().trust.alias_of(issuer)
        self._log.refusal(error)
        if self._decisions is not None:
            self._decisions.refused(error)
        return self._challenger.refusal(error)


def _granting(access_token: AccessToken, needed: Requirement) -> AccessToken:
    if not needed.is_met_by(access_token.scopes):
        raise InsufficientScope(needed.named(), issuer=access_token.issuer)
    return access_token
