"""Calls that the whole fleet makes once: what one worker heard of an issuer serves the others.

A key set or metadata that another worker fetched within the last minute is as good as fetched;
and an answer to a token serves for as long as it would serve the worker that heard it.
"""

from __future__ import annotations

from bearer_guard._core import freshness
from bearer_guard._core.introspection import read_answer
from bearer_guard._core.trust import TrustedIssuer
from bearer_guard._running.fleet import Fleet
from bearer_guard.clock import Clock
from bearer_guard.errors import InvalidToken
from bearer_guard.exchange import Call, Reply, Send, UpstreamFailure
from bearer_guard.settings import Introspection, KeySetPolicy

_DOCUMENT_LASTS = 60.0
"""Seconds: so much later, at most, a key that was withdrawn dies in some worker."""


class ForcedFetchesSpentError(Exception):
    """Other workers have asked for unknown key ids of late, as often as the settings allow."""


class SharedKeys:
    """What stands before the calls of one fetch of an issuer's keys."""

    def __init__(self, fleet: Fleet, issuer: TrustedIssuer, until: float, *, forced: bool) -> None:
        self._fleet = fleet
        self._issuer = issuer
        self._until = until
        self._forced = forced
        self.heard: str | None = None
        """Which hearing the key set is of."""
        self.age = 0.0
        """How many seconds ago that was."""
        self.was_sent = False
        """Whether this worker asked for the key set itself."""

    def __call__(self, call: Call, send: Send) -> Reply:
        name = self._fleet.sealer.name("document", self._issuer.identifier, call.url)
        is_key_set = call.kind == "key_set"

        def sent() -> Reply:
            if is_key_set:
                self._spend()
                self.was_sent = True
            return send()

        known = self._issuer.source.heard if is_key_set else None
        heard = self._fleet.once(name, self._until, self._lasts, sent, known=known)
        if is_key_set:
            self.heard, self.age = heard.number, heard.age
        return heard.reply

    def _spend(self) -> None:
        """The budget for unknown key ids is the fleet's: spent before anything is sent."""
        policy = self._issuer.rules.settings.key_set
        name = self._fleet.sealer.name("forced", self._issuer.identifier)
        limit, window = policy.forced_fetches, policy.forced_fetch_window
        if self._forced and not self._fleet.may_spend(name, limit, window):
            raise ForcedFetchesSpentError

    def _lasts(self, reply: Reply) -> float:
        policy: KeySetPolicy = self._issuer.rules.settings.key_set
        if reply.status != 200:
            return 0
        return min(_DOCUMENT_LASTS, freshness.fresh_for(reply.headers, policy))


class SharedAnswer:
    """What stands before the calls of one introspection."""

    def __init__(
        self, fleet: Fleet, settings: Introspection, clock: Clock, until: float, after: float
    ) -> None:
        self._fleet = fleet
        self._settings = settings
        self._clock = clock
        self._until = until
        self._after = after
        self.age = 0.0
        """How many seconds ago the answer was heard."""

    def __call__(self, call: Call, send: Send) -> Reply:
        if call.kind != "introspection" or not self._settings.cache_for:
            # Who keeps no answers takes no kept ones.
            return send()
        # What a server answers may depend on who asks (RFC 7662 section 5).
        token = self._settings.token
        who = self._settings.client_id or (token if isinstance(token, str) else "")
        name = self._fleet.sealer.name("answer", call.url, who, call.body)
        heard = self._fleet.once(name, self._until, self._lasts, send, self._after)
        self.age = heard.age
        return heard.reply

    def _lasts(self, reply: Reply) -> float:
        try:
            expires_at = read_answer(reply).claims.get("exp")
        except InvalidToken:
            return self._settings.cache_inactive_for
        except UpstreamFailure:
            return 0
        if type(expires_at) is int or type(expires_at) is float:
            # Compared before it is computed with: an expiry may be any number, of any size.
            now = self._clock.time()
            return min(expires_at, now + self._settings.cache_for) - now
        return self._settings.cache_for
