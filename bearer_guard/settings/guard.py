"""Everything that one guard is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bearer_guard.errors import SettingsError
from bearer_guard.settings import checks
from bearer_guard.settings.aliases import aliases
from bearer_guard.settings.issuer import Issuer, audience
from bearer_guard.settings.rule import Rule, check_pattern
from bearer_guard.settings.shared import Shared

ExpandScopes = Callable[[frozenset[str]], Iterable[str]]
"""From the scopes that a token names to all that they imply (a scope hierarchy)."""

_FLAGS = (
    *("preflight", "query_parameter", "form_parameter"),
    *("websocket_renewal", "end_streams_at_expiry"),
)
_OF_MIDDLEWARES = (
    *("query_parameter", "form_parameter"),
    *("websocket_protocol", "websocket_renewal", "end_streams_at_expiry"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """The options of ``Guard``: see there for what each of them means."""

    audience: Sequence[str] | str
    issuers: Sequence[Issuer]
    required_scopes: Sequence[str] = ()
    public: Sequence[str] = ()
    rules: Sequence[Rule] = ()
    preflight: bool = True
    realm: str = "api"
    resource_metadata: str | None = None
    opaque_issuer: str | None = None
    query_parameter: bool = False
    form_parameter: bool = False
    websocket_protocol: str | None = None
    websocket_renewal: bool = False
    end_streams_at_expiry: bool = False
    expand_scopes: ExpandScopes | None = None
    max_token_size: int = 16_384
    max_form_size: int = 65_536
    remembered_tokens: int = 10_000
    template_issuers: int = 10_000
    log_records: int = 10
    log_window: float = 10
    shared: Shared | None = None

    def __post_init__(self) -> None:
        self._settle("audience", audience(self.audience))
        self._check_issuers()
        self._settle("required_scopes", checks.scopes("required_scopes", self.required_scopes))
        patterns = checks.names("public", self.public, '["/health"]')
        self._settle("public", tuple(check_pattern("each of public", path) for path in patterns))
        self._check_rules()
        self._check_answers()
        for option in _FLAGS:
            checks.flag(option, getattr(self, option))
        if self.websocket_protocol is not None:
            checks.subprotocol("websocket_protocol", self.websocket_protocol)
        checks.count("max_token_size", self.max_token_size, low=256, high=1_048_576)
        checks.count("max_form_size", self.max_form_size, low=256, high=16 * 1_048_576)
        checks.count("remembered_tokens", self.remembered_tokens, low=0, high=10_000_000)
        checks.count("template_issuers", self.template_issuers, low=1, high=10_000_000)
        checks.count("log_records", self.log_records, low=1, high=1_000_000)
        checks.number("log_window", self.log_window, low=0.001, high=86_400)
        if self.shared is not None:
            checks.instance("shared", self.shared, Shared, 'Shared("redis://…", secret="…")')
        if self.expand_scopes is not None and not callable(self.expand_scopes):
            raise SettingsError("expand_scopes must be a function from scopes to scopes")

    def for_middlewares_alone(self) -> tuple[str, ...]:
        """Options that are set and that only a middleware around the application can follow."""
        return tuple(option for option in _OF_MIDDLEWARES if getattr(self, option))

    def _settle(self, option: str, value: object) -> None:
        object.__setattr__(self, option, value)

    def _check_issuers(self) -> None:
        example = 'issuers=[Issuer("https://login.example.com/")]'
        if isinstance(self.issuers, (Issuer, str)) or not isinstance(self.issuers, Iterable):
            raise SettingsError(f"issuers must be a list: write {example}")
        issuers = tuple(self.issuers)
        if not issuers:
            raise SettingsError(f"issuers is empty, so no token could be let in: write {example}")
        for issuer in issuers:
            checks.instance("each of issuers", issuer, Issuer, 'Issuer("https://…")')
        seen: set[str] = set()
        for issuer in issuers:
            if issuer.issuer in seen:
                raise SettingsError(f"issuers names {issuer.issuer!r} twice: join the two")
            seen.add(issuer.issuer)
        self._settle("issuers", issuers)
        self._check_opaque_issuer(issuers)
        aliases(issuers)

    def _check_opaque_issuer(self, issuers: tuple[Issuer, ...]) -> None:
        introspecting = [issuer.issuer for issuer in issuers if issuer.introspection is not None]
        if self.opaque_issuer is None and len(introspecting) > 1:
            raise SettingsError(
                "several issuers introspect, and an opaque token does not say whose it is: write "
                f"opaque_issuer={introspecting[0]!r} (or the other that resolves them)"
            )
        if self.opaque_issuer is not None and self.opaque_issuer not in introspecting:
            raise SettingsError(
                f"opaque_issuer is {self.opaque_issuer!r}: it must be one of the issuers that "
                "have introspection"
            )

    def _check_rules(self) -> None:
        if not isinstance(self.rules, Iterable) or isinstance(self.rules, (str, Rule)):
            raise SettingsError(
                'rules must be a list: write rules=[Rule("/orders/**", scopes=["orders:read"])]'
            )
        rules = tuple(self.rules)
        for rule in rules:
            checks.instance("each of rules", rule, Rule, 'Rule("/orders", scopes=["orders:read"])')
            if rule.introspect_every is not None:
                self._check_everyone_introspects(rule)
        self._settle("rules", rules)

    def _check_everyone_introspects(self, rule: Rule) -> None:
        """A path that demands an answer must get one, whoever issued the token."""
        for issuer in self.issuers:
            if issuer.introspection is None:
                raise SettingsError(
                    f"rules: {rule.path!r} has introspect_every, and {issuer.issuer!r} cannot be "
                    "asked about its tokens: write introspection=Introspection(...) for it"
                )

    def _check_answers(self) -> None:
        checks.text("realm", self.realm, '"api"')
        if '"' in self.realm or "\\" in self.realm:
            raise SettingsError("realm must hold no quote and no backslash (RFC 6750 section 3)")
        if self.resource_metadata is not None:
            checks.url("resource_metadata", self.resource_metadata)
            if '"' in self.resource_metadata or "\\" in self.resource_metadata:
                raise SettingsError("resource_metadata must hold no quote and no backslash")
