"""An authorization server that the API trusts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks
from bearer_guard.settings.introspection import Introspection
from bearer_guard.settings.policies import KeySetPolicy, UpstreamPolicy

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"),
    *("EdDSA", "Ed25519", "Ed448"),
)
"""Every signature algorithm that can be allowed: asymmetric ones only (RFC 8725 section 3.1)."""

_PROFILES: Final = ("default", "rfc9068")
_CLIENT_ID_FORMS: Final = ("plain", "last_path_segment")
_PART: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_KEY_SET: Final = KeySetPolicy()
_UPSTREAM: Final = UpstreamPolicy()
_EMPTY: Final[Mapping[str, Any]] = {}


def part_names(issuer: str) -> tuple[str, ...]:
    """The names of the parts of an issuer template, ``{application}``."""
    return tuple(_PART.findall(issuer))


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer identifier, exact or a template, and how to hear from its servers.

    ``Issuer("https://login.example.com/")`` is enough where the issuer publishes metadata
    (RFC 8414, or OpenID Connect Discovery). Compared exactly, to the character.

    A template names whole path segments, ``https://login.example.com/apps/{application}``;
    ``parts`` pins them: ``parts={"application": ["a", "b"]}``. A part that is not pinned
    stands for any one segment: leave free only what the issuer alone hands out. Where one is
    pinned, an introspection answer has to name its issuer in ``iss``.

    Raises ``SettingsError`` when an option is missing, unsafe or of the wrong kind.
    """

    issuer: str
    introspection: Introspection | None = field(default=None, kw_only=True)
    """Where this issuer's referential tokens are resolved."""
    introspect_jwts_every: float | None = field(default=None, kw_only=True)
    """Have its self-contained tokens introspected as well, once they are verified: the answer
    may be so many seconds old, 0 asks for each request. ``None`` leaves them alone."""
    audience: Sequence[str] | str | None = field(default=None, kw_only=True)
    """This API's names at this issuer, where they differ from the guard's."""
    algorithms: Sequence[str] = field(default=ALGORITHMS, kw_only=True)
    profile: str = field(default="default", kw_only=True)
    """``rfc9068`` demands the whole of RFC 9068: ``typ`` and all of its claims."""
    jwks_uri: str | None = field(default=None, kw_only=True)
    """The key set's URL, where metadata is not to be asked for it."""
    metadata_uri: str | None = field(default=None, kw_only=True)
    """The metadata's URL, where it is not at one of the two well-known places."""
    parts: Mapping[str, Sequence[str]] = field(default_factory=lambda: _EMPTY, kw_only=True)
    clients_instead_of_audience: Sequence[str] = field(default=(), kw_only=True)
    """DANGER: tokens *without* ``aud`` are let in when issued to one of these clients. For
    issuers that cannot name an audience (Amazon Cognito); any API that the client may call
    can replay the token here."""
    required_claims: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: _EMPTY, kw_only=True
    )
    """Claims that must be there with one of the given values: ``{"token_use": "access"}``."""
    claims_if_present: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: _EMPTY, kw_only=True
    )
    """Claims that must have one of the given values where they are there at all."""
    scope_claims: Sequence[str] = field(default=("scope", "scp"), kw_only=True)
    """Which claims hold scopes; the first that is there counts."""
    scope_may_be_list: bool = field(default=False, kw_only=True)
    """Take ``scope`` as a JSON list too (ForgeRock, Duende), against RFC 9068 §2.2.3."""
    client_id_claims: Sequence[str] = field(
        default=("client_id", "azp", "appid", "cid"), kw_only=True
    )
    client_id_form: str = field(default="plain", kw_only=True)
    """``last_path_segment`` takes the last part of a path-like client id."""
    grant_claims: Sequence[str] = field(default=(), kw_only=True)
    """Further claims that mark an access token of this issuer, where ``typ`` does not."""
    leeway: float = field(default=60, kw_only=True)
    """Seconds by which clocks may differ (``exp``, ``nbf``, ``iat``), at most 300."""
    key_set: KeySetPolicy = field(default=_KEY_SET, kw_only=True)
    upstream: UpstreamPolicy = field(default=_UPSTREAM, kw_only=True)
    alias: str | None = field(default=None, kw_only=True)
    """Its short name in metrics, health and log; ``None`` takes the host."""

    def __post_init__(self) -> None:
        self._check_identifier()
        self._check_servers()
        self._check_token_rules()
        checks.number("leeway", self.leeway, low=0, high=300)
        if self.alias is not None and len(checks.text("alias", self.alias, '"login"')) > 100:
            raise SettingsError("alias is longer than 100 characters: write a shorter one")

    def _settle(self, option: str, value: object) -> None:
        object.__setattr__(self, option, value)

    def _check_identifier(self) -> None:
        """RFC 8414 section 2: an https URL without query and fragment."""
        checks.text("issuer", self.issuer, '"https://login.example.com/"')
        plain = _PART.sub("part", self.issuer)
        if "{" in plain or "}" in plain:
            raise SettingsError(
                f"issuer is {self.issuer!r}: name a part as {{application}}, in small letters"
            )
        if "?" in plain or "#" in plain:
            raise SettingsError(
                f"issuer is {self.issuer!r}: an issuer has no query and no fragment "
                "(RFC 8414 section 2): write it exactly as its tokens do in iss"
            )
        if "://" in plain and "@" in plain:
            raise SettingsError(
                "issuer holds an @: an issuer names no user and no password; write it exactly as "
                "its tokens do in iss"
            )
        if checks.split_url(plain) is not None:
            checks.url("issuer", plain)
        elif self.jwks_uri is None and self.metadata_uri is None:
            raise SettingsError(
                f"issuer is {self.issuer!r}, no URL, so its keys cannot be found: write jwks_uri"
            )
        self._check_parts()

    def _check_parts(self) -> None:
        parts = checks.text_mapping("parts", self.parts, '{"application": ["a"]}')
        named = part_names(self.issuer)
        segments = self.issuer.split("/")
        if any(f"{{{name}}}" not in segments[3:] for name in named):
            raise SettingsError(
                f"issuer is {self.issuer!r}: a named part is one whole segment of the path"
            )
        if len(set(named)) != len(named):
            raise SettingsError(f"issuer is {self.issuer!r}: name each part differently")
        for name, pinned in parts.items():
            if not pinned:
                raise SettingsError(
                    f"parts[{name!r}] is empty, and a part that is not pinned stands for any "
                    "segment: write the values it may have, or leave "
                    f'"{name}" out to allow all of them'
                )
            if name not in named:
                raise SettingsError(
                    f"parts pins {name!r}, which issuer does not name: write {{{name}}} in it"
                )
        self._settle("parts", parts or _EMPTY)

    def _check_servers(self) -> None:
        for option in ("jwks_uri", "metadata_uri"):
            address = getattr(self, option)
            if address is not None:
                plain = _PART.sub("part", address) if isinstance(address, str) else address
                checks.url(option, plain)
                if not set(part_names(address)) <= set(part_names(self.issuer)):
                    raise SettingsError(f"{option} names a part that issuer does not name")
        if self.introspection is not None:
            checks.instance(
                "introspection", self.introspection, Introspection, 'Introspection("https://…", …)'
            )
            if self.introspection.endpoint is None and part_names(self.issuer):
                raise SettingsError(
                    "introspection.endpoint is needed: a template has no metadata of its own"
                )
            is_url = checks.split_url(self.issuer) is not None
            if self.introspection.endpoint is None and self.metadata_uri is None and not is_url:
                raise SettingsError(
                    "introspection.endpoint is needed: the issuer is no URL, so its metadata "
                    "cannot be found"
                )
        self._check_introspection_of_jwts()
        checks.instance("key_set", self.key_set, KeySetPolicy, "KeySetPolicy(fresh_for=600)")
        checks.instance("upstream", self.upstream, UpstreamPolicy, "UpstreamPolicy(timeout=5)")

    def _check_introspection_of_jwts(self) -> None:
        if self.introspect_jwts_every is None:
            return
        checks.number("introspect_jwts_every", self.introspect_jwts_every, low=0, high=86_400)
        if self.introspection is None:
            raise SettingsError(
                "introspect_jwts_every needs an endpoint to ask: write "
                "introspection=Introspection(...)"
            )

    def _check_token_rules(self) -> None:
        self._check_algorithms()
        checks.one_of("profile", self.profile, _PROFILES)
        checks.one_of("client_id_form", self.client_id_form, _CLIENT_ID_FORMS)
        checks.flag("scope_may_be_list", self.scope_may_be_list)
        if self.audience is not None:
            self._settle("audience", audience(self.audience))
        for option in (
            "clients_instead_of_audience",
            "scope_claims",
            "client_id_claims",
            "grant_claims",
        ):
            given = getattr(self, option)
            settled = checks.names(option, given, '["client_id"]')
            # Ten thousand issuers share one tuple of defaults.
            self._settle(option, given if settled == given else settled)
        for option in ("required_claims", "claims_if_present"):
            example = '{"token_use": "access"}'
            mapping = checks.text_mapping(option, getattr(self, option), example)
            self._settle(option, mapping or _EMPTY)

    def _check_algorithms(self) -> None:
        if self.algorithms is ALGORITHMS:
            return
        algorithms = checks.names("algorithms", self.algorithms, '["RS256"]')
        for algorithm in algorithms:
            if algorithm.startswith("HS") or algorithm.lower() == "none":
                raise SettingsError(
                    f"algorithms names {algorithm}: a symmetric or missing signature lets whoever "
                    "can check a token make one (RFC 8725 section 3.1): have the issuer sign with "
                    'RS256, ES256 or EdDSA, and write algorithms=["RS256"]'
                )
            if algorithm not in ALGORITHMS:
                raise SettingsError(
                    f"algorithms names {algorithm!r}: write some of {', '.join(ALGORITHMS)}"
                )
        if not algorithms:
            raise SettingsError('algorithms is empty: write for example ["RS256"]')
        self._settle("algorithms", algorithms)


def audience(value: object) -> tuple[str, ...]:
    """This API's names, at least one (RFC 8725 section 3.9)."""
    settled = checks.names("audience", value, '"https://api.example.com"')
    if not settled:
        raise SettingsError(
            "audience is empty, and a guard without one lets in tokens meant for other APIs: "
            'write audience="https://api.example.com"'
        )
    return settled
