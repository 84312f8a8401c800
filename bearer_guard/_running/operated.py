"""The side of a guard that its operators see, beside that of requests."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Self

from bearer_guard._core.revocation import Revocation
from bearer_guard._running.authenticator import Authenticator
from bearer_guard._running.decisions import Decisions
from bearer_guard._running.log import Log
from bearer_guard.observer import Observer
from bearer_guard.settings import GuardSettings

if TYPE_CHECKING:
    from bearer_guard._core.key_report import KeyFacts
    from bearer_guard._running.store_pauses import StoreSeen
    from bearer_guard.health import Health

# What only operators ask for is imported when they do.


class Operated:
    """What it has, and what it can be asked without a request."""

    def __init__(self, settings: GuardSettings, authenticator: Authenticator, log: Log) -> None:
        self.settings = settings
        self._log = log
        self._authenticator = authenticator
        self._judge: Authenticator | Decisions = authenticator
        self._begin = authenticator.begin
        self._clock = authenticator.equipment.clock
        self._decisions: Decisions | None = None
        # A guard that is merely forgotten leaves no connection open. That is no time to wait: the
        # collector may come in a thread that holds the very lock that a flight needs to end.
        weakref.finalize(self, authenticator.equipment.let_go)

    def close(self) -> None:
        """End the guard's threads and close its connections, after what is under way has ended.
        Used again, it opens new ones."""
        self._authenticator.equipment.close()
        self._authenticator.equipment.begin_again()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def warm_up(self) -> None:
        """Fetch now what the first requests would wait for: the metadata and keys of every issuer
        (templates aside), and the introspection endpoint's address.

        Nobody has to: a guard that starts while its authorization servers are away heals by
        itself. This is for those who want to fail early. What is known and fresh is not fetched
        again; each issuer has its ``UpstreamPolicy(timeout=...)``, eight at a time.

        Raises ``AuthorizationServerUnavailable`` after all were tried: its ``details`` have
        ``issuers``, the identifier and the reason of each that failed.
        """
        from bearer_guard._running import warming

        warming.run(self._authenticator.parts())

    async def warm_up_async(self) -> None:
        """``warm_up`` for an event loop (asyncio or trio), which it never blocks."""
        from bearer_guard._running import warming

        await warming.run_async(self._authenticator.parts())

    def health(self) -> Health:
        """How it does, issuer by issuer. Asks nobody and waits for nothing."""
        from bearer_guard._running import health_report

        return health_report.health(self._authenticator.parts(), self.settings.remembered_tokens)

    def forget(self, token: str) -> None:
        """Drop all that is remembered of one token (without ``Bearer``): that it was verified,
        and what introspection said of it. Its next request begins anew.

        Does not revoke the token. A self-contained one is let in again, by its signature,
        unless the settings have it introspected.
        """
        digest = self._authenticator.digest(token)
        for memory in self._authenticator.equipment.memories():
            memory.forget(digest)

    def forget_subject(self, issuer: str, subject: str) -> None:
        """The same for all tokens of a subject of one issuer (``AccessToken.issuer`` and
        ``subject``). Looks at each remembered token once: some 20 ms for 10,000."""
        for memory in self._authenticator.equipment.memories():
            memory.forget_subject(issuer, subject)

    def forget_all(self) -> None:
        """The same for all tokens. The issuers' keys are kept: nobody waits for them anew."""
        self._authenticator.equipment.forget_all()

    def revoke(self, token: str, *, lasts: float = 86_400) -> bool:
        """Let in ``token`` (without ``Bearer``) no more: 401, ``token_revoked``.

        Where workers share a store, all of them within a second, those that start later too;
        whether the store took it is returned. It is remembered for ``lasts`` seconds: no shorter
        than the token lives.
        """
        until = self._clock.time() + lasts
        return self._revoke(Revocation(until, digest=self._authenticator.digest(token)))

    def revoke_subject(
        self, issuer: str, subject: str, *, before: float | None = None, lasts: float = 86_400
    ) -> bool:
        """The same for all tokens of a subject (``AccessToken.issuer`` and ``subject``) that were
        issued up to ``before``, in seconds since the epoch; by default up to now."""
        now = self._clock.time()
        moment = now if before is None else before
        return self._revoke(Revocation(now + lasts, issuer=issuer, subject=subject, before=moment))

    def _revoke(self, revocation: Revocation) -> bool:
        equipment = self._authenticator.equipment
        equipment.learn(revocation)
        return equipment.revocations is not None and equipment.revocations.publish(revocation)

    def _keys(self) -> dict[str, list[KeyFacts]]:
        """The kinds of the keys at hand, by the issuer's alias. For the command line."""
        from bearer_guard._core.key_report import facts

        exact = self._authenticator.parts().trust.exact.values()
        return {issuer.rules.alias: sorted(map(facts, issuer.source.keys)) for issuer in exact}

    def _try_store(self) -> StoreSeen | None:
        """How the shared store does, now; ``None`` without one. For the command line."""
        fleet = self._authenticator.parts().fleet
        return None if fleet is None else fleet.try_out()

    def _observe(self, observer: Observer) -> None:
        """Have ``observer`` hear of decisions and calls from now on. For ``bearer_guard.otel``."""
        self._judge = self._decisions = Decisions(self._authenticator, observer)
        self._begin = self._judge.begin
