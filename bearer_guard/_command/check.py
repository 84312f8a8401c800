"""``bearer-guard check``: whether the settings lead to keys, and what becomes of a token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from bearer_guard._command import report
from bearer_guard._command.calls import Calls
from bearer_guard._command.report import Wrong
from bearer_guard._core.reasons import ADVICE
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError
from bearer_guard.guard import Guard
from bearer_guard.request import Request

FINE, NOT_FINE = 0, 1
_CREDULOUS = Wrong(
    "introspection calls a token active that nobody issued",
    "do not use this endpoint: it would let everybody in",
)
_STORE_ADVICE = (
    "look at store, its user and its password, and at the store's own log; until it can be used "
    "each worker goes on by itself"
)


def _bearing(token: str) -> Request:
    return Request(headers=[("Authorization", f"Bearer {token}")])


class Check:
    """Of one guard, which nothing was asked of before."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._calls = Calls()
        guard._observe(self._calls)

    def issuers(self) -> tuple[int, str]:
        """Fetch everything that can be fetched; the exit code and what is to be read."""
        wrong = self._wrong()
        keys, health = self._guard._keys(), self._guard.health()
        audience = " ".join(self._guard.settings.audience)
        text = report.block("this API", [("audience", audience)])
        for settings, issuer in zip(self._guard.settings.issuers, health.issuers, strict=True):
            text += report.of_issuer(
                issuer,
                keys.get(issuer.alias, ()),
                settings.introspection if issuer.introspection is not None else None,
                self._calls.of(issuer.alias),
                wrong.get(issuer.issuer),
            )
        store, store_wrong = self._guard._try_store(), None
        if store is not None:
            if store.state == "away":
                store_wrong = Wrong(f"{store.last_reason}: it cannot be used", _STORE_ADVICE)
            text += report.of_store(store_wrong)
        return (NOT_FINE if wrong or store_wrong else FINE), text

    def _wrong(self) -> Mapping[str, Wrong]:
        """What goes wrong, by issuer."""
        wrong: dict[str, Wrong] = {}
        try:
            self._guard.warm_up()
        except AuthorizationServerUnavailable as error:
            failed: Mapping[str, str] = error.details["issuers"]  # type: ignore[assignment]
            for (issuer, reason), note in zip(failed.items(), error.__notes__, strict=True):
                wrong[issuer] = Wrong(note.removeprefix(f"{issuer}: "), ADVICE[reason])
        for health in self._guard.health().issuers:
            if health.introspection is not None and health.issuer not in wrong:
                wrong.update(self._try_credentials(health.issuer))
        return wrong

    def _try_credentials(self, issuer: str) -> Mapping[str, Wrong]:
        """Whether the endpoint knows this API: asked about a token that nobody issued, it says
        that it is not active (RFC 7662 section 2.2), if it lets the API ask at all."""
        try:
            self._guard.authenticate(_bearing(secrets.token_urlsafe(24)))
        except AuthorizationServerUnavailable as error:
            return {issuer: Wrong.of(error)}
        except BearerError:
            return {}
        return {issuer: _CREDULOUS}

    def token(self, token: str) -> tuple[int, str]:
        """The verdict on a token, whatever the path; and the calls that it took."""
        before = len(self._calls.made)
        try:
            found = self._guard.authenticate(_bearing(token))
        except BearerError as error:
            return NOT_FINE, report.of_bad_token(error, self._calls.made[before:])
        return FINE, report.of_good_token(found, self._calls.made[before:])
