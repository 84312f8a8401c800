"""The issuers that a guard trusts, ready for use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from bearer_guard._core import issuer_template
from bearer_guard._core.claims_rules import ClaimsRules
from bearer_guard._core.key_source import KeySource
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import InvalidToken
from bearer_guard.settings import GuardSettings, Introspection, Issuer
from bearer_guard.settings.aliases import aliases
from bearer_guard.settings.issuer import ALGORITHMS, part_names

_ALL_ALGORITHMS = frozenset(ALGORITHMS)
_YEAR = 365 * 86_400.0


class IssuerRules:
    """One ``Issuer`` of the settings and what is prepared from it, once."""

    __slots__ = ("algorithms", "alias", "claims", "pattern", "settings")

    def __init__(self, settings: Issuer, claims: ClaimsRules, alias: str) -> None:
        self.settings = settings
        self.alias = alias
        self.claims = claims
        is_template = bool(part_names(settings.issuer))
        self.pattern = issuer_template.pattern_of(settings) if is_template else None
        given = settings.algorithms
        self.algorithms = _ALL_ALGORITHMS if given is ALGORITHMS else frozenset(given)

    def stands_for(self, identifier: object) -> bool:
        """Whether ``identifier`` is this issuer, or one that its template stands for."""
        if not isinstance(identifier, str):
            return False
        if self.pattern is None:
            return identifier == self.settings.issuer
        return self.pattern.fullmatch(identifier) is not None


class TrustedIssuer:
    """One issuer identifier, its rules and its keys."""

    __slots__ = ("identifier", "rules", "source")

    def __init__(self, identifier: str, rules: IssuerRules) -> None:
        self.identifier = identifier
        self.rules = rules
        self.source = KeySource()

    def address(self, template: str | None) -> str | None:
        """An address of the settings, with the parts that this identifier names."""
        pattern = self.rules.pattern
        found = pattern.fullmatch(self.identifier) if pattern else None
        if template is None or found is None:
            return template
        return issuer_template.filled_in(template, found.groupdict())

    @property
    def server(self) -> str:
        """The host and port that an exact issuer's keys are first asked for at."""
        settings = self.rules.settings
        return urlsplit(settings.jwks_uri or settings.metadata_uri or self.identifier).netloc


class Trust:
    """All issuers of a guard's settings. What a token says never adds one."""

    def __init__(self, settings: GuardSettings) -> None:
        audience = frozenset(settings.audience)
        named = aliases(settings.issuers)
        every = self.every = tuple(
            IssuerRules(
                issuer,
                ClaimsRules(issuer, audience, settings.expand_scopes),
                named[issuer.issuer],
            )
            for issuer in settings.issuers
        )
        self.exact = {
            rules.settings.issuer: TrustedIssuer(rules.settings.issuer, rules)
            for rules in every
            if rules.pattern is None
        }
        self.templates = tuple(rules for rules in every if rules.pattern is not None)
        self.opaque = _opaque(every, settings.opaque_issuer)
        demands = [rule.introspect_every for rule in settings.rules]
        self._of_paths = max((age for age in demands if age is not None), default=None)
        self.introspecting = tuple(rules for rules in every if self._may_be_asked(rules))
        """Those whose introspection endpoint some token may lead to."""
        self.introspects_jwts = self._of_paths is not None or any(
            rules.settings.introspect_jwts_every is not None for rules in every
        )

    def _may_be_asked(self, rules: IssuerRules) -> bool:
        if rules.settings.introspection is None:
            return False
        resolves_opaque = self.opaque is not None and self.opaque[0] is rules
        return resolves_opaque or self.longest_answer_age(rules) is not None

    def longest_answer_age(self, rules: IssuerRules) -> float | None:
        """The greatest age at which an answer about a JWT of this issuer is of use to anybody;
        ``None`` where nobody asks."""
        own = rules.settings.introspect_jwts_every
        return max((age for age in (own, self._of_paths) if age is not None), default=None)

    def answer_age(self, verified: AccessToken, at_most: float | None) -> float | None:
        """How old an answer about this verified JWT may be, by its issuer's settings and by what
        the request's path demands: the stricter. ``None`` where none is needed."""
        own = self.rules_for(verified.issuer).settings.introspect_jwts_every
        if own is None or at_most is None:
            return at_most if own is None else own
        return min(own, at_most)

    def rules_for(self, identifier: str) -> IssuerRules:
        """The rules of a trusted issuer. Raises ``InvalidToken`` for any other name."""
        issuer = self.exact.get(identifier)
        if issuer is not None:
            return issuer.rules
        if self.opaque is not None and identifier == self.opaque[0].settings.issuer:
            return self.opaque[0]
        return self.template_for(identifier)

    def alias_of(self, identifier: str) -> str:
        """The alias of a trusted issuer, empty for any other name."""
        try:
            return self.rules_for(identifier).alias
        except InvalidToken:
            return ""

    def seconds_left(self, access_token: AccessToken, now: float) -> float | None:
        """For how long the token will be let in from now on; ``None`` where it names no expiry."""
        if access_token.expires_at is None:
            return None
        leeway = self.rules_for(access_token.issuer).claims.leeway
        # Far beyond any connection's life, and far within what a sleep can be told.
        return max(0.0, min(access_token.expires_at, now + _YEAR) - now + leeway)

    def template_for(self, identifier: str) -> IssuerRules:
        """The template that stands for ``identifier``, which is no exact issuer."""
        for rules in self.templates:
            if rules.stands_for(identifier):
                return rules
        raise InvalidToken("issuer_untrusted", named=identifier)


def named_issuer(claims: dict[str, Any]) -> str:
    """The issuer that unverified claims name."""
    identifier = claims.get("iss")
    if type(identifier) is not str:
        reason = "claim_malformed" if "iss" in claims else "claim_missing"
        raise InvalidToken(reason, claim="iss")
    return identifier


def _opaque(
    every: Iterable[IssuerRules], named: str | None
) -> tuple[IssuerRules, Introspection] | None:
    """Where opaque tokens are resolved: at the issuer that the settings name, or at the only
    one that introspects. Never at one after the other."""
    for rules in every:
        introspection = rules.settings.introspection
        if introspection is not None and named in (None, rules.settings.issuer):
            return rules, introspection
    return None
